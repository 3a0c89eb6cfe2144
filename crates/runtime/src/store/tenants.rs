//! Statements that are held to one tenant, where tenants share tables.

use decide::tables::TENANT_COLUMN;

use super::Tenant;
use super::tables::quoted;

/// The same statement twice: for one tenant, and for everybody without that condition, so that
/// both follow an index.
#[derive(Clone, Debug)]
pub struct Scoped<T> {
    own: T,
    all: T,
}

impl<T> Scoped<T> {
    /// Writes both; `write` is given what a `WHERE` needs in addition.
    pub fn new(own: &str, write: impl Fn(&str) -> T) -> Self {
        Self { own: write(own), all: write("") }
    }

    /// The one for this work.
    pub const fn of(&self, tenant: Tenant) -> &T {
        match tenant {
            Tenant::All => &self.all,
            Tenant::None | Tenant::One(_) => &self.own,
        }
    }
}

/// ` AND` the row of this alias (with its dot) is that of the tenant whose id the SQL `current`
/// yields; nothing where tables are not shared.
#[must_use]
pub fn own(pooled: bool, alias: &str, current: &str) -> String {
    let test = || format!(" AND {alias}{} = {current}", quoted(TENANT_COLUMN));
    pooled.then(test).unwrap_or_default()
}
