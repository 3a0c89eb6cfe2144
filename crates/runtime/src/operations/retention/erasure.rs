//! Requests of people to be forgotten: an effect notes them, the sweeper carries them out.

use std::sync::Arc;

use decide::{sealed, tables::TENANT_COLUMN};
use expression::{EntityId, Row, Value, ir::Expression, row_id};
use model::Model;
use model::model::Entity;
use serde_json::{Value as Json, json};

use super::empty::about_person;
use super::plan::{Retention, names_person};
use super::sweep::{TOGETHER, empty, id_of, qualified, record, take, walk_rows};
use crate::operations::backend::Inner;
use crate::operations::clock::now;
use crate::operations::durable::codec;
use crate::operations::failure::{Failure, internal};
use crate::operations::journal::Author;
use crate::operations::work::{Key, Work};
use crate::operations::{files, fill, finish, scope::Scope, tenancy};
use crate::problem::Problem;
use crate::store::{Record, Snapshot as _, Store, StoreError, Tenant, Terms, Transaction, Walk};

/// Requests that are not done yet, by person.
const OPEN: &str = "erasure";
/// Requests that are done: what a restored backup has to be told again.
const DONE: &str = "erased";
/// Rows that were moved to the archive, by entity and id, owned by the person concerned.
const ARCHIVE: &str = "archive";
/// How many requests are read at once.
const REQUESTS: u32 = 100;

/// Notes a person's request, in the transaction of the effect.
pub(crate) async fn ask<X: Transaction>(
    work: &mut Work<'_, X>,
    person: &Expression,
    scope: &Scope,
) -> Result<(), Failure> {
    let value = work.evaluate(person, scope).await?;
    let key = fill::referenced(&person.ty, &value)?;
    let asked = json!({ "requested": work.now, "due": work.now });
    let name = name(&work.plans.model, key);
    work.store.put_record(&record(OPEN, name, String::new(), &asked)).await?;
    work.plans.erasures.notify_one();
    Ok(())
}

fn name(model: &model::Model, key: Key) -> String {
    format!("{}/{}", qualified(model, key.0), uuid::Uuid::from_u128(key.1))
}

fn named(model: &model::Model, name: &str) -> Option<Key> {
    let (entity, id) = name.split_once('/')?;
    let (entity, _) = model.entities().find(|(id, _)| qualified(model, *id) == entity)?;
    Some((entity, uuid::Uuid::try_parse(id).ok()?.as_u128()))
}

/// A row as the archive keeps it: every field under its name, and whose it was.
pub(super) fn archived(
    model: &model::Model,
    retention: &Retention,
    key: Key,
    row: &Arc<Row>,
    tenant: Tenant,
) -> Record {
    let shape = model.shape(key.0);
    // What is encrypted in its table is not kept in the clear elsewhere.
    let object = |fields: &[model::model::Field], values: &[Value]| {
        let pairs = fields.iter().zip(values).filter(|(field, _)| !sealed::is_sealed(field));
        let pairs = pairs.map(|(of, value)| (of.name.value.clone(), codec::encode(value)));
        Json::Object(pairs.collect())
    };
    let entity = model.entity(key.0);
    let mut all = object(&entity.fields, &row.fields);
    for ((part, of), rows) in shape.parts.iter().zip(&entity.parts).zip(&row.parts) {
        let rows: Vec<Json> = rows.iter().map(|row| object(&of.fields, row)).collect();
        all[part.name.as_str()] = rows.into();
    }
    if let Some(id) = tenant.id() {
        all[TENANT_COLUMN] = uuid::Uuid::from_u128(id).to_string().into();
    }
    record(ARCHIVE, name(model, key), owner(model, retention, key, row), &all)
}

/// Whose row it is.
fn owner(model: &model::Model, retention: &Retention, key: Key, row: &Row) -> String {
    let Some(field) = retention.subject else { return String::new() };
    let value = crate::operations::row::field(row, field);
    let ty = model.entity(key.0).field(field).ty.required();
    match (ty, row_id(value)) {
        (expression::Type::Reference(entity), Some(id)) => name(model, (*entity, id)),
        _ => String::new(),
    }
}

/// Goes on with all open requests.
pub(super) async fn go_on<S: Store>(inner: &Arc<Inner<S>>, at: i64) -> Result<(), Problem> {
    let mut after = String::new();
    loop {
        let from = after.clone();
        let found: Result<Vec<Record>, StoreError> = inner
            .store
            .scan(Terms::SERVER, move |snapshot| {
                Box::pin(async move { snapshot.records(OPEN, None, &from, REQUESTS).await })
            })
            .await;
        let found = found?;
        for request in &found {
            let said: Json = serde_json::from_str(&request.value).unwrap_or_default();
            if said["due"].as_i64().is_none_or(|due| due <= at) {
                one(inner, request, &said, at).await?;
            }
        }
        match found.last() {
            Some(last) if found.len() == REQUESTS as usize => after.clone_from(&last.key),
            _ => return Ok(()),
        }
    }
}

/// Carries one request out as far as it is due.
async fn one<S: Store>(
    inner: &Arc<Inner<S>>,
    request: &Record,
    said: &Json,
    at: i64,
) -> Result<(), Problem> {
    let model = inner.plans.model.clone();
    let Some(person) = named(&model, &request.key) else {
        return Err(internal("a request for erasure is about nobody the model knows"));
    };
    let mut next: Option<i64> = None;
    for retention in &inner.plans.retentions.0 {
        let Some(field) = retention.subject else { continue };
        let entity = model.entity(retention.entity);
        if !names_person(entity, field, person.0) {
            continue;
        }
        let only = (field, Value::Uuid(person.1));
        let kept = rows(inner, retention, &only, at).await?;
        next = [next, kept].into_iter().flatten().min();
    }
    forget_archived(inner, &request.key).await?;
    let (open, key) = (next.is_some(), request.key.clone());
    let mut said = said.clone();
    said["due"] = next.into();
    said["done"] = if open { Json::Null } else { now().into() };
    let noted: Result<(), StoreError> = inner
        .store
        .write(Terms::SERVER, move |tx| {
            Box::pin(async move {
                if open {
                    return tx.put_record(&record(OPEN, key, String::new(), &said)).await;
                }
                tx.remove_record(OPEN, &key).await?;
                tx.put_record(&record(DONE, key, String::new(), &said)).await
            })
        })
        .await;
    Ok(noted?)
}

/// Empties the rows about a person; when the first of those that are kept is due.
async fn rows<S: Store>(
    inner: &Arc<Inner<S>>,
    retention: &Retention,
    only: &(expression::FieldIndex, Value),
    at: i64,
) -> Result<Option<i64>, Problem> {
    let mut next: Option<i64> = None;
    for terms in tenancy::rounds(inner, retention.entity) {
        let kept = rows_of(inner, retention, only, (at, terms)).await?;
        next = [next, kept].into_iter().flatten().min();
    }
    Ok(next)
}

/// The same, of those that are found on some terms.
async fn rows_of<S: Store>(
    inner: &Arc<Inner<S>>,
    retention: &Retention,
    only: &(expression::FieldIndex, Value),
    (at, terms): (i64, Terms),
) -> Result<Option<i64>, Problem> {
    let (mut after, mut next) = (0, None);
    loop {
        let walk = Walk {
            entity: retention.entity,
            only: Some(only.clone()),
            after,
            until: u128::MAX,
            limit: u32::try_from(TOGETHER).unwrap_or(u32::MAX),
        };
        let found = walk_rows(inner, walk, terms).await?;
        let Some(last) = found.last().and_then(id_of) else { return Ok(next) };
        let mut due = Vec::new();
        for row in &found {
            // A row whose time has not begun is looked at again tomorrow.
            let kept = retention.kept_until(&inner.plans.model, row);
            let kept = kept.unwrap_or_else(|| at.saturating_add(86_400_000_000));
            match id_of(row) {
                Some(id) if kept <= at => due.push(id),
                _ => next = Some(next.map_or(kept, |next: i64| next.min(kept))),
            }
        }
        for (terms, ids) in tenancy::together(inner, retention.entity, &due, terms) {
            if empty_rows(inner, retention.entity, ids, terms).await? {
                next = Some(at.saturating_add(60_000_000));
            }
        }
        after = last;
    }
}

async fn empty_rows<S: Store>(
    inner: &Arc<Inner<S>>,
    entity: EntityId,
    ids: Vec<u128>,
    terms: Terms,
) -> Result<bool, Problem> {
    let plans = inner.plans.clone();
    let watch = inner.watch();
    let changes = watch.changes();
    let emptied: Result<(usize, bool), Failure> = inner
        .store
        .write(terms, move |tx| {
            Box::pin(async move {
                let mut work = Work::new(plans.clone(), tx, now()).noting(changes);
                work.author = Some(Author::system("erasure", true));
                let (mut emptied, mut busy) = (0, false);
                for id in ids {
                    let key = (entity, id);
                    // A row that waits for a call is emptied afterwards.
                    busy |= work.store.job_on(entity, id).await?.is_some();
                    let Some(row) = take(&mut work, key).await? else { continue };
                    emptied += usize::from(empty(&mut work, key, &row).await?);
                    if plans.people.contains(&entity) {
                        work.store.unlink(entity, id).await?;
                    }
                }
                finish::flush(&mut work).await?;
                Ok((emptied, busy))
            })
        })
        .await;
    watch.done().await;
    let (emptied, busy) = emptied?;
    for _ in 0..emptied {
        inner.sweeper.count(entity, "erased");
    }
    Ok(busy)
}

/// Takes the person out of rows in the archive.
async fn forget_archived<S: Store>(inner: &Arc<Inner<S>>, person: &str) -> Result<(), Problem> {
    let mut after = String::new();
    loop {
        let (plans, owner, from) = (inner.plans.clone(), person.to_owned(), after.clone());
        let last: Result<Option<String>, Failure> = inner
            .store
            .write(Terms::SERVER, move |tx| {
                Box::pin(async move {
                    let found = tx.records(ARCHIVE, Some(&owner), &from, REQUESTS).await?;
                    for archived in &found {
                        let Some((entity, _)) = named(&plans.model, &archived.key) else {
                            continue;
                        };
                        let mut value: Json =
                            serde_json::from_str(&archived.value).unwrap_or_default();
                        let gone = strip(&plans.model, plans.model.entity(entity), &mut value);
                        let value = value.to_string();
                        tx.put_record(&Record { value, ..archived.clone() }).await?;
                        let mut work = Work::new(plans.clone(), tx, now());
                        files::let_go(&mut work, &gone).await?;
                    }
                    Ok(found.last().map(|last| last.key.clone()))
                })
            })
            .await;
        match last? {
            Some(last) => after = last,
            None => return Ok(()),
        }
    }
}

/// Takes personal data out of a row of the archive; what it was.
fn strip(model: &Model, entity: &Entity, value: &mut Json) -> Vec<Value> {
    let mut gone = Vec::new();
    let mut take = |of: &mut Json, name: &str| {
        gone.extend(codec::decode(&std::mem::take(&mut of[name])));
    };
    for field in entity.fields.iter().filter(|field| about_person(&model.schema, field)) {
        take(value, &field.name);
    }
    for part in &entity.parts {
        let rows = value.get_mut(part.name.value.as_str()).and_then(Json::as_array_mut);
        for row in rows.into_iter().flatten() {
            for field in part.fields.iter().filter(|field| about_person(&model.schema, field)) {
                take(row, &field.name);
            }
        }
    }
    gone
}
