//! Inputs: checked once more, their references looked up, assigned to the target.

use std::collections::BTreeMap;
use std::sync::Arc;

use decide::address_inputs::has_no_body;
use expression::{
    EntityId, FieldIndex, Row, Schema, Type, Value, assign, ir::VariableIndex, row_id,
    types::TextFormat,
};
use model::model::{Assigns, Default, Operation, Parameter};

use super::access::may_refer;
use super::address_input::in_address;
use super::effects::{Frame, is_deleted};
use super::failure::{Failure, internal};
use super::merge;
use super::plan::Plans;
use super::row::{self, new_part_row};
use super::session::Session;
use super::tenancy;
use super::work::{Key, Work};
use crate::call::{InputValues, Members};
use crate::problem::{FieldError, Problem, code};
use crate::store::{Snapshot, Transaction};

/// The inputs as the types of the model hold them: a second look after the protocol's, and the
/// only one for calls within the process.
///
/// # Errors
/// 422 with everything that is wrong.
pub(crate) fn check(
    operation: &Operation,
    input: &InputValues,
    schema: &Schema,
) -> Result<InputValues, Problem> {
    let mut errors = Vec::new();
    let mut values = Vec::with_capacity(operation.input.parameters.len());
    for (at, parameter) in operation.input.parameters.iter().enumerate() {
        let name = &parameter.name.value;
        let mut error = |code: &'static str, detail: String| {
            errors.push(FieldError { pointer: format!("/{name}"), code: code.into(), detail });
        };
        match input.values.get(at).cloned().flatten() {
            None if parameter.required => {
                error("required", "The property is required.".to_owned());
                values.push(None);
            }
            None => values.push(None),
            Some(value) => match checked(value, parameter, schema) {
                Ok(value) => values.push(Some(value)),
                Err(wrong) => error(wrong.code, wrong.message),
            },
        }
    }
    if errors.is_empty() {
        return Ok(InputValues::of(values));
    }
    Err(Problem { errors, ..Problem::new(&code::VALIDATION_FAILED) })
}

/// The inputs of a request, whole, if nothing is wrong with them and each row that they name is one
/// that the caller may refer to. `row` is what is written, if it exists.
///
/// # Errors
/// 422 with everything that is wrong; 400 where inputs stand in the address.
pub(crate) async fn sound<X: Snapshot>(
    work: &mut Work<'_, X>,
    session: &Session,
    operation: &Operation,
    input: &InputValues,
    row: Option<&Row>,
) -> Result<InputValues, Failure> {
    let plans = work.plans.clone();
    let told = |failure: Failure| match failure {
        Failure::Problem(problem) if has_no_body(operation) => in_address(*problem).into(),
        other => other,
    };
    let whole = merge::merged(&plans.model.schema, operation, input, row)?;
    let values = check(operation, &whole, &plans.model.schema).map_err(|of| told(of.into()))?;
    tenancy::settle(work, operation.entity(), None, Some((operation, &values))).await?;
    check_references(work, session, operation, &values, &input.merges).await.map_err(told)?;
    Ok(values)
}

fn checked(
    value: Value,
    parameter: &Parameter,
    schema: &Schema,
) -> Result<Value, expression::AssignError> {
    assign(value, &parameter.ty, schema)
}

/// A reference in an input, and where.
struct Found {
    entity: EntityId,
    id: u128,
    pointer: String,
}

/// Refuses references that the caller may not see, as if their rows did not exist. Of values that
/// were merged only what was sent is looked at: what the row had may be more than the caller sees.
pub(crate) async fn check_references<X: Snapshot>(
    work: &mut Work<'_, X>,
    session: &Session,
    operation: &Operation,
    input: &InputValues,
    merges: &BTreeMap<usize, Members>,
) -> Result<(), Failure> {
    let plans = work.plans.clone();
    let schema = &plans.model.schema;
    let mut found = Vec::new();
    let given = operation.input.parameters.iter().zip(&input.values);
    for (at, (parameter, value)) in given.enumerate() {
        let pointer = format!("/{}", parameter.name.value);
        match (merges.get(&at), parameter.ty.required(), value) {
            (Some(members), Type::Record(record), _) => {
                merge::sent(members, *record, schema, &pointer, &mut |value, ty, pointer| {
                    references(value, ty, schema, pointer, &mut found);
                });
            }
            (_, _, Some(value)) => references(value, &parameter.ty, schema, pointer, &mut found),
            _ => {}
        }
    }
    found.sort_by_key(|reference| reference.entity);
    for same in found.chunk_by(|a, b| a.entity == b.entity) {
        let ids: Vec<u128> = same.iter().map(|reference| reference.id).collect();
        if let Some(first) = same.first() {
            work.load(first.entity, &ids).await?;
        }
    }
    let mut errors = Vec::new();
    for Found { entity, id, pointer } in found {
        if !visible(work, session, (entity, id)).await? {
            let detail = format!("There is no such {}.", plans.model.entity(entity).name);
            errors.push(FieldError { pointer, code: "unknown-reference".into(), detail });
        }
    }
    if errors.is_empty() {
        return Ok(());
    }
    Err(Problem { errors, ..Problem::new(&code::VALIDATION_FAILED) }.into())
}

/// The rows that an input names, in the order of the parameters.
pub(crate) fn named(plans: &Plans, operation: &Operation, input: &InputValues) -> Vec<Key> {
    let mut found = Vec::new();
    for (parameter, value) in operation.input.parameters.iter().zip(&input.values) {
        if let Some(value) = value {
            references(value, &parameter.ty, &plans.model.schema, String::new(), &mut found);
        }
    }
    found.into_iter().map(|found| (found.entity, found.id)).collect()
}

/// Whether the caller may refer to a row.
pub(crate) async fn visible<X: Snapshot>(
    work: &mut Work<'_, X>,
    session: &Session,
    key: Key,
) -> Result<bool, Failure> {
    match work.row(key).await? {
        Some(row) if !is_deleted(&work.plans.model, &row) => may_refer(work, session, &row).await,
        _ => Ok(false),
    }
}

fn references(value: &Value, ty: &Type, schema: &Schema, pointer: String, found: &mut Vec<Found>) {
    match (ty.required(), value) {
        (Type::Reference(entity), value) => {
            if let Some(id) = row_id(value) {
                found.push(Found { entity: *entity, id, pointer });
            }
        }
        (Type::List { of, .. }, Value::List(items)) => {
            for (at, item) in items.iter().enumerate() {
                references(item, of, schema, format!("{pointer}/{at}"), found);
            }
        }
        (Type::Record(record), Value::Record(values)) => {
            for (field, value) in schema.record(*record).fields.iter().zip(values.iter()) {
                let pointer = format!("{pointer}/{}", field.name);
                references(value, &field.ty, schema, pointer, found);
            }
        }
        (Type::Part(part), Value::Record(values)) => {
            for (field, value) in schema.part(*part).fields.iter().zip(values.iter()) {
                let pointer = format!("{pointer}/{}", field.name);
                references(value, &field.ty, schema, pointer, found);
            }
        }
        _ => {}
    }
}

/// Assigns the inputs to the target and makes them visible as `input`. What is absent keeps the
/// value that the row has: its default where it is new.
pub(crate) async fn assign_all<X: Transaction>(
    work: &mut Work<'_, X>,
    frame: &mut Frame,
    input: &InputValues,
    creating: bool,
) -> Result<(), Failure> {
    let plans = work.plans.clone();
    let operation = plans.model.operation(frame.operation);
    for (parameter, value) in operation.input.parameters.iter().zip(&input.values) {
        let Some(value) = value else { continue };
        match &parameter.assigns {
            Assigns::Nothing => {}
            Assigns::Field(field) => {
                let definition = plans.model.entity(frame.key.0).field(*field);
                if definition.modifiers.immutable && !creating {
                    check_immutable(work, frame, *field, value, parameter).await?;
                    continue;
                }
                let value = assign(value.clone(), &definition.ty, &plans.model.schema);
                let value = value.map_err(|error| {
                    Problem::invalid(format!("/{}", parameter.name), error.code, error.message)
                })?;
                work.set(frame.key, *field, value)?;
            }
            Assigns::Part(part, fields) => {
                assign_part(work, frame, *part, fields, value)?;
            }
        }
    }
    let seen = seen(work, frame.key, operation, input).await?;
    frame.scope.set(VariableIndex::INPUT, seen);
    Ok(())
}

/// `immutable`: a later write may only repeat the value.
async fn check_immutable<X: Snapshot>(
    work: &mut Work<'_, X>,
    frame: &Frame,
    field: FieldIndex,
    value: &Value,
    parameter: &Parameter,
) -> Result<(), Failure> {
    let row = work.row(frame.key).await?;
    if row.is_some_and(|row| same(&parameter.ty, row::field(&row, field), value)) {
        return Ok(());
    }
    let detail = "The property is written when the row is created and never again.";
    Err(Problem::invalid(format!("/{}", parameter.name), "immutable", detail).into())
}

/// Whether two values of a type are the same: a row and its id are, and an address of mail however
/// its letters are written.
pub(super) fn same(ty: &Type, a: &Value, b: &Value) -> bool {
    match (ty.required(), a, b) {
        (Type::Text { format: TextFormat::Email, .. }, Value::Text(a), Value::Text(b)) => {
            a.to_lowercase() == b.to_lowercase()
        }
        _ => a == b || row_id(a).is_some_and(|id| row_id(b) == Some(id)),
    }
}

fn assign_part<X: Transaction>(
    work: &mut Work<'_, X>,
    frame: &Frame,
    part: u16,
    fields: &[FieldIndex],
    value: &Value,
) -> Result<(), Failure> {
    let inputs = match value {
        Value::List(items) => items.to_vec(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    };
    let mut rows: Vec<Arc<[Value]>> = Vec::with_capacity(inputs.len());
    for input in inputs {
        let Value::Record(values) = input else {
            return Err(internal("a part is assigned something that is no record").into());
        };
        let mut row = new_part_row(&work.plans.model, frame.key.0, part, work.now);
        for (field, value) in fields.iter().zip(values.iter()) {
            if let Some(slot) = row.get_mut(usize::from(field.0)) {
                *slot = row_id(value).map_or_else(|| value.clone(), Value::Uuid);
            }
        }
        rows.push(row.into());
    }
    work.change(frame.key, |row| {
        if let Some(slot) = row.parts.get_mut(usize::from(part)) {
            *slot = rows;
        }
    })
}

/// Inputs as expressions see them (`input`): what is absent is what the target has, the parameter's
/// default, or null.
pub(crate) async fn seen<X: Snapshot>(
    work: &mut Work<'_, X>,
    key: Key,
    operation: &Operation,
    input: &InputValues,
) -> Result<Value, Failure> {
    let plans = work.plans.clone();
    let row = work.row(key).await?;
    let values = operation.input.parameters.iter().enumerate().map(|(at, parameter)| {
        if let Some(value) = input.values.get(at).cloned().flatten() {
            return value;
        }
        match (&parameter.assigns, &row) {
            (Assigns::Field(field), Some(row)) => row::field(row, *field).clone(),
            (Assigns::Part(part, fields), Some(row)) => {
                let rows = row.parts.get(usize::from(*part)).map_or(&[][..], Vec::as_slice);
                part_as_input(rows, fields, &parameter.ty)
            }
            _ => absent(parameter, work.now, &plans.model.schema),
        }
    });
    Ok(Value::Record(values.collect()))
}

fn part_as_input(rows: &[Arc<[Value]>], fields: &[FieldIndex], ty: &Type) -> Value {
    let pick = |row: &Arc<[Value]>| {
        let field = |at: &FieldIndex| row.get(usize::from(at.0)).cloned().unwrap_or_default();
        Value::Record(fields.iter().map(field).collect())
    };
    match ty.required() {
        Type::List { .. } => Value::List(rows.iter().map(pick).collect()),
        _ => rows.first().map(pick).unwrap_or_default(),
    }
}

/// What a parameter is when nothing was sent.
pub(crate) fn absent(parameter: &Parameter, now: i64, schema: &Schema) -> Value {
    match (&parameter.default, &parameter.ty) {
        (Some(Default::Value(value)), _) => value.clone(),
        (Some(Default::Now), ty) => row::now_as(ty, now, schema),
        (None, Type::List { .. }) => Value::List(Arc::from([])),
        (None, _) => Value::Null,
    }
}
