//! Values that the filling rule found, computed.

use std::sync::Arc;

use expression::{EntityId, FieldIndex, PartId, Type, Value, assign, row_id};
use model::model::Fill;

use super::failure::{Failure, does_not_fit, internal};
use super::row::new_part_row;
use super::scope::Scope;
use super::work::{Key, Work};
use crate::problem::{Problem, code};
use crate::store::{Snapshot, Work as Boxed};

/// The value of a fill.
pub(crate) fn fill<'f, X: Snapshot>(
    work: &'f mut Work<'_, X>,
    fill: &'f Fill,
    scope: &'f Scope,
) -> Boxed<'f, Value, Failure> {
    Box::pin(async move {
        match fill {
            Fill::Expression(expression) => work.evaluate(expression, scope).await,
            Fill::Lookup { entity, by, .. } => lookup(work, *entity, by, scope).await,
            Fill::Record(fills) => Ok(Value::Record(all(work, fills, scope).await?.into())),
            Fill::List(fills) => Ok(Value::List(all(work, fills, scope).await?.into())),
            Fill::Constant(value) => Ok(value.clone()),
            Fill::Now => Ok(Value::Timestamp(work.now)),
        }
    })
}

/// The values of several fills.
pub(crate) async fn all<X: Snapshot>(
    work: &mut Work<'_, X>,
    fills: &[Fill],
    scope: &Scope,
) -> Result<Vec<Value>, Failure> {
    let mut values = Vec::with_capacity(fills.len());
    for each in fills {
        values.push(fill(work, each, scope).await?);
    }
    Ok(values)
}

/// The value of a fill as a field holds it. `pointer` names the field where that fails.
pub(crate) async fn assigned<X: Snapshot>(
    work: &mut Work<'_, X>,
    value: &Fill,
    scope: &Scope,
    ty: &Type,
    pointer: &str,
) -> Result<Value, Failure> {
    let value = match value {
        Fill::Now => super::row::now_as(ty, work.now, &work.plans.model.schema),
        other => fill(work, other, scope).await?,
    };
    Ok(assign(value, ty, &work.plans.model.schema)
        .map_err(|error| does_not_fit(format!("/{pointer}"), error))?)
}

/// The row with a unique key.
async fn lookup<X: Snapshot>(
    work: &mut Work<'_, X>,
    entity: EntityId,
    by: &[(FieldIndex, Fill)],
    scope: &Scope,
) -> Result<Value, Failure> {
    let mut key = Vec::with_capacity(by.len());
    for (field, value) in by {
        let value = fill(work, value, scope).await?;
        key.push((*field, row_id(&value).map_or(value, Value::Uuid)));
    }
    if let Some(id) = work.find_changed(entity, &key) {
        return Ok(Value::Uuid(id));
    }
    let row = work.store.find(entity, &key).await?;
    let id = row.as_ref().and_then(|row| row_id(&Value::Row(row.clone())));
    let (Some(row), Some(id)) = (row, id) else {
        let name = &work.plans.model.entity(entity).name;
        return Err(
            Problem::invalid("", "unknown-reference", format!("There is no such {name}.")).into()
        );
    };
    work.seen((entity, id), row);
    Ok(Value::Uuid(id))
}

/// The rows of a part from a list (or one record), fields by name. `each` rows of expressions come
/// with the fields of their own type.
pub(crate) async fn part_rows<X: Snapshot>(
    work: &mut Work<'_, X>,
    value: &Fill,
    scope: &Scope,
    part: PartId,
) -> Result<Vec<Arc<[Value]>>, Failure> {
    let positions = match value {
        Fill::Expression(expression) => Some(positions_by_name(work, &expression.ty, part)),
        _ => None,
    };
    let rows = match fill(work, value, scope).await? {
        Value::List(rows) => rows.to_vec(),
        Value::Null => Vec::new(),
        one => vec![one],
    };
    rows.iter().map(|row| part_row(work, row, positions.as_deref(), part)).collect()
}

/// For each field of the source its position in the part.
fn positions_by_name<X>(
    work: &Work<'_, X>,
    source: &Type,
    part: PartId,
) -> Vec<Option<FieldIndex>> {
    let schema = &work.plans.model.schema;
    let of = match source.required() {
        Type::List { of, .. } => of.required(),
        other => other,
    };
    let fields = match of {
        Type::Part(source) => &schema.part(*source).fields,
        Type::Record(record) => &schema.record(*record).fields,
        _ => return Vec::new(),
    };
    fields.iter().map(|field| schema.part(part).field(&field.name)).collect()
}

fn part_row<X>(
    work: &Work<'_, X>,
    source: &Value,
    positions: Option<&[Option<FieldIndex>]>,
    part: PartId,
) -> Result<Arc<[Value]>, Failure> {
    let Value::Record(values) = source else {
        return Err(internal("a part is filled by something that is no record").into());
    };
    let schema = &work.plans.model.schema;
    let shape = schema.part(part);
    let mut row = new_part_row(&work.plans.model, part.entity, part.index, work.now);
    for (at, value) in values.iter().enumerate() {
        let to = match positions {
            Some(positions) => positions.get(at).copied().flatten().map(|f| usize::from(f.0)),
            None => Some(at),
        };
        let Some((slot, field)) = to.and_then(|to| Some((row.get_mut(to)?, shape.fields.get(to)?)))
        else {
            continue;
        };
        if value.is_null() && !field.ty.is_optional() && !slot.is_null() {
            continue;
        }
        *slot = part_value(work, value.clone(), &field.ty, &shape.name, &field.name)?;
    }
    Ok(row.into())
}

/// A value as the field of a part row holds it; null waits for a later effect.
pub(crate) fn part_value<X>(
    work: &Work<'_, X>,
    value: Value,
    ty: &Type,
    part: &str,
    field: &str,
) -> Result<Value, Failure> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let pointer = || format!("/{part}/{field}");
    Ok(assign(value, ty, &work.plans.model.schema)
        .map_err(|error| does_not_fit(pointer(), error))?)
}

/// The key of the row that a reference leads to.
pub(crate) fn referenced(ty: &Type, value: &Value) -> Result<Key, Failure> {
    match (ty.required(), row_id(value)) {
        (Type::Reference(entity), Some(id)) => Ok((*entity, id)),
        _ => Err(Problem::new(&code::EVALUATION_FAILED)
            .detail("missing value: a reference that an effect follows is empty")
            .into()),
    }
}
