//! Whose rows a transaction reaches, where tenants share tables: a setting of the transaction, with
//! which statements compare and, as a second lock, the policies of the tables.

use decide::bridge::EVERYBODY;
use decide::tables::TENANT_COLUMN;
use expression::EntityId;
use runtime::store::tables::quoted;
use runtime::store::{StoreError, Tenant};

use crate::decode;
use crate::session::Session;
use crate::wire::Bind;

/// The id of the tenant that the transaction is for; null where there is none.
pub(crate) const CURRENT: &str = "nullif(current_setting('firmitas.tenant', true), '')::uuid";

/// What the names of the schemas of tenants look like, where each has one.
pub(crate) const SCHEMAS: &str = "^tenant_[0-9a-f]{32}$";

/// What a connection starts with where tenants have schemas: nobody's, in which nothing is.
pub(crate) fn nobodys_path() -> String {
    path(Tenant::None)
}

/// In which schemas tables without one are looked for. A tenant that has none finds nothing.
pub(crate) fn path(tenant: Tenant) -> String {
    let nobody = format!("tenant_{:032x}", 0);
    match tenant {
        Tenant::None => format!("{nobody}, public, pg_temp"),
        Tenant::One(id) => format!("tenant_{id:032x}, {nobody}, public, pg_temp"),
        Tenant::All => format!("{EVERYBODY}, public, pg_temp"),
    }
}

impl Session {
    /// Whose a row is, whoever the work is for.
    pub(crate) async fn owner_of(
        &mut self,
        entity: EntityId,
        id: u128,
    ) -> Result<Option<u128>, StoreError> {
        let plan = self.plan(entity)?;
        if !plan.pooled {
            return Ok(None);
        }
        let column = quoted(TENANT_COLUMN);
        let sql = format!("SELECT {column} FROM {} WHERE {} = $1", plan.table, plan.id);
        let text = self.catalog.texts.get(&sql);
        let before = self.terms.tenant;
        self.go_on_for(Tenant::All);
        let rows = self.query(&text, &[Bind::Uuid(id)]).await;
        self.go_on_for(before);
        rows?.first().map(|row| decode::id(row, 0)).transpose()
    }
}
