//! Why tables were not changed, and whether to try again.

use std::time::{Duration, Instant};

use runtime::store::StoreError;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error};

use crate::failure;

/// How long a change is tried again.
const LONGEST: Duration = Duration::from_secs(60);
/// The longest pause between two attempts.
const PAUSE: Duration = Duration::from_secs(2);
/// How long a change of a table first waits for those who use it: whoever comes after it waits as
/// long. Another attempt waits longer.
const LOCKS: Duration = Duration::from_millis(300);
/// Less than the second after which PostgreSQL looks for deadlocks.
const LONGEST_LOCKS: Duration = Duration::from_millis(900);

/// Why the tables were not fitted.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Others were at the same, or in the way.
    Again(StoreError),
    /// Others hold this table, which a statement wanted to change.
    Held { table: String, statement: String },
    /// Trying again does not help.
    Final(StoreError),
}

impl Trouble {
    /// What a statement about a table has failed of.
    pub fn of(table: &str, statement: &str, error: &Error) -> Self {
        if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) {
            let (table, statement) = (table.to_owned(), first_line(statement).to_owned());
            return Self::Held { table, statement };
        }
        error.into()
    }
}

/// What a message shows of a statement.
pub(super) fn first_line(statement: &str) -> &str {
    statement.lines().next().unwrap_or_default()
}

impl From<&Error> for Trouble {
    fn from(error: &Error) -> Self {
        let met = error.code().is_some_and(|code| {
            [
                &SqlState::UNIQUE_VIOLATION,
                &SqlState::DUPLICATE_OBJECT,
                &SqlState::LOCK_NOT_AVAILABLE,
                // "tuple concurrently updated": roles belong to a cluster, and servers on its
                // other databases may be making the same ones.
                &SqlState::INTERNAL_ERROR,
                &SqlState::T_R_DEADLOCK_DETECTED,
            ]
            .contains(&code)
        });
        let error = failure::plain(error);
        if met { Self::Again(error) } else { Self::Final(error) }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Final(error)
    }
}

impl From<Trouble> for StoreError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Again(error) | Trouble::Final(error) => error,
            Trouble::Held { .. } => Self::Busy,
        }
    }
}

/// How long and how often something is tried again.
#[derive(Debug)]
pub(super) struct Patience {
    started: Instant,
    pause: Duration,
    locks: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { started: Instant::now(), pause: Duration::from_millis(50), locks: LOCKS }
    }
}

impl Patience {
    /// How long the next attempt waits for those who use a table.
    pub fn locks(&self) -> Duration {
        self.locks
    }

    /// Waits before another attempt.
    ///
    /// # Errors
    /// What it has failed of, where there is no point in another one.
    pub async fn again(&mut self, trouble: Trouble, client: &Client) -> Result<(), StoreError> {
        let over = self.started.elapsed() > LONGEST;
        match trouble {
            Trouble::Final(error) => return Err(error),
            Trouble::Again(error) if over => return Err(error),
            Trouble::Held { table, statement } if over => {
                return Err(StoreError::Unusable {
                    message: format!(
                        "the table {table} cannot be changed (`{statement}`): for {} s others \
                         have not let go of it{}; end them, or start again later",
                        LONGEST.as_secs(),
                        holders(client, &table).await
                    ),
                });
            }
            Trouble::Again(_) | Trouble::Held { .. } => {}
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(PAUSE);
        self.locks = (self.locks * 3 / 2).min(LONGEST_LOCKS);
        Ok(())
    }
}

/// Who uses a table, for people.
async fn holders(client: &Client, table: &str) -> String {
    let asked = client
        .query_typed(
            "SELECT DISTINCT format('session %s of %s (%s, %s for %s s)', a.pid, a.usename, \
             nullif(a.application_name, ''), a.state, \
             extract(epoch FROM now() - a.xact_start)::bigint) \
             FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
             WHERE l.relation = to_regclass($1) AND l.granted AND a.pid <> pg_backend_pid() \
             ORDER BY 1 LIMIT 5",
            &[(&table, Type::TEXT)],
        )
        .await;
    let rows = asked.unwrap_or_default();
    let all: Vec<String> = rows.iter().filter_map(|row| row.try_get(0).ok()).collect();
    if all.is_empty() { String::new() } else { format!(": {}", all.join(", ")) }
}
