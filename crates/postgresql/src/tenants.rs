//! Whose rows a transaction reaches, where tenants share tables: a setting of the transaction, with
//! which statements compare and, as a second lock, the policies of the tables.

use std::borrow::Cow;

use decide::tables::TENANT_COLUMN;
use expression::EntityId;
use runtime::store::tables::quoted;
use runtime::store::{StoreError, Tenant};

use crate::decode;
use crate::session::Session;
use crate::wire::Bind;

/// The id of the tenant that the transaction is for; null where there is none.
pub(crate) const CURRENT: &str = "nullif(current_setting('firmitas.tenant', true), '')::uuid";

/// Sets whom a transaction is for; nothing where it starts with that, which is nobody.
pub(crate) fn entering(tenant: Tenant, first: bool) -> Option<Cow<'static, str>> {
    Some(match tenant {
        Tenant::None if first => return None,
        Tenant::One(id) if first => format!("SET LOCAL firmitas.tenant = '{id:032x}'").into(),
        Tenant::All if first => "SET LOCAL firmitas.tenants = 'all'".into(),
        Tenant::None => "SET LOCAL firmitas.tenant = ''; SET LOCAL firmitas.tenants = ''".into(),
        Tenant::One(id) => {
            format!("SET LOCAL firmitas.tenant = '{id:032x}'; SET LOCAL firmitas.tenants = ''")
                .into()
        }
        Tenant::All => "SET LOCAL firmitas.tenant = ''; SET LOCAL firmitas.tenants = 'all'".into(),
    })
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
