//! A database for each tenant, on the server of the one that holds what is shared.
//!
//! Work has a connection to the main database, and one to that of each tenant whose rows it
//! reaches: its guests ([`guests`]). What it changes with a tenant is committed in the main
//! database, as statements with the number of the transaction that has done them ([`redo`]), and
//! then there. Which databases there are is written down in `firmitas.silos` ([`making`]).

mod commit;
mod compare;
mod guests;
mod keeping;
mod making;
mod mentions;
mod redo;
mod references;
mod shipped;
mod spread;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use decide::Design;
use runtime::store::{StoreError, Tenant};
use tokio::sync::Notify;

use crate::address::Address;
use crate::catalog::Catalog;
use crate::pool::Pool;

pub(crate) use guests::{Apart, Guest};
pub(crate) use making::{try_out, unused};
pub(crate) use mentions::Mentions;
pub(crate) use references::{Inward, Outward, references};
pub(crate) use shipped::Place;

/// What is needed to reach the databases of tenants.
pub(crate) struct Silos {
    /// The main database, as whoever makes databases and tables.
    makes: Address,
    /// Who serves.
    user: Option<String>,
    catalog: Arc<Catalog>,
    /// What tables of this design are known by.
    version: String,
    /// Connections to the main database, for what is not part of anybody's work.
    keeper: Arc<Pool>,
    /// Connections to the databases of tenants.
    pool: Arc<Pool>,
    /// Tenants that have a database, as far as this process knows.
    known: RwLock<BTreeSet<u128>>,
    /// Databases of another version that fit nevertheless.
    fitted: Mutex<BTreeSet<Arc<str>>>,
    /// What is done in databases of tenants and may be forgotten.
    done: Mutex<Vec<u128>>,
    /// Something is to be done soon.
    soon: Arc<Notify>,
}

impl fmt::Debug for Silos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Silos").field("pool", &self.pool).finish_non_exhaustive()
    }
}

/// How many connections there may be to the main database, and to those of tenants: most work
/// needs one of each.
pub(crate) const fn divided(connections: usize) -> (usize, usize) {
    let main = connections.div_ceil(2);
    let tenants = connections.saturating_sub(main);
    (main, if tenants == 0 { 1 } else { tenants })
}

impl Silos {
    /// Everybody, first those without a database.
    pub fn places(&self) -> Vec<Tenant> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        std::iter::once(Tenant::All).chain(known.iter().copied().map(Tenant::One)).collect()
    }

    /// Numbers for `/metrics`.
    pub fn gauges(&self) -> [(&'static str, &'static str, f64); 4] {
        let count = |count: usize| u32::try_from(count).map_or(f64::MAX, f64::from);
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).len();
        let (held, idle, _) = self.pool.counts();
        #[expect(clippy::cast_precision_loss, reason = "a count, far below 2^53")]
        let made = self.pool.made() as f64;
        [
            ("store_tenant_databases", "Tenants with a database of their own.", count(known)),
            ("store_tenant_connections_held", "Connections to them that work holds.", count(held)),
            (
                "store_tenant_connections_idle",
                "Connections to them that wait for work.",
                count(idle),
            ),
            ("store_tenant_connections_made_total", "Connections to them that were made.", made),
        ]
    }

    fn design(&self) -> &Design {
        &self.catalog.design
    }

    /// A tenant has a database from now on.
    fn knows(&self, tenant: u128) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(tenant);
    }

    /// What was noted is done, and may be forgotten.
    fn is_done(&self, noted: u128) {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).push(noted);
    }

    /// What may be forgotten.
    fn take_done(&self) -> Vec<u128> {
        std::mem::take(&mut *self.done.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Nobody has a database by this name, or the server has lost it.
fn nowhere(tenant: u128) -> StoreError {
    let id = format!("{tenant:032x}");
    StoreError::Failed { message: format!("the tenant {id} has no database: see firmitas.silos") }
}
