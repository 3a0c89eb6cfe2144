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
    pub(super) fn enter(&mut self, tenant: Tenant) -> std::result::Result<(), StoreError> {
        if let Tenant::One(id) = tenant {
            self.visit(id)?;
        }
        if self.terms.tenant != tenant {
            self.terms.tenant = tenant;
            self.current.set(tenant);
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::super::plan::plans;
    use super::*;

    const MODEL: &str = "
firmitas: 1
system: { name: Notes, tenancy: { by: web.Site, from: actor, isolation: pool } }
actors: { reader: { auth: user, is: web.Reader } }
contexts:
  web:
    entities:
      Site: { rows: 200, fields: { name: string(1..20) } }
      Reader: { rows: 20k, fields: { name: string(1..20) } }
      Note:
        rows: 2M
        fields: { title: string(1..20), by: Reader }
        parts: { lines: { size: 0..9, fields: { text: string(1..20) } } }
    operations:
      notes: { list: Note, by: [reader], sort: [title], rate: 50/s }
      join: { create: Reader, by: [reader], input: [name], rate: 1/min }
";

    fn design() -> decide::Design {
        let mut sources = base::SourceMap::default();
        let root = sources.add("firmitas.yaml", MODEL);
        let (model, _) = model::load(&sources, root);
        decide::decide(Arc::new(model)).0
    }

    /// What SQLite says that it does for a statement.
    fn explained(connection: &Connection, sql: &str) -> Vec<String> {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let binds = vec!["[]"; statement.parameter_count()];
        let steps = statement.query_map(rusqlite::params_from_iter(binds), |row| row.get(3));
        steps.unwrap().collect::<Result<_>>().unwrap()
    }

    #[test]
    fn statements_on_shared_tables_are_held_to_the_tenant_and_follow_an_index() {
        let design = design();
        let connection = Connection::open_in_memory().unwrap();
        Current::default().register(&connection).unwrap();
        for sql in emit::sql::statements(&design, expression::sql::Dialect::Sqlite) {
            connection.execute_batch(&sql).unwrap();
        }
        let plans = plans(&design).unwrap();
        assert_eq!(plans.iter().map(|plan| plan.pooled).collect::<Vec<_>>(), [false, true, true]);
        for plan in plans.iter().filter(|plan| plan.pooled) {
            let (one, all) = (Tenant::None, Tenant::All);
            for statement in [&plan.by_id, &plan.by_any_id, &plan.by_ids, &plan.delete] {
                assert!(statement.of(one).contains(CURRENT), "{statement:?}");
                assert!(!statement.of(all).contains(CURRENT), "{statement:?}");
                let steps = explained(&connection, statement.of(one));
                assert!(steps.iter().all(|step| !step.contains("SCAN self")), "{steps:?}");
            }
            assert!(plan.insert.contains(CURRENT), "{}", plan.insert);
            for part in &plan.parts {
                for statement in [&part.of_one, &part.of_many, &part.delete] {
                    assert!(statement.of(one).contains(CURRENT), "{statement:?}");
                }
            }
        }
        let notes = &plans[2];
        let page = format!(
            "SELECT self.\"id\" FROM {} AS self WHERE 1{} ORDER BY self.\"title\", self.\"id\"",
            notes.table,
            notes.live.of(Tenant::None)
        );
        let steps = explained(&connection, &page);
        assert_eq!(steps.len(), 1, "{steps:?}");
        assert!(steps[0].contains("(tenant_id=?)"), "{steps:?}");
    }
}
