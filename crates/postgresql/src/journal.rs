//! Logs of what was written and read, and walks over all rows.

use std::sync::Arc;

use expression::{EntityId, Row};
use runtime::store::{JournalEntry, JournalQuery, StoreError, Subject, Tenant, Versions, Walk};

use crate::connection;
use crate::decode;
use crate::records::{count, get, optional};
use crate::session::{Meaning, Session};
use crate::statements as sql;
use crate::wire::{self, Bind, Wire};

fn optional_text(text: Option<&String>) -> Bind {
    optional(text, Wire::Text, |text| Bind::text(text))
}

impl Session {
    fn tenant_of_work(&self) -> Bind {
        match self.terms.tenant {
            Tenant::One(id) => Bind::Uuid(id),
            Tenant::None | Tenant::All => Bind::Null(Wire::Uuid),
        }
    }

    pub(crate) async fn add_lines(&mut self, entries: &[JournalEntry]) -> Result<(), StoreError> {
        for entry in entries {
            let entity = self.qualified(entry.entity)?;
            let version = |of: &Option<Versions>| of.clone().unwrap_or_default();
            let lasting = |of: &Option<Versions>| {
                optional(of.as_ref(), Wire::Text, |of| Bind::text(&of.lasting))
            };
            let binds = vec![
                Bind::Uuid(entry.id),
                Bind::text(entry.log.name()),
                entity.clone(),
                self.tenant_of_work(),
                Bind::ids(entry.rows.iter().copied()),
                Bind::Int(entry.at),
                optional_text(entry.who.as_ref().map(|who| &who.issuer)),
                optional_text(entry.who.as_ref().map(|who| &who.subject)),
                Bind::text(&entry.actor),
                Bind::text(&entry.operation),
                lasting(&entry.before),
                lasting(&entry.after),
                optional(entry.expires, Wire::Int, Bind::Int),
            ];
            self.send(&sql::ADD_LINE, binds, Meaning::Plain).await?;
            let (before, after) = (version(&entry.before).personal, version(&entry.after).personal);
            if let (true, [row]) = (before.is_some() || after.is_some(), entry.rows.as_slice()) {
                let binds = vec![
                    Bind::Uuid(entry.id),
                    entity,
                    Bind::Uuid(*row),
                    optional_text(before.as_ref()),
                    optional_text(after.as_ref()),
                ];
                self.send(&sql::ADD_PERSONAL, binds, Meaning::Plain).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn lines(
        &mut self,
        query: &JournalQuery,
    ) -> Result<Vec<JournalEntry>, StoreError> {
        let text = match self.terms.tenant {
            Tenant::None => &sql::LINES_OF_NOBODY,
            Tenant::One(_) => &sql::LINES_OF_ONE,
            Tenant::All => &sql::LINES_OF_ALL,
        };
        let mut binds = vec![
            self.qualified(query.entity)?,
            Bind::text(query.log.name()),
            Bind::Uuid(query.before.unwrap_or(u128::MAX)),
            Bind::Int(query.limit.into()),
        ];
        if let Tenant::One(id) = self.terms.tenant {
            binds.push(Bind::Uuid(id));
        }
        let rows = self.query(text, &binds).await?;
        rows.iter().map(|row| read(row, query)).collect()
    }

    pub(crate) async fn forget_lines(
        &mut self,
        entity: EntityId,
        row: u128,
    ) -> Result<(), StoreError> {
        let binds = vec![Bind::Uuid(row), self.qualified(entity)?];
        self.send(&sql::FORGET_PERSONAL, binds, Meaning::Plain).await
    }

    pub(crate) async fn purge_lines(&mut self, now: i64, limit: u32) -> Result<u32, StoreError> {
        let binds = vec![Bind::Int(now), Bind::Int(limit.into())];
        self.send(&sql::PURGE_PERSONAL, binds.clone(), Meaning::Plain).await?;
        self.execute(&sql::PURGE_LINES, binds, Meaning::Plain).await.map(count)
    }

    pub(crate) async fn walk_rows(&mut self, walk: &Walk) -> Result<Vec<Arc<Row>>, StoreError> {
        let catalog = self.catalog.clone();
        let plan = catalog.plan(walk.entity)?;
        let mut binds =
            vec![Bind::Uuid(walk.after), Bind::Uuid(walk.until), Bind::Int(i64::from(walk.limit))];
        let mut only = String::new();
        if let Some((field, value)) = &walk.only {
            for (column, wire) in plan.columns_of(*field) {
                binds.push(wire::encode(value, column.encoding, wire, &column.name)?);
                only.push_str(&format!(" AND self.{} = ${}", column.name, binds.len()));
            }
        }
        let id = &plan.id;
        let own = plan.own.of(self.terms.tenant);
        let text = catalog.texts.get(&format!(
            "{}self.{id} > $1 AND self.{id} <= $2{only}{own} ORDER BY self.{id} LIMIT $3",
            plan.select,
        ));
        self.many(walk.entity, &text, &binds).await
    }
}

fn read(row: &connection::Row, query: &JournalQuery) -> Result<JournalEntry, StoreError> {
    let version = |lasting: usize, personal: usize| -> Result<Option<Versions>, StoreError> {
        let (lasting, personal): (Option<String>, _) = (get(row, lasting)?, get(row, personal)?);
        Ok(lasting.map(|lasting| Versions { lasting, personal }))
    };
    let who: (Option<String>, Option<String>) = (get(row, 3)?, get(row, 4)?);
    Ok(JournalEntry {
        id: decode::id(row, 0)?,
        log: query.log,
        entity: query.entity,
        rows: decode::ids(row, 1)?,
        at: get(row, 2)?,
        who: who.0.zip(who.1).map(|(issuer, subject)| Subject { issuer, subject }),
        actor: get(row, 5)?,
        operation: get(row, 6)?,
        before: version(7, 10)?,
        after: version(8, 11)?,
        expires: get(row, 9)?,
    })
}
