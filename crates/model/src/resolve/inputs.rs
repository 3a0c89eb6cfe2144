//! Inputs: the list form, whose values are assigned to fields of the target, and the map form,
//! whose parameters are assigned to nothing.

use std::collections::BTreeMap;

use base::{Diagnostic, Span, Spanned, did_you_mean};
use expression::{EntityId, FieldIndex, FieldShape, PartShape, RecordShape, Type};

use super::fields::Resolved;
use super::names::position;
use super::operations::Declared;
use super::types::{Types, shape};
use crate::model::{Assigns, Entity, Field, Input, Modifiers, OperationKind, Parameter};
use crate::syntax::{self, Path};

/// The input of an operation.
pub(crate) fn input(
    types: &mut Types<'_, '_>,
    entity: Option<(EntityId, &Entity)>,
    declared: &Declared<'_>,
    sink: &mut Vec<Diagnostic>,
) -> Input {
    let kind = declared.kind.value;
    let parameters = match declared.syntax.input.as_ref() {
        None => Vec::new(),
        Some(written) => match (&written.value, entity) {
            (syntax::Input::Parameters(fields), _) => {
                let fields = types.record_fields(fields, Some(declared.context), sink);
                fields.into_iter().map(parameter).collect()
            }
            (syntax::Input::Fields(paths), Some((id, entity))) => {
                list_form(types, declared, (id, entity), paths, sink)
            }
            (syntax::Input::Fields(_), None) => Vec::new(),
        },
    };
    let shapes = parameters.iter().map(|parameter| {
        let assigned = parameter.assigns != Assigns::Nothing;
        let absent = assigned && !parameter.required && parameter.default.is_none();
        let absent = absent && (kind == OperationKind::Update || parameter.ty.is_optional());
        let ty = parameter.ty.clone();
        shape(&parameter.name, if absent { ty.optional() } else { ty })
    });
    let fields: Vec<FieldShape> = shapes.collect();
    let name = format!("input of {}", declared.name);
    let record = types.schema.add_record(RecordShape { name, fields });
    Input { record, parameters }
}

/// Whether nothing is not a value: an unfilled `?` is null, an unfilled list empty.
const fn needs_value(ty: &Type) -> bool {
    !ty.is_optional() && !matches!(ty, Type::List { min: 0, .. })
}

/// A parameter of the map form.
fn parameter(resolved: Resolved) -> Parameter {
    let Field { name, ty, default, modifiers, .. } = resolved.field;
    Parameter {
        required: needs_value(&ty) && default.is_none(),
        name,
        ty,
        default,
        modifiers,
        assigns: Assigns::Nothing,
    }
}

fn list_form(
    types: &mut Types<'_, '_>,
    declared: &Declared<'_>,
    (id, entity): (EntityId, &Entity),
    paths: &[Path],
    sink: &mut Vec<Diagnostic>,
) -> Vec<Parameter> {
    let shape = types.schema.entity(id).clone();
    let mut parameters: Vec<Parameter> = Vec::new();
    let mut parts: BTreeMap<u16, usize> = BTreeMap::new();
    let mut seen: BTreeMap<String, Span> = BTreeMap::new();
    for path in paths {
        let Some(first) = path.segments.first() else { continue };
        if let Some(other) = seen.insert(path.to_string(), path.span) {
            let message = format!("`{path}` is listed twice");
            sink.push(
                Diagnostic::error("duplicate-name", path.span, message)
                    .related(other, "first here"),
            );
            continue;
        }
        if let Some(part) = shape.part(first) {
            let Some(written) = part_fields(types, entity, part, path, sink) else { continue };
            let at = *parts.entry(part).or_insert_with(|| {
                parameters.push(part_parameter(first, part, declared.kind.value));
                parameters.len() - 1
            });
            if let Some(Parameter { assigns: Assigns::Part(_, fields), .. }) =
                parameters.get_mut(at)
            {
                fields.extend(
                    written.into_iter().filter(|field| !fields.contains(field)).collect::<Vec<_>>(),
                );
            }
            continue;
        }
        let field = shape.field(first).filter(|_| path.segments.len() == 1);
        let Some(field) = field else {
            report_unknown(types, path, entity, sink);
            continue;
        };
        if !refuse_unwritable(entity.field(field), path, declared.kind.value, sink) {
            parameters.push(field_parameter(entity.field(field), field, path, declared.kind.value));
        }
    }
    for parameter in &mut parameters {
        finish_part(types, declared, &shape.parts, parameter);
    }
    parameters
}

fn report_unknown(types: &Types<'_, '_>, path: &Path, entity: &Entity, sink: &mut Vec<Diagnostic>) {
    let first = path.segments.first().map_or("", |segment| segment.value.as_str());
    if types.poison.contains(first) {
        return;
    }
    let fields = entity.fields.iter().filter(|field| field.built_in.is_none());
    let parts = entity.parts.iter().map(|part| part.name.as_str());
    let known = fields.map(|field| field.name.as_str()).chain(parts);
    let message = format!("`{}` has no field `{path}`", entity.name);
    sink.push(
        Diagnostic::error("unknown-field", path.span, message)
            .related(entity.name.span, "the entity")
            .help("parameters that are no fields take the map form: `input: { name: type }`")
            .suggest(did_you_mean(first, known)),
    );
}

fn field_parameter(
    field: &Field,
    index: FieldIndex,
    path: &Path,
    kind: OperationKind,
) -> Parameter {
    let creates = kind == OperationKind::Create;
    let default = field.default.clone().filter(|_| creates);
    let required = needs_value(&field.ty) && default.is_none() && kind != OperationKind::Update;
    Parameter {
        name: Spanned::new(field.name.value.clone(), path.span),
        ty: field.ty.clone(),
        required,
        default,
        modifiers: field.modifiers.clone(),
        assigns: Assigns::Field(index),
    }
}

fn part_parameter(name: &Spanned<String>, part: u16, kind: OperationKind) -> Parameter {
    Parameter {
        name: name.clone(),
        ty: Type::Null,
        required: kind != OperationKind::Update,
        default: None,
        modifiers: Modifiers::default(),
        assigns: Assigns::Part(part, Vec::new()),
    }
}

/// Gives a part's parameter its type: a list of records of the fields that are written.
fn finish_part(
    types: &mut Types<'_, '_>,
    declared: &Declared<'_>,
    parts: &[PartShape],
    parameter: &mut Parameter,
) {
    let Assigns::Part(part, fields) = &parameter.assigns else { return };
    let Some(part) = parts.get(usize::from(*part)) else { return };
    let shapes = fields.iter().filter_map(|field| part.fields.get(usize::from(field.0)).cloned());
    let name = format!("{} of {}", parameter.name, declared.name);
    let record =
        Type::Record(types.schema.add_record(RecordShape { name, fields: shapes.collect() }));
    let optional = part.one || part.min == 0;
    parameter.required = parameter.required && !optional;
    parameter.ty = if part.one {
        record.optional()
    } else {
        Type::List { of: Box::new(record), min: part.min, max: part.max }
    };
}

/// The fields of a part that a path writes: one, or all that clients may write.
fn part_fields(
    types: &Types<'_, '_>,
    entity: &Entity,
    part: u16,
    path: &Path,
    sink: &mut Vec<Diagnostic>,
) -> Option<Vec<FieldIndex>> {
    let part = entity.parts.get(usize::from(part))?;
    let index = |at: usize| FieldIndex(position(at, u16::MAX));
    let name = match path.segments.as_slice() {
        [_] => {
            let writable = part
                .fields
                .iter()
                .enumerate()
                .filter(|(_, field)| !field.modifiers.readonly && !field.modifiers.internal);
            return Some(writable.map(|(at, _)| index(at)).collect());
        }
        [_, name] => name,
        _ => {
            report_unknown(types, path, entity, sink);
            return None;
        }
    };
    let Some(at) = part.fields.iter().position(|field| field.name.value == name.value) else {
        if !types.poison.contains(&name.value) {
            let known = part.fields.iter().map(|field| field.name.as_str());
            let message = format!("the part `{}` has no field `{name}`", part.name);
            sink.push(
                Diagnostic::error("unknown-field", name.span, message)
                    .suggest(did_you_mean(name, known)),
            );
        }
        return None;
    };
    let field = part.fields.get(at)?;
    // The rows of a part are replaced as a whole, so even `immutable` fields are written anew.
    (!refuse_unwritable(field, path, OperationKind::Create, sink)).then(|| vec![index(at)])
}

/// Refuses inputs that clients must not write.
fn refuse_unwritable(
    field: &Field,
    path: &Path,
    kind: OperationKind,
    sink: &mut Vec<Diagnostic>,
) -> bool {
    let reason = if field.built_in.is_some() {
        "built in"
    } else if field.modifiers.readonly {
        "`readonly`"
    } else if field.modifiers.internal {
        "`internal`"
    } else if field.modifiers.immutable && kind != OperationKind::Create {
        "`immutable`: written only on create"
    } else {
        return false;
    };
    let message = format!("clients cannot write `{path}`: it is {reason}");
    let mut diagnostic = Diagnostic::error("unwritable-input", path.span, message);
    if field.built_in.is_none() {
        diagnostic = diagnostic.related(field.name.span, "declared here");
    }
    sink.push(diagnostic.help("leave it out, or assign it with `set`"));
    true
}
