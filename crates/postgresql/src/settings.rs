//! What the store is told.

use std::fmt;
use std::sync::Arc;

use decide::Design;
use runtime::store::Keys;

/// The addresses of a database.
#[derive(Clone, Default)]
pub struct Settings {
    /// Where the rows are: `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with `sslmode`
    /// (`disable`, `prefer`, `require`, `verify-full`), `sslrootcert` and `pooler=transaction`.
    pub url: String,
    /// As whom tables and roles are made, where that is another user.
    pub admin: Option<String>,
    /// Read replicas.
    pub replicas: Vec<String>,
    /// Connections to each; as the design decides without.
    pub connections: Option<usize>,
    /// The keys of encrypted fields. Without, they can be neither read nor written.
    pub keys: Option<Arc<Keys>>,
}

impl PartialEq for Settings {
    /// Whether they lead to the same database.
    fn eq(&self, other: &Self) -> bool {
        let of = |settings: &Self| {
            let Self { url, admin, replicas, connections, keys: _ } = settings.clone();
            (url, admin, replicas, connections)
        };
        of(self) == of(other)
    }
}

impl Eq for Settings {}

impl fmt::Debug for Settings {
    /// Addresses hold passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("replicas", &self.replicas.len()).finish_non_exhaustive()
    }
}

impl From<&str> for Settings {
    fn from(url: &str) -> Self {
        Self { url: url.to_owned(), ..Self::default() }
    }
}

/// Fewest connections: work that waits for one is rare then, even on a small server.
const FEWEST: u32 = 10;
/// Most connections of one process.
const MOST: u32 = 60;

/// Connections as the design sizes its pools, within bounds that suit a machine of development.
pub(crate) fn connections(design: &Design) -> usize {
    let decided = design.verdicts.iter().flat_map(|verdict| &verdict.parameters);
    let pools = decided.filter(|(name, _)| name == "connections of a replica");
    let pools = pools.filter_map(|(_, count)| count.parse::<u32>().ok());
    let wanted = pools.max().unwrap_or(FEWEST);
    usize::try_from(wanted.clamp(FEWEST, MOST)).unwrap_or(10)
}

/// What connections start with: the role, and an end to whatever hangs.
pub(crate) fn of_connections(role: Option<&str>, pooler: bool, divided: bool) -> String {
    let local = if pooler { "LOCAL " } else { "" };
    let mut settings: Vec<String> =
        [("statement_timeout", "30s"), ("lock_timeout", "5s"), (IDLE, "30s")]
            .map(|(name, value)| format!("SET {local}{name} = '{value}'"))
            .to_vec();
    if let Some(role) = role {
        settings.push(format!("SET {local}ROLE {}", runtime::store::tables::quoted(role)));
    }
    if divided {
        settings.push(format!("SET {local}search_path = {}", crate::tenants::nobodys_path()));
    }
    settings.join("; ")
}

/// How long a transaction may do nothing.
const IDLE: &str = "idle_in_transaction_session_timeout";
