//! Encrypted values are encrypted anew under the newest key, so that an older one may be taken away.
//!
//! A few rows are done in one transaction, which also writes down how far it is: a run that was
//! killed goes on where it was, and two at once do each row twice at worst. Rows are locked before
//! they are read, so that nothing written meanwhile is lost; their versions stay.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use decide::{Design, sealed, tenancy};
use expression::{EntityId, FieldIndex, Row, Value};
use model::Model;
use model::model::{BuiltIn, Field};
use serde::{Deserialize, Serialize};

use super::changes::required_id;
use super::{Record, Snapshot as _, Store, StoreError, Tenant, Terms, Transaction, Walk};

/// Kind of the record of how far it is; its key is the entity.
const PROGRESS: &str = "reseal";
/// Rows of one transaction: others wait for them.
const TOGETHER: u32 = 50;
/// Attempts at a transaction that meets others.
const ATTEMPTS: u32 = 20;

/// What was done of one entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resealed {
    /// `context.Entity`.
    pub entity: String,
    /// Rows whose values are under the newest key now.
    pub rows: u64,
}

#[derive(Clone, Serialize, Deserialize)]
struct Progress {
    /// The key under which it is done.
    key: String,
    /// The last row that was.
    after: u128,
    rows: u64,
    done: bool,
}

/// Encrypts all values anew that are not known to be under the newest key.
///
/// # Errors
/// There are no keys, one that is needed is missing, or the store failed.
pub async fn reseal<S: Store>(
    store: &S,
    design: &Arc<Design>,
) -> Result<Vec<Resealed>, StoreError> {
    let key = store.keys().map(|keys| keys.newest().to_owned());
    let key = key.ok_or_else(|| StoreError::Unusable {
        message: "there are no keys for encrypted fields".to_owned(),
    })?;
    let mut all = Vec::new();
    let model = &design.model;
    for (entity, _) in model.entities().filter(|(id, _)| sealed::in_entity(model, *id)) {
        let mut places = store.places();
        if places.len() > 1 {
            let owned = tenancy::pooled(design, entity);
            places.retain(|place| (*place == Tenant::All) != owned);
        }
        let mut rows = 0;
        for place in places {
            rows += of_place(store, model, (entity, place), &key).await?;
        }
        all.push(Resealed { entity: qualified(model, entity), rows });
    }
    Ok(all)
}

fn qualified(model: &Model, entity: EntityId) -> String {
    let shape = model.shape(entity);
    format!("{}.{}", shape.context, shape.name)
}

/// All rows of an entity in one place.
async fn of_place<S: Store>(
    store: &S,
    model: &Arc<Model>,
    of: (EntityId, Tenant),
    key: &str,
) -> Result<u64, StoreError> {
    let mut attempts = 0;
    loop {
        match step(store, model, of, key).await {
            Ok(Progress { done: true, rows, .. }) => return Ok(rows),
            Ok(_) => attempts = 0,
            Err(StoreError::Conflict | StoreError::Vanished { .. }) if attempts < ATTEMPTS => {
                attempts += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// The next rows of an entity.
async fn step<S: Store>(
    store: &S,
    model: &Arc<Model>,
    (entity, place): (EntityId, Tenant),
    key: &str,
) -> Result<Progress, StoreError> {
    let (model, key) = (Arc::clone(model), key.to_owned());
    store
        .write(Terms::of(place), move |tx| {
            Box::pin(async move {
                let name = match place {
                    Tenant::One(id) => format!("{}/{id:032x}", qualified(&model, entity)),
                    _ => qualified(&model, entity),
                };
                let known = tx.lock_record(PROGRESS, &name, now()).await?;
                let known = known.and_then(|of| serde_json::from_str::<Progress>(&of.value).ok());
                let mut progress = known.filter(|of| of.key == key).unwrap_or(Progress {
                    key,
                    after: 0,
                    rows: 0,
                    done: false,
                });
                if progress.done {
                    return Ok(progress);
                }
                let until = u128::MAX;
                let walk =
                    Walk { entity, only: None, after: progress.after, until, limit: TOGETHER };
                let found = tx.walk(&walk).await?;
                progress.done = found.len() < TOGETHER as usize;
                for row in found {
                    progress.after = required_id(&row)?;
                    progress.rows += u64::from(one(tx, &model, row).await?);
                }
                tx.enter(place).await?;
                tx.put_record(&record(&name, &progress)?).await?;
                Ok(progress)
            })
        })
        .await
}

/// Encrypts the values of a row anew; whether it is still there.
async fn one<X: Transaction>(
    tx: &mut X,
    model: &Model,
    walked: Arc<Row>,
) -> Result<bool, StoreError> {
    let (entity, id) = (walked.entity, required_id(&walked)?);
    tx.enter(Tenant::All).await?;
    if let Some(tenant) = tx.tenant_of(entity, id).await? {
        tx.enter(Tenant::One(tenant)).await?;
    }
    let locked = tx.lock(&[(entity, id)]).await?.into_iter().next().flatten();
    let row = match locked {
        Some(row) => row,
        None => match deleted(tx, model, &walked, id).await? {
            Some(row) => row,
            None => return Ok(false),
        },
    };
    tx.update(&without(model, &row), &row).await?;
    Ok(true)
}

/// A soft-deleted row, locked by being written as it is.
async fn deleted<X: Transaction>(
    tx: &mut X,
    model: &Model,
    walked: &Arc<Row>,
    id: u128,
) -> Result<Option<Arc<Row>>, StoreError> {
    let Some(at) = model.entity(walked.entity).built_in(BuiltIn::DeletedAt) else {
        return Ok(None);
    };
    let mut before = (**walked).clone();
    match field(&mut before, at) {
        Some(value) if !value.is_null() => *value = Value::Null,
        _ => return Ok(None),
    }
    tx.update(&before, walked).await?;
    let (entity, after) = (walked.entity, id.wrapping_sub(1));
    let walk = Walk { entity, only: None, after, until: id, limit: 1 };
    Ok(tx.walk(&walk).await?.into_iter().next())
}

fn field(row: &mut Row, at: FieldIndex) -> Option<&mut Value> {
    row.fields.get_mut(usize::from(at.0))
}

/// The row as if its encrypted values were not there yet: then they are written.
fn without(model: &Model, row: &Row) -> Row {
    let mut before = row.clone();
    let entity = model.entity(row.entity);
    for (value, _) in before.fields.iter_mut().zip(&entity.fields).filter(|(_, of)| sealed(of)) {
        *value = Value::Null;
    }
    for (rows, part) in before.parts.iter_mut().zip(&entity.parts) {
        if part.fields.iter().any(sealed) {
            rows.clear();
        }
    }
    before
}

fn sealed(field: &Field) -> bool {
    sealed::is_sealed(field)
}

fn record(name: &str, progress: &Progress) -> Result<Record, StoreError> {
    let value = serde_json::to_string(progress)
        .map_err(|error| StoreError::Internal { message: error.to_string() })?;
    let (kind, key) = (PROGRESS.to_owned(), name.to_owned());
    Ok(Record { kind, key, owner: String::new(), value, expires: None })
}

/// Microseconds since the Unix epoch.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
