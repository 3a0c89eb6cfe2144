//! The end of a transaction: every row written is whole and keeps its invariants, then it is
//! stored with what happened.

use std::collections::BTreeSet;
use std::sync::Arc;

use expression::{FieldIndex, Row, Type, Value, row_id};
use model::model::BuiltIn;

use super::effects::is_deleted;
use super::failure::Failure;
use super::work::{Key, Work};
use super::{files, invariants, journal, logins, referrers, row, turns};
use crate::problem::{FieldError, Problem, code};
use crate::store::{Tenant, Transaction};

/// Completes and checks every row that was written.
///
/// # Errors
/// 422 `validation-failed` for missing values, 409 with the invariant's code.
pub(crate) async fn check<X: Transaction>(work: &mut Work<'_, X>) -> Result<(), Failure> {
    let changed = work.changed();
    invariants::hold(work, &changed).await?;
    for key in changed {
        number(work, key).await?;
        stamp(work, key)?;
        let Some(row) = work.row(key).await? else { continue };
        if is_deleted(&work.plans.model, &row) {
            continue;
        }
        check_complete(work, &row)?;
        invariants::check(work, key, false).await?;
        check_ranges(work, &row)?;
    }
    Ok(())
}

/// Stores the rows that were written, then the events.
///
/// # Errors
/// 409 where a key is taken, a removed row is still referenced, or an invariant over all rows of an
/// entity is broken.
pub(crate) async fn flush<X: Transaction>(work: &mut Work<'_, X>) -> Result<(), Failure> {
    let changed = work.changed();
    let versions = work.versions(&changed);
    turns::before_writing(work, &changed).await?;
    let tenant = work.store.tenant();
    for key in work.writing_order() {
        write(work, key).await?;
    }
    re_enter(work, tenant).await?;
    work.forget_answers();
    for key in &changed {
        invariants::check(work, *key, true).await?;
    }
    if work.plans.holders.any() {
        files::count(work, &changed).await?;
    }
    let gone = |(key, before, _): &journal::Written| {
        let removed = work.rows.0.get(key).is_some_and(|entry| entry.now.is_none());
        (removed && before.is_some()).then_some(*key)
    };
    let removed: Vec<Key> = versions.iter().filter_map(gone).collect();
    referrers::check(work, &removed).await?;
    journal::record(work, &versions).await?;
    for event in std::mem::take(&mut work.events) {
        work.store.append(&event).await?;
    }
    Ok(())
}

/// Refuses what would break an invariant of a row that is not written, once everything is stored.
///
/// # Errors
/// 409 with the invariant's code.
pub(crate) async fn check_dependents<X: Transaction>(
    work: &mut Work<'_, X>,
) -> Result<(), Failure> {
    let written = work.versions(&work.changed());
    invariants::check_dependents(work, &written).await
}

/// Stores what was changed so far, so that questions about all rows see it: all but a target that
/// is still being made, and what refers to that.
pub(crate) async fn flush_for_questions<X: Transaction>(
    work: &mut Work<'_, X>,
    target: Key,
) -> Result<(), Failure> {
    let mut unwritten = BTreeSet::new();
    let tenant = work.store.tenant();
    let changed = work.changed();
    turns::before_writing(work, &changed).await?;
    for key in work.writing_order() {
        let row = work.rows.0.get(&key).and_then(|entry| entry.now.as_deref());
        let references = row.map(|row| work.references(row)).unwrap_or_default();
        let waits = references.iter().any(|key| unwritten.contains(key));
        if work.is_new(key) && (key == target || waits) {
            unwritten.insert(key);
        } else if !waits {
            write(work, key).await?;
        }
    }
    re_enter(work, tenant).await?;
    work.forget_answers();
    Ok(())
}

/// Goes on for whom the work was.
pub(super) async fn re_enter<X: Transaction>(
    work: &mut Work<'_, X>,
    tenant: Tenant,
) -> Result<(), Failure> {
    if work.store.tenant() != tenant {
        work.store.enter(tenant).await?;
    }
    Ok(())
}

/// Enters the tenant whose row is to be written: that of the work when it read or made it.
pub(super) async fn enter_of<X: Transaction>(
    work: &mut Work<'_, X>,
    key: Key,
) -> Result<(), Failure> {
    if !work.plans.tenants.as_ref().is_some_and(|tenants| tenants.owns(key.0)) {
        return Ok(());
    }
    match work.rows.0.get(&key).map(|entry| entry.tenant) {
        Some(tenant @ Tenant::One(_)) => re_enter(work, tenant).await?,
        _ if work.is_new(key) && work.store.tenant().id().is_none() => {
            return Err(Problem::new(&code::NO_TENANT).into());
        }
        _ => {}
    }
    Ok(())
}

/// Stores one row as it is now.
async fn write<X: Transaction>(work: &mut Work<'_, X>, key: Key) -> Result<(), Failure> {
    let plans = work.plans.clone();
    enter_of(work, key).await?;
    let Some(entry) = work.rows.0.get_mut(&key) else { return Ok(()) };
    let gone = entry.now.as_ref().is_none_or(|row| is_deleted(&plans.model, row));
    if gone && plans.people.contains(&key.0) {
        work.store.unlink(key.0, key.1).await?;
    }
    let tenant = work.store.tenant();
    let versions = [entry.stored.as_deref(), entry.now.as_deref()];
    work.changes.note(key.0, key.1, tenant, versions);
    logins::note(work.store, (&plans.logins, &plans.model), key.1, versions).await?;
    match (&entry.stored, &entry.now) {
        (None, Some(new)) => work.store.insert(new).await?,
        (Some(old), Some(new)) if old != new => work.store.update(old, new).await?,
        (Some(_), None) => work.store.delete(key.0, key.1).await?,
        _ => {}
    }
    entry.stored.clone_from(&entry.now);
    Ok(())
}

impl<X: Transaction> Work<'_, X> {
    /// The rows that differ from what they were, in the order of their first change.
    fn changed(&self) -> Vec<Key> {
        let written = self
            .rows
            .0
            .iter()
            .filter(|(_, e)| e.touched > 0 && (e.before != e.now || e.stored != e.now));
        let mut keys: Vec<(u32, Key)> = written.map(|(key, e)| (e.touched, *key)).collect();
        keys.sort_unstable();
        keys.into_iter().map(|(_, key)| key).collect()
    }

    /// Rows with what they were before and what they are now; deleted ones are none.
    fn versions(&self, keys: &[Key]) -> Vec<journal::Written> {
        let live =
            |row: &Option<Arc<Row>>| row.clone().filter(|row| !is_deleted(&self.plans.model, row));
        let version = |key: &Key| {
            let entry = self.rows.0.get(key)?;
            Some((*key, live(&entry.before), live(&entry.now)))
        };
        keys.iter().filter_map(version).collect()
    }

    /// The order of writing: as changed, but new rows before those that refer to them.
    fn writing_order(&self) -> Vec<Key> {
        let mut order = Vec::new();
        let mut visited = BTreeSet::new();
        for key in self.changed() {
            self.visit(key, &mut visited, &mut order);
        }
        order
    }

    fn visit(&self, key: Key, visited: &mut BTreeSet<Key>, order: &mut Vec<Key>) {
        let mut stack = vec![(key, false)];
        while let Some((key, expanded)) = stack.pop() {
            if expanded {
                order.push(key);
            } else if visited.insert(key) {
                stack.push((key, true));
                let row = self.rows.0.get(&key).and_then(|entry| entry.now.as_deref());
                let references = row.map(|row| self.references(row)).unwrap_or_default();
                let new = references.into_iter().filter(|key| self.is_new(*key));
                stack.extend(new.map(|key| (key, false)));
            }
        }
    }

    fn is_new(&self, key: Key) -> bool {
        self.rows.0.get(&key).is_some_and(|entry| entry.stored.is_none() && entry.now.is_some())
    }

    fn references(&self, row: &Row) -> Vec<Key> {
        let shape = self.plans.model.shape(row.entity);
        let own = shape.fields.iter().zip(&row.fields);
        let parts = shape.parts.iter().zip(&row.parts).flat_map(|(part, rows)| {
            rows.iter().flat_map(|row| part.fields.iter().zip(row.iter()))
        });
        let reference = |(field, value): (&expression::FieldShape, &Value)| match (
            field.ty.required(),
            row_id(value),
        ) {
            (Type::Reference(entity), Some(id)) => Some((*entity, id)),
            _ => None,
        };
        // The own id has the type of a reference too.
        own.skip(1).chain(parts).filter_map(reference).collect()
    }
}

/// Numbers of `sequence` fields, taken once the row they count for is known.
pub(crate) async fn number<X: Transaction>(
    work: &mut Work<'_, X>,
    key: Key,
) -> Result<(), Failure> {
    let plans = work.plans.clone();
    for (field, definition) in plans.model.entity(key.0).fields() {
        let Some(per) = definition.modifiers.sequence else { continue };
        let Some(row) = work.row(key).await? else { continue };
        let Some(per) = row_id(row::field(&row, per)) else { continue };
        if row::field(&row, field).is_null() {
            let number = work.store.next_in_sequence(key.0, field, per).await?;
            work.set(key, field, Value::Int(number))?;
        }
    }
    Ok(())
}

/// Counts the write, once for a transaction.
fn stamp<X: Transaction>(work: &mut Work<'_, X>, key: Key) -> Result<(), Failure> {
    let plans = work.plans.clone();
    let entity = plans.model.entity(key.0);
    let before = work.rows.0.get(&key).and_then(|entry| entry.before.clone());
    let (Some(before), Some(_)) = (before, work.rows.0.get(&key).and_then(|e| e.now.as_ref()))
    else {
        return Ok(());
    };
    if let Some(field) = entity.built_in(BuiltIn::Version) {
        let version = row::version(&plans.model, &before).unwrap_or(0);
        work.set(key, field, Value::Int(version.saturating_add(1)))?;
    }
    if let Some(field) = entity.built_in(BuiltIn::UpdatedAt) {
        work.set(key, field, Value::Timestamp(work.now))?;
    }
    Ok(())
}

/// Every required value is there, every part has as many rows as it may.
fn check_complete<X>(work: &Work<'_, X>, row: &Arc<Row>) -> Result<(), Failure> {
    let shape = work.plans.model.shape(row.entity);
    let mut errors = Vec::new();
    for (field, value) in shape.fields.iter().zip(&row.fields) {
        if value.is_null() && !field.ty.is_optional() {
            errors.push(missing(format!("/{}", field.name)));
        }
    }
    for (part, rows) in shape.parts.iter().zip(&row.parts) {
        for (at, values) in rows.iter().enumerate() {
            for (field, value) in part.fields.iter().zip(values.iter()) {
                if value.is_null() && !field.ty.is_optional() {
                    errors.push(missing(format!("/{}/{at}/{}", part.name, field.name)));
                }
            }
        }
        let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        if count < part.min || count > part.max {
            let detail = format!("Expected {} to {} rows, found {count}.", part.min, part.max);
            let pointer = format!("/{}", part.name);
            errors.push(FieldError { pointer, code: "item-count".into(), detail });
        }
    }
    if errors.is_empty() {
        return Ok(());
    }
    Err(Problem { errors, ..Problem::new(&code::VALIDATION_FAILED) }.into())
}

fn missing(pointer: String) -> FieldError {
    FieldError { pointer, code: "required".into(), detail: "A value is required.".to_owned() }
}

/// A range of an exclusive key that ends before it starts overlaps nothing: it would slip past the
/// key, and PostgreSQL knows no such range.
fn check_ranges<X: Transaction>(work: &Work<'_, X>, row: &Row) -> Result<(), Failure> {
    let entity = work.plans.model.entity(row.entity);
    for (start, end) in entity.exclusive.iter().map(|key| key.overlap) {
        let backwards = match (row::field(row, start), row::field(row, end)) {
            (Value::Timestamp(start), Value::Timestamp(end)) => start > end,
            (Value::Date(start), Value::Date(end)) => start > end,
            (Value::Time(start), Value::Time(end)) => start > end,
            (Value::Int(start), Value::Int(end)) => start > end,
            _ => false,
        };
        if backwards {
            let detail =
                format!("The value must not lie before `{}`.", entity.field(start).name.value);
            let pointer = format!("/{}", entity.field(end).name.value);
            return Err(Problem::invalid(pointer, "out-of-range", detail).into());
        }
    }
    Ok(())
}

/// The rows of the same context that `self` refers to and effects may read or write: locked
/// together, so that transactions do not wait for each other in a circle.
pub(crate) async fn lock_referenced<X: Transaction>(
    work: &mut Work<'_, X>,
    key: Key,
    fields: &[FieldIndex],
) -> Result<(), Failure> {
    let Some(row) = work.row(key).await? else { return Ok(()) };
    let plans = work.plans.clone();
    let entity = plans.model.entity(key.0);
    let keys = fields.iter().filter_map(|&field| {
        let ty = entity.field(field).ty.required();
        match (ty, row_id(row::field(&row, field))) {
            (Type::Reference(other), Some(id)) => Some((*other, id)),
            _ => None,
        }
    });
    let keys: Vec<Key> = keys.collect();
    work.lock(&keys).await
}
