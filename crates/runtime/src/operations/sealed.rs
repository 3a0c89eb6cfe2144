//! What cannot be done with fields that are encrypted one by one, and what is not built yet.

use base::{Diagnostic, Span};
use decide::sealed::{is_clear_secret, is_sealed};
use expression::ir::{Expression, Kind};
use expression::{EntityId, FieldIndex, Type};
use model::Model;
use model::model::{Effect, EffectKind, Entity, Field, Operation};

use super::guards::guard;
use super::walk::fill;

/// Where an encrypted field would stand in the clear, or could not do what the model asks of it.
pub(super) fn refused(model: &Model, keys: bool, errors: &mut Vec<Diagnostic>) {
    for entity in &model.entities {
        for field in fields(entity).filter(|field| is_sealed(field)) {
            errors.extend(of_field(entity, field));
        }
    }
    let first = model.entities.iter().flat_map(fields).find(|field| is_sealed(field));
    if let (Some(field), false) = (first, keys) {
        let message = "encrypted fields need keys, and there are none";
        errors.push(
            Diagnostic::error("guard-not-built", field.name.span, message)
                .label("encrypted")
                .help("`firm up` makes `fields.keys` in the data folder, or reads `--field-keys`"),
        );
    }
    for operation in &model.operations {
        errors.extend(handed_on(model, operation));
    }
}

/// Secrets that the database sees, each with its place.
pub(super) fn in_the_clear(model: &Model) -> impl Iterator<Item = (Span, String)> {
    let all = model.entities.iter().flat_map(fields).filter(|field| is_clear_secret(field));
    all.map(|field| {
        let why = if field.modifiers.unique { "is unique" } else { "is a reference or a file" };
        let name = &field.name.value;
        (field.name.span, format!("the secret `{name}` {why}: it is stored in the clear"))
    })
}

fn fields(entity: &Entity) -> impl Iterator<Item = &Field> {
    entity.fields.iter().chain(entity.parts.iter().flat_map(|part| &part.fields))
}

fn of_field(entity: &Entity, field: &Field) -> Option<Diagnostic> {
    let span = field.name.span;
    let at = entity.fields().find(|(_, of)| std::ptr::eq(*of, field)).map(|(at, _)| at);
    let in_key = |key: &[FieldIndex]| at.is_some_and(|at| key.contains(&at));
    let unique = field.modifiers.unique || entity.unique.iter().any(|key| in_key(&key.fields));
    if unique {
        return Some(guard("unique", span, "`unique` on an encrypted field (a keyed hash)"));
    }
    match field.ty.required() {
        Type::Reference(_) => Some(guard("sensitive", span, "`sensitive` on a reference")),
        Type::File { .. } => Some(guard("sensitive", span, "`sensitive` on a file")),
        _ => None,
    }
}

/// An encrypted value that an event would carry off, to where it stands in the clear.
fn handed_on(model: &Model, operation: &Operation) -> Option<Diagnostic> {
    let mut found = None;
    carried(&operation.effects, &mut |expression| {
        if found.is_none() && reads(model, expression) {
            found = Some(expression.span);
        }
    });
    let what = "an encrypted value in an event, where it would be in the clear,";
    found.map(|span| guard("this value", span, what))
}

fn carried(effects: &[Effect], see: &mut dyn FnMut(&Expression)) {
    for effect in effects {
        match &effect.kind {
            EffectKind::Emit { payload, .. } => payload.iter().for_each(|value| fill(value, see)),
            EffectKind::Call(call) => {
                carried(&call.refused, see);
                carried(call.fallback.as_deref().unwrap_or_default(), see);
            }
            _ => {}
        }
    }
}

/// Whether an expression reads an encrypted field.
fn reads(model: &Model, expression: &Expression) -> bool {
    let own = match &expression.kind {
        Kind::Field { of, field } => match of.ty.required() {
            Type::Reference(entity) => marked(model, *entity, None, *field),
            Type::Part(part) => marked(model, part.entity, Some(part.index), *field),
            _ => false,
        },
        _ => false,
    };
    own || expression.children().any(|child| reads(model, child))
}

fn marked(model: &Model, entity: EntityId, part: Option<u16>, field: FieldIndex) -> bool {
    let entity = model.entity(entity);
    let fields = match part {
        None => Some(&entity.fields),
        Some(part) => entity.parts.get(usize::from(part)).map(|part| &part.fields),
    };
    fields.and_then(|all| all.get(usize::from(field.0))).is_some_and(is_sealed)
}
