//! A required field that nothing assigns is an error, before any request finds out.

use std::collections::{BTreeMap, BTreeSet};

use base::{Diagnostic, Span};
use expression::{FieldIndex, Type};

use crate::model::{Assigns, Entity, Field, Operation, OperationKind, SetPath};

/// What an operation assigns to its row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Assigned {
    /// Fields, with the call after which alone they are assigned.
    fields: BTreeMap<FieldIndex, Option<Span>>,
    /// Parts of which all rows are given, with their fields.
    parts: BTreeMap<u16, BTreeSet<FieldIndex>>,
    /// Parts that are assigned whole.
    whole: BTreeSet<u16>,
}

impl Assigned {
    /// What the input assigns.
    pub(crate) fn by_input(operation: &Operation) -> Self {
        let mut assigned = Self::default();
        for parameter in &operation.input.parameters {
            match &parameter.assigns {
                Assigns::Nothing => {}
                Assigns::Field(field) => {
                    assigned.fields.insert(*field, None);
                }
                Assigns::Part(part, fields) => {
                    assigned.parts.entry(*part).or_default().extend(fields);
                }
            }
        }
        if let crate::model::Addressed::Key(key) = operation.addressed {
            assigned.fields.insert(key, None);
        }
        assigned
    }

    /// What a `set` assigns; after a durable call it comes too late for the first commit.
    pub(crate) fn by_set(&mut self, path: SetPath, after: Option<Span>) {
        match path {
            SetPath::Field(field) => {
                self.fields.entry(field).or_insert(after);
            }
            SetPath::Through { .. } => {}
            SetPath::PartField { part, field } => {
                self.parts.entry(part.index).or_default().insert(field);
            }
            SetPath::Part(part) => {
                self.whole.insert(part.index);
            }
        }
    }

    /// Reports required fields of new rows that nothing assigns.
    pub(crate) fn check(
        &self,
        operation: &Operation,
        entity: &Entity,
        shape: &expression::EntityShape,
        sink: &mut Vec<Diagnostic>,
    ) {
        let creates = operation.kind == OperationKind::Create || operation.upsert;
        if creates {
            for (index, field) in entity.fields().filter(|(_, field)| is_required(field)) {
                match self.fields.get(&index) {
                    Some(None) => {}
                    Some(Some(call)) => sink.push(too_late(operation, field, *call)),
                    None => sink.push(unassigned(operation, &field.name, field.name.span)),
                }
            }
        }
        for (at, (part, shape)) in (0u16..).zip(entity.parts.iter().zip(&shape.parts)) {
            let given = self.parts.get(&at);
            if self.whole.contains(&at) {
                continue;
            }
            let written = operation.input.parameters.iter().any(
                |parameter| matches!(&parameter.assigns, Assigns::Part(part, _) if *part == at),
            );
            if creates && !written && !shape.one && shape.min > 0 {
                sink.push(unassigned(operation, &part.name, part.name.span));
            }
            for (index, field) in (0u16..).map(FieldIndex).zip(&part.fields) {
                let assigned = given.is_some_and(|fields| fields.contains(&index));
                if written && !assigned && is_required(field) {
                    let name = format!("{}.{}", part.name, field.name);
                    sink.push(unassigned(operation, &name, field.name.span));
                }
            }
        }
    }
}

/// Whether a row cannot do without a value for the field.
fn is_required(field: &Field) -> bool {
    let spared = matches!(field.ty, Type::Optional(_) | Type::List { min: 0, .. });
    field.built_in.is_none()
        && !spared
        && field.default.is_none()
        && field.modifiers.sequence.is_none()
}

fn unassigned(operation: &Operation, name: &str, declared: Span) -> Diagnostic {
    let message = format!("`{}` never assigns `{name}`, which is required", operation.name);
    Diagnostic::error("unassigned-field", operation.name.span, message)
        .related(declared, "required: neither `?` nor a default")
        .help(format!("add it to `input`, or assign it with `set: {{ {name}: .. }}`"))
}

fn too_late(operation: &Operation, field: &Field, call: Span) -> Diagnostic {
    let message = format!("`{}` assigns `{}` only after a call", operation.name, field.name);
    Diagnostic::error("unassigned-field", operation.name.span, message)
        .related(call, "what precedes this call is committed, the row with it")
        .related(field.name.span, "required: neither `?` nor a default")
        .help("assign it before the call, or make it optional with `?`")
}
