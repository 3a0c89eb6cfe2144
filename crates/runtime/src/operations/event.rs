//! Events: what happened, written to the outbox with the change itself.

use std::sync::Arc;

use expression::{RecordId, Type, Value, ir::VariableIndex, row_id};
use model::model::{EventId, Fill};

use super::clock::new_id;
use super::failure::{Failure, internal};
use super::fill;
use super::scope::Scope;
use super::work::Work;
use crate::json::write_value;
use crate::store::{OutboxEvent, Snapshot};

/// Notes an event; it reaches the outbox when the transaction is finished.
pub(crate) async fn emit<X: Snapshot>(
    work: &mut Work<'_, X>,
    event: EventId,
    payload: &[Fill],
    scope: &Scope,
) -> Result<(), Failure> {
    let plans = work.plans.clone();
    let definition = plans.model.event(event);
    let mut values = Vec::with_capacity(payload.len());
    for (at, value) in payload.iter().enumerate() {
        let value = fill::fill(work, value, scope).await?;
        values.push(payload_value(work, definition.payload, at, value).await?);
    }
    let payload: Arc<[Value]> = values.into();
    let key = match &definition.key {
        Some(key) => {
            let scope = work.scope().with(VariableIndex::EVENT, Value::Record(payload.clone()));
            let value = work.evaluate(key, &scope).await?;
            plain(work, &key.ty, &value)
        }
        None => String::new(),
    };
    let ty = Type::Record(definition.payload);
    let payload = text(work, &ty, &Value::Record(payload));
    let context = &plans.model.context(definition.context).name;
    work.events.push(OutboxEvent {
        id: new_id(),
        event: format!("{context}.{}", definition.name),
        key,
        payload,
        at: work.now,
        tenant: work.store.tenant().id(),
    });
    Ok(())
}

/// A value as JSON.
fn text<X>(work: &Work<'_, X>, ty: &Type, value: &Value) -> String {
    let mut json = Vec::new();
    write_value(&mut json, &work.plans.model.schema, ty, value);
    String::from_utf8(json).unwrap_or_default()
}

/// A value as a key: what JSON would quote stands alone.
fn plain<X>(work: &Work<'_, X>, ty: &Type, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Text(text) => text.to_string(),
        value => text(work, ty, value).trim_matches('"').to_owned(),
    }
}

/// A value as the payload holds it: an entity is its id, a snapshot its fields by name.
async fn payload_value<X: Snapshot>(
    work: &mut Work<'_, X>,
    payload: RecordId,
    at: usize,
    value: Value,
) -> Result<Value, Failure> {
    let plans = work.plans.clone();
    let schema = &plans.model.schema;
    let Some(field) = schema.record(payload).fields.get(at) else {
        return Err(internal("an event has more values than fields").into());
    };
    let value = match (field.ty.required(), row_id(&value)) {
        (Type::Reference(_), Some(id)) => return Ok(Value::Uuid(id)),
        (Type::Record(snapshot), Some(_)) => snapshot_of(work, *snapshot, &value),
        _ => value,
    };
    Ok(expression::assign(value, &field.ty, schema).map_err(|error| {
        crate::problem::Problem::invalid("", error.code, format!("{}: {error}", field.name))
    })?)
}

/// The fields and parts of a row that a snapshot names.
fn snapshot_of<X>(work: &Work<'_, X>, snapshot: RecordId, value: &Value) -> Value {
    let Value::Row(row) = value else { return Value::Null };
    let model = &work.plans.model;
    let shape = model.shape(row.entity);
    let fields = model.schema.record(snapshot).fields.iter().map(|field| {
        if let Some(index) = shape.field(&field.name) {
            return super::row::field(row, index).clone();
        }
        let part = shape.part(&field.name).and_then(|part| row.parts.get(usize::from(part)));
        let rows = part.map(|rows| rows.iter().cloned().map(Value::Record).collect::<Vec<_>>());
        rows.map_or(Value::Null, |rows| Value::List(rows.into()))
    });
    Value::Record(fields.collect())
}
