//! Conditions that look at rows of a tenant and at what is shared: they are asked in the tenant's
//! database, and what is shared goes there with the question.

use std::sync::Arc;

use expression::EntityId;
use runtime::store::{Condition, StoreError, Tenant};

use super::mentions::Looks;
use crate::records::get;
use crate::session::Session;
use crate::text::Text;
use crate::wire::Bind;

/// Most rows of a table that are sent.
const MOST: i64 = 10_000;

/// Where something is asked.
pub(crate) enum Place {
    /// In the main database.
    Here,
    /// In that of this tenant.
    There(u128),
    /// In those of all tenants.
    Everywhere,
}

impl Session {
    /// What conditions over rows of an entity look at, those rows among it; nothing where all is in
    /// one database.
    pub(crate) fn looks_of(&self, entity: EntityId, conditions: &[Condition]) -> Looks {
        match self.apart {
            Some(_) => self.catalog.mentions.of_conditions(entity, conditions),
            None => Looks::default(),
        }
    }

    /// Where a question is asked that looks at this: about `rows` of tenants, or one answer.
    ///
    /// # Errors
    /// [`StoreError::Apart`] where it would compare what is shared with rows of all tenants.
    pub(crate) fn place(&self, looks: &Looks, rows: bool) -> Result<Place, StoreError> {
        if self.apart.is_none() || !looks.owned {
            return Ok(Place::Here);
        }
        match self.terms.tenant {
            Tenant::None => Ok(Place::Here),
            Tenant::One(tenant) => Ok(Place::There(tenant)),
            Tenant::All if rows => Ok(Place::Everywhere),
            Tenant::All => Err(StoreError::Apart),
        }
    }

    /// The database of a tenant, with what is looked at besides its rows. Where it has none, here.
    pub(crate) async fn guest_with(
        &mut self,
        tenant: u128,
        looks: &Looks,
    ) -> Result<&mut Self, StoreError> {
        for at in &looks.shared {
            self.fetch(*at).await?;
        }
        let shipped = self.apart.as_ref().map(|apart| apart.shipped.clone()).unwrap_or_default();
        let session = self.guest_or_self(tenant).await?;
        if let Some(guest) = &mut session.guest {
            guest.shipped = shipped;
        }
        Ok(session)
    }

    /// What was sent to databases of tenants is no longer so where it is what is written.
    pub(crate) fn ship_anew(&mut self, entity: EntityId) -> Result<(), StoreError> {
        if !self.plan(entity)?.pooled
            && let Some(apart) = &mut self.apart
        {
            apart.shipped.clear();
        }
        Ok(())
    }

    /// Reads a table of what is shared.
    async fn fetch(&mut self, at: usize) -> Result<(), StoreError> {
        let known = |of: &super::Apart| of.shipped.contains_key(&at);
        let Some(table) = self.catalog.mentions.tables.get(at) else { return Ok(()) };
        if self.apart.as_ref().is_none_or(known) {
            return Ok(());
        }
        let sql = format!(
            "SELECT count(*), coalesce(json_agg(row_to_json(self)), '[]')::text \
             FROM (SELECT * FROM {} LIMIT {}) AS self",
            table.name,
            MOST + 1
        );
        let name = table.name.replace('"', "");
        let rows = self.query(&self.catalog.texts.get(&sql), &[]).await?;
        let row = rows.first().ok_or_else(crate::session::missing)?;
        if get::<i64>(row, 0)? > MOST {
            return Err(self.fail(StoreError::Failed {
                message: format!(
                    "a condition compares rows of a tenant with those of {name}, which are in \
                     another database, and more than {MOST}"
                ),
            }));
        }
        let content: Arc<str> = get::<&str>(row, 1)?.into();
        if let Some(apart) = &mut self.apart {
            apart.shipped.insert(at, content);
        }
        Ok(())
    }

    /// The statement as it is in a tenant's database, where it looks at what is shared.
    pub(crate) fn with_shipped(
        &self,
        text: &Arc<Text>,
        binds: &[Bind],
    ) -> Option<(Arc<Text>, Vec<Bind>)> {
        let guest = self.guest.as_ref().filter(|guest| !guest.shipped.is_empty())?;
        let (mut sql, mut all) = (text.0.clone(), binds.to_vec());
        let mut with = Vec::new();
        for (at, content) in &guest.shipped {
            let table = self.catalog.mentions.tables.get(*at)?;
            if !sql.contains(&table.name) {
                continue;
            }
            all.push(Bind::Text(content.clone()));
            let name = format!("firmitas_shared_{at}");
            sql = sql.replace(&table.name, &name);
            with.push(format!(
                "{name} AS MATERIALIZED (SELECT * FROM json_populate_recordset(NULL::{}, \
                 ${}::text::json))",
                table.name,
                all.len()
            ));
        }
        if with.is_empty() {
            return None;
        }
        // It may name tables of its own.
        let sql = match sql.strip_prefix("WITH ") {
            Some(named) => format!("WITH {}, {named}", with.join(", ")),
            None => format!("WITH {} {sql}", with.join(", ")),
        };
        Some((self.catalog.texts.get(&sql), all))
    }
}
