//! New rows with what they start as, and the end of rows.

use std::sync::Arc;

use expression::{EntityId, FieldIndex, Row, Schema, Type, Value};
use model::Model;
use model::model::{BuiltIn, Default, Entity, Field};

use super::failure::Failure;
use super::work::{Key, Work};
use crate::store::Transaction;

/// A row as it starts: built-in fields, defaults, the initial state.
pub(crate) fn new_row(model: &Model, key: Key, now: i64) -> Row {
    let entity = model.entity(key.0);
    let fields = entity.fields.iter().map(|field| match field.built_in {
        Some(built_in) => built_in_value(entity, built_in, key.1, now),
        None => initial(field, now, &model.schema),
    });
    Row { entity: key.0, fields: fields.collect(), parts: vec![Vec::new(); entity.parts.len()] }
}

fn built_in_value(entity: &Entity, which: BuiltIn, id: u128, now: i64) -> Value {
    match which {
        BuiltIn::Id => Value::Uuid(id),
        BuiltIn::CreatedAt | BuiltIn::UpdatedAt => Value::Timestamp(now),
        BuiltIn::Version => Value::Int(1),
        BuiltIn::DeletedAt => Value::Null,
        BuiltIn::Status => {
            let first = entity.states.as_ref().and_then(|states| states.states.first());
            first.map_or(Value::Null, |(name, _)| Value::text(name.value.as_str()))
        }
    }
}

/// What a declared field starts as.
pub(crate) fn initial(field: &Field, now: i64, schema: &Schema) -> Value {
    match (&field.default, &field.ty) {
        (Some(Default::Value(value)), _) => value.clone(),
        (Some(Default::Now), _) => now_as(&field.ty, now, schema),
        (None, Type::List { .. }) => Value::List(Arc::from([])),
        (None, _) => Value::Null,
    }
}

/// The time of the transaction as a value of a type; a date is that of the system's time zone.
pub(crate) fn now_as(ty: &Type, now: i64, schema: &Schema) -> Value {
    match ty.required() {
        Type::Date => {
            let timestamp = jiff::Timestamp::from_microsecond(now).unwrap_or_default();
            Value::Date(timestamp.to_zoned(schema.settings.time_zone.clone()).date())
        }
        _ => Value::Timestamp(now),
    }
}

/// A part row as it starts.
pub(crate) fn new_part_row(model: &Model, entity: EntityId, part: u16, now: i64) -> Vec<Value> {
    let part = model.entity(entity).parts.get(usize::from(part));
    let value = |field| initial(field, now, &model.schema);
    part.map(|part| part.fields.iter().map(value).collect()).unwrap_or_default()
}

/// The value of a field of a row.
pub(crate) fn field(row: &Row, index: FieldIndex) -> &Value {
    row.fields.get(usize::from(index.0)).unwrap_or(&Value::Null)
}

/// The value of a built-in field, if the entity has it.
pub(crate) fn built_in<'r>(model: &Model, row: &'r Row, which: BuiltIn) -> Option<&'r Value> {
    Some(field(row, model.entity(row.entity).built_in(which)?))
}

/// The version of a row: its `ETag`.
pub(crate) fn version(model: &Model, row: &Row) -> Option<i64> {
    match built_in(model, row, BuiltIn::Version)? {
        Value::Int(version) => Some(*version),
        _ => None,
    }
}

/// Deletes a locked row: marks it where its entity is soft-deleted, else removes it.
pub(crate) fn delete<X: Transaction>(work: &mut Work<'_, X>, key: Key) -> Result<(), Failure> {
    match work.plans.model.entity(key.0).built_in(BuiltIn::DeletedAt) {
        Some(field) => work.set(key, field, Value::Timestamp(work.now)),
        None => {
            work.remove(key);
            Ok(())
        }
    }
}
