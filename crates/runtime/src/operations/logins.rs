//! Which rows may be somebody's by a login, found without asking every tenant.
//!
//! Whoever is looked for at a first sign-in may be in any tenant, and whoever is nobody is looked
//! for with each request. So a record says which tenants have rows with a login: written with the
//! rows, for those that were there before at start. It may say too much (a row that is deleted
//! softly, a walk that meets a change), so that what is found is looked up in its tenant.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use decide::{Design, tenancy::pooled};
use expression::{EntityId, FieldIndex, Row, Value, row_id};
use model::Model;
use model::model::TenantFrom;
use sha2::{Digest as _, Sha256};

use super::backend::Inner;
use crate::call::Identity;
use crate::store::{Record, Snapshot as _, Store, StoreError, Tenant, Terms, Transaction, Walk};

/// Kind of the record that leads from a login to a row; its owner is the hash of the login.
const KIND: &str = "row-login";
/// Kind of the record that says that there is one for all rows.
const COMPLETE: &str = "row-logins";
const KEY: &str = "complete";
/// Most rows of one login that are looked at: the same person in so many tenants.
const MOST: u32 = 100;
/// Rows of one transaction of the walk: others wait for them.
const TOGETHER: u32 = 200;

/// The fields by which people are linked to rows of tenants, by entity.
#[derive(Debug)]
pub(crate) struct Logins {
    fields: BTreeMap<EntityId, BTreeSet<FieldIndex>>,
    /// Whether there are records for all rows.
    complete: AtomicBool,
}

impl Logins {
    /// None where there are no tenants, or where the host says which.
    pub(crate) fn of(design: &Design) -> Self {
        let mut fields: BTreeMap<EntityId, BTreeSet<FieldIndex>> = BTreeMap::new();
        let tenancy = design.model.system.tenancy.as_ref();
        if tenancy.is_some_and(|of| matches!(of.from, TenantFrom::Actor)) {
            let linked = design.model.actors().filter_map(|(_, of)| of.entity.zip(of.login));
            for (entity, field) in linked.filter(|(entity, _)| pooled(design, *entity)) {
                fields.entry(entity).or_default().insert(field);
            }
        }
        Self { fields, complete: AtomicBool::new(false) }
    }

    /// Whether it is known where all rows of an entity are.
    fn covers(&self, entity: EntityId) -> bool {
        self.fields.contains_key(&entity) && self.complete.load(Relaxed)
    }

    /// What differs where other fields are meant.
    fn fingerprint(&self, model: &Model) -> String {
        let name = |(entity, fields): (&EntityId, &BTreeSet<FieldIndex>)| {
            let shape = model.shape(*entity);
            let names = fields.iter().filter_map(|at| shape.fields.get(usize::from(at.0)));
            let names: Vec<&str> = names.map(|field| &*field.name).collect();
            format!("{}.{} {}", shape.context, shape.name, names.join(" "))
        };
        self.fields.iter().map(name).collect::<Vec<_>>().join("\n")
    }

    /// The logins of a row, as owners of their records.
    fn of_row(&self, model: &Model, row: Option<&Row>) -> BTreeSet<String> {
        let Some((row, fields)) = row.and_then(|row| Some(row).zip(self.fields.get(&row.entity)))
        else {
            return BTreeSet::new();
        };
        let text = |at: &FieldIndex| match row.fields.get(usize::from(at.0)) {
            Some(Value::Text(text)) => Some(owner(model, row.entity, text)),
            _ => None,
        };
        fields.iter().filter_map(text).collect()
    }
}

/// A login of rows of an entity as records know it. Case never counts, so that whoever is found by
/// an address that is compared without is found here.
fn owner(model: &Model, entity: EntityId, login: &str) -> String {
    let shape = model.shape(entity);
    let text = format!("{}.{}\n{}", shape.context, shape.name, login.to_lowercase());
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn key(owner: &str, row: u128) -> String {
    format!("{owner}-{row:032x}")
}

fn record(owner: String, row: u128, tenant: u128) -> Record {
    Record {
        kind: KIND.to_owned(),
        key: key(&owner, row),
        owner,
        value: format!("\"{tenant:032x}\""),
        expires: None,
    }
}

/// Writes down where a row that changes is found from here on.
pub(super) async fn note<X: Transaction>(
    store: &mut X,
    (logins, model): (&Logins, &Model),
    id: u128,
    [before, now]: [Option<&Row>; 2],
) -> Result<(), StoreError> {
    if logins.fields.is_empty() {
        return Ok(());
    }
    let (before, now) = (logins.of_row(model, before), logins.of_row(model, now));
    for old in before.difference(&now) {
        store.remove_record(KIND, &key(old, id)).await?;
    }
    let Some(tenant) = store.tenant().id() else { return Ok(()) };
    for new in now.difference(&before) {
        store.put_record(&record(new.clone(), id, tenant)).await?;
    }
    Ok(())
}

/// The tenants that may have a row of somebody; `None` where it is not known, so that all may.
pub(super) async fn tenants<S: Store>(
    inner: &Inner<S>,
    entity: EntityId,
    identity: &Identity,
) -> Result<Option<BTreeSet<u128>>, StoreError> {
    if !inner.plans.logins.covers(entity) {
        return Ok(None);
    }
    let model = &inner.plans.model;
    let owners: Vec<String> =
        identity.logins.iter().map(|login| owner(model, entity, login)).collect();
    let found = inner.store.read(Terms::SERVER, move |snapshot| {
        Box::pin(async move {
            let mut found = Vec::new();
            for owner in &owners {
                found.extend(snapshot.records(KIND, Some(owner), "", MOST).await?);
            }
            Ok::<_, StoreError>(found)
        })
    });
    let tenant = |record: Record| u128::from_str_radix(record.value.trim_matches('"'), 16).ok();
    Ok(Some(found.await?.into_iter().filter_map(tenant).collect()))
}

/// Sees to it that there is a record for each row with a login.
pub(super) async fn complete<S: Store>(inner: &Inner<S>) -> Result<(), StoreError> {
    let logins = &inner.plans.logins;
    if logins.fields.is_empty() {
        return Ok(());
    }
    let wanted = serde_json::Value::from(logins.fingerprint(&inner.plans.model)).to_string();
    let known = inner.store.read(Terms::SERVER, |snapshot| {
        Box::pin(async move { snapshot.record(COMPLETE, KEY, i64::MIN).await })
    });
    if known.await?.is_none_or(|record| record.value != wanted) {
        for entity in logins.fields.keys() {
            for terms in super::tenancy::rounds(inner, *entity) {
                walk(inner, *entity, terms).await?;
            }
        }
        let record = Record {
            kind: COMPLETE.to_owned(),
            key: KEY.to_owned(),
            owner: String::new(),
            value: wanted,
            expires: None,
        };
        let mark = inner.store.write(Terms::SERVER, move |tx| {
            let record = record.clone();
            Box::pin(async move { tx.put_record(&record).await })
        });
        mark.await?;
    }
    logins.complete.store(true, Relaxed);
    Ok(())
}

/// Writes the records of all rows of an entity in one place.
async fn walk<S: Store>(
    inner: &Inner<S>,
    entity: EntityId,
    terms: Terms,
) -> Result<(), StoreError> {
    let mut after = 0;
    loop {
        let plans = inner.plans.clone();
        let last = inner.store.write(terms, move |tx| {
            Box::pin(async move {
                let walk = Walk { entity, only: None, after, until: u128::MAX, limit: TOGETHER };
                let found = tx.walk(&walk).await?;
                let mut last = None;
                for row in &found {
                    let Some(id) = row_id(&Value::Row(row.clone())) else { continue };
                    last = Some(id);
                    let tenant = match tx.tenant() {
                        Tenant::One(tenant) => Some(tenant),
                        _ => tx.tenant_of(entity, id).await?,
                    };
                    for owner in plans.logins.of_row(&plans.model, Some(row)) {
                        if let Some(tenant) = tenant {
                            tx.put_record(&record(owner, id, tenant)).await?;
                        }
                    }
                }
                Ok::<_, StoreError>(last.filter(|_| found.len() == TOGETHER as usize))
            })
        });
        match last.await? {
            Some(id) => after = id,
            None => return Ok(()),
        }
        tokio::task::yield_now().await;
    }
}
