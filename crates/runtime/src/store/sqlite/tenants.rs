//! Whose rows a statement reaches, where tenants share tables.
//!
//! Each connection has a function that yields the tenant its work is for; statements compare with
//! it. Work for everybody has statements of its own, without the comparison, so that both kinds
//! follow an index.

use std::sync::{Arc, Mutex, PoisonError};

use decide::tables::TENANT_COLUMN;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, Result};

use super::plan::quoted;
use super::session::Session;
use crate::store::{StoreError, Tenant};

/// The id of the tenant that the connection's work is for; null where there is none.
pub(super) const CURRENT: &str = "firm_tenant()";

/// The tenant that a connection's work is for, as its function sees it.
#[derive(Clone, Debug, Default)]
pub(super) struct Current(Arc<Mutex<Option<[u8; 16]>>>);

impl Current {
    /// Registers the function. It yields the same throughout a statement, so SQLite calls it once
    /// for each run and may look its result up in an index.
    pub fn register(&self, connection: &Connection) -> Result<()> {
        let flags = FunctionFlags::SQLITE_UTF8
            | FunctionFlags::SQLITE_DETERMINISTIC
            | FunctionFlags::SQLITE_DIRECTONLY;
        let current = self.clone();
        connection.create_scalar_function("firm_tenant", 0, flags, move |_| {
            Ok(*current.0.lock().unwrap_or_else(PoisonError::into_inner))
        })
    }

    /// Sets whom it yields.
    pub fn set(&self, tenant: Tenant) {
        let id = tenant.id().map(u128::to_be_bytes);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = id;
    }
}

impl Session {
    /// The work is for this tenant from here on.
    pub(super) fn enter(&mut self, tenant: Tenant) {
        if self.terms.tenant != tenant {
            self.terms.tenant = tenant;
            self.current.set(tenant);
        }
    }

    /// Whose a row is, whoever the work is for.
    pub(super) fn tenant_of(
        &self,
        entity: expression::EntityId,
        id: u128,
    ) -> std::result::Result<Option<u128>, StoreError> {
        let plan = self.plan(entity)?;
        if !plan.pooled {
            return Ok(None);
        }
        let column = quoted(TENANT_COLUMN);
        let sql = format!("SELECT {column} FROM {} WHERE \"id\" = ?1", plan.table);
        let mut statement = self.prepare(&sql)?;
        let mut rows = statement.query([super::codec::Bind::id(id)])?;
        rows.next()?.map(|row| super::codec::id(row, 0)).transpose()
    }
}
