//! Fields: their types, defaults and modifiers.

use std::collections::BTreeMap;

use base::{Diagnostic, Spanned};
use expression::{
    Ast, AstKind, Environment, FieldIndex, FieldShape, Money, NoRows, RecordId, Schema, Scope,
    Type, Value, assign, check, evaluate,
};
use rust_decimal::prelude::ToPrimitive as _;

use super::names::position;
use super::types::{Types, shape};
use crate::model::{ContextId, Default, Field, Modifiers};
use crate::syntax::{self, Literal, Modifier, Named};

/// A resolved field, in both of its forms.
pub(crate) struct Resolved {
    /// What expressions see.
    pub(crate) shape: FieldShape,
    /// What it means to clients.
    pub(crate) field: Field,
}

impl Types<'_, '_> {
    /// The fields of a record. What is wrong is reported and left out.
    pub(crate) fn record_fields(
        &mut self,
        fields: &Named<syntax::Field>,
        home: Option<ContextId>,
        sink: &mut Vec<Diagnostic>,
    ) -> Vec<Resolved> {
        let mut resolved = Vec::with_capacity(fields.len());
        for (name, field) in fields {
            refuse_storage_modifiers(field, sink);
            match self.field(name, field, home, sink) {
                Some(field) => resolved.push(field),
                None => self.poison(name),
            }
        }
        resolved
    }

    /// Remembers what the fields of a record are where an input leaves them out.
    pub(crate) fn keep_defaults(&mut self, record: RecordId, fields: &[Resolved]) {
        for (at, resolved) in (0..).zip(fields) {
            if let Some(Default::Value(value)) = &resolved.field.default {
                self.schema.defaults.insert((record, at), value.clone());
            }
        }
    }

    /// A field with its default. `sequence` is resolved by [`sequences`], when all fields of its
    /// entity are known.
    pub(crate) fn field(
        &mut self,
        name: &Spanned<String>,
        field: &syntax::Field,
        home: Option<ContextId>,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Resolved> {
        let ty = self.resolve(&field.ty, home, sink)?;
        let ty = if field.optional.is_some() { ty.optional() } else { ty };
        let default = field.default.as_ref().and_then(|literal| {
            default_value(literal, &ty, &self.schema)
                .map_err(|diagnostic| sink.push(*diagnostic))
                .ok()
        });
        let modifiers = modifiers(&field.modifiers, &ty, &self.schema, sink);
        Some(Resolved {
            shape: shape(name, ty.clone()),
            field: Field {
                name: name.clone(),
                ty,
                built_in: None,
                default,
                modifiers,
                doc: field.doc.as_ref().map(|doc| doc.value.clone()),
            },
        })
    }
}

fn modifiers(
    written: &[Spanned<Modifier>],
    ty: &Type,
    schema: &Schema,
    sink: &mut Vec<Diagnostic>,
) -> Modifiers {
    let mut modifiers = Modifiers::default();
    for modifier in written {
        let flag = match &modifier.value {
            Modifier::Immutable => &mut modifiers.immutable,
            Modifier::Readonly => &mut modifiers.readonly,
            Modifier::Internal => &mut modifiers.internal,
            Modifier::Secret => &mut modifiers.secret,
            Modifier::Sensitive => &mut modifiers.sensitive,
            Modifier::Unique => &mut modifiers.unique,
            Modifier::Search => &mut modifiers.search,
            Modifier::Pii => &mut modifiers.pii,
            Modifier::Sequence(_) => continue,
        };
        *flag = true;
    }
    for modifier in written {
        if let Some((id, message, help)) = unfit(&modifier.value, &modifiers, ty, schema) {
            sink.push(Diagnostic::error(id, modifier.span, message).help(help));
        }
    }
    modifiers
}

/// Why a modifier does not go with the type or with another modifier.
fn unfit(
    modifier: &Modifier,
    all: &Modifiers,
    ty: &Type,
    schema: &Schema,
) -> Option<(&'static str, String, &'static str)> {
    let described = ty.required().describe(schema);
    match modifier {
        Modifier::Search if !matches!(ty.required(), Type::Text { .. }) => Some((
            "misplaced-modifier",
            format!("`search` on a {described} field"),
            "full-text search reads text: leave it out, or use `filter`",
        )),
        Modifier::Search if all.secret || all.sensitive || all.internal => Some((
            "conflicting-modifiers",
            "`search` on a field that clients must not read".to_owned(),
            "leave `search` out",
        )),
        Modifier::Unique if !is_key(ty) => Some((
            "misplaced-modifier",
            format!("`unique` on a {described} field"),
            "keys are made of plain values and references",
        )),
        Modifier::Sequence(_) if !matches!(ty.required(), Type::Int { .. }) => Some((
            "misplaced-modifier",
            format!("`sequence` on a {described} field"),
            "a counter is an `int`",
        )),
        Modifier::Immutable if all.readonly => Some((
            "conflicting-modifiers",
            "`immutable` and `readonly` on one field".to_owned(),
            "`readonly` is never written by clients: leave `immutable` out",
        )),
        _ => None,
    }
}

/// Whether values of the type can be compared and indexed, so that they can be part of a key.
pub(crate) fn is_key(ty: &Type) -> bool {
    !matches!(
        ty.required(),
        Type::List { .. }
            | Type::Json
            | Type::File { .. }
            | Type::Geo
            | Type::Float
            | Type::Record(_)
            | Type::Part(_)
            | Type::Null
    )
}

/// Parameters and payloads are not stored: nothing there is unique, counted, searched or kept from
/// being written.
fn refuse_storage_modifiers(field: &syntax::Field, sink: &mut Vec<Diagnostic>) {
    for modifier in &field.modifiers {
        let name = match modifier.value {
            Modifier::Unique => "unique",
            Modifier::Search => "search",
            Modifier::Sequence(_) => "sequence",
            Modifier::Immutable => "immutable",
            Modifier::Readonly => "readonly",
            Modifier::Internal => "internal",
            Modifier::Secret | Modifier::Sensitive | Modifier::Pii => continue,
        };
        let message = format!("`{name}` says nothing here");
        sink.push(
            Diagnostic::error("misplaced-modifier", modifier.span, message)
                .note("it is about stored fields")
                .help("leave it out"),
        );
    }
}

/// What keeps a value from those whom it is not meant for is about a whole field of an entity:
/// within a value it would be kept back from nobody.
pub(crate) fn refuse_marks_within(fields: &Named<syntax::Field>, sink: &mut Vec<Diagnostic>) {
    for (_, field) in fields {
        for modifier in &field.modifiers {
            let name = match modifier.value {
                Modifier::Secret => "secret",
                Modifier::Sensitive => "sensitive",
                Modifier::Pii => "pii",
                _ => continue,
            };
            let message = format!("`{name}` keeps nothing back within a value");
            sink.push(
                Diagnostic::error("misplaced-modifier", modifier.span, message)
                    .note("a value is shown, stored, encrypted and erased as a whole")
                    .help(format!("write `{name}` at the field that holds it, or make this one a field of the entity or of a part")),
            );
        }
    }
}

/// Resolves `sequence(field)` among the fields of an entity.
pub(crate) fn sequences(
    written: &Named<syntax::Field>,
    fields: &mut [Field],
    sink: &mut Vec<Diagnostic>,
) {
    let by_name: BTreeMap<String, FieldIndex> = fields
        .iter()
        .enumerate()
        .map(|(at, field)| (field.name.value.clone(), FieldIndex(position(at, u16::MAX))))
        .collect();
    for (name, syntax) in written {
        let sequence = syntax.modifiers.iter().find_map(|modifier| match &modifier.value {
            Modifier::Sequence(of) => Some(of),
            _ => None,
        });
        let Some(of) = sequence else { continue };
        let Some(index) = by_name.get(&of.value) else {
            sink.push(unknown_field(of, by_name.keys().map(String::as_str)));
            continue;
        };
        if let Some(field) = fields.iter_mut().find(|field| field.name.value == name.value) {
            field.modifiers.sequence = Some(*index);
        }
    }
}

/// The finding about a field that does not exist.
pub(crate) fn unknown_field<'a>(
    name: &Spanned<String>,
    known: impl Iterator<Item = &'a str>,
) -> Diagnostic {
    Diagnostic::error("unknown-field", name.span, format!("there is no field `{name}` here"))
        .suggest(base::did_you_mean(name, known))
}

/// The value that a literal stands for in a field of this type.
fn default_value(
    literal: &Spanned<Literal>,
    ty: &Type,
    schema: &Schema,
) -> Result<Default, Box<Diagnostic>> {
    if literal.value == Literal::Now {
        return if matches!(ty.required(), Type::Timestamp | Type::Date) {
            Ok(Default::Now)
        } else {
            Err(Box::new(invalid_default(literal, ty, schema, "`now` is a timestamp, or a date")))
        };
    }
    let value = match (&literal.value, ty.required()) {
        (Literal::Number(amount), Type::Money { .. }) => {
            Value::Money(Money { amount: *amount, currency: schema.settings.currency().clone() })
        }
        (Literal::Number(number), Type::Float) => Value::Float(number.to_f64().unwrap_or(0.0)),
        (Literal::Number(number), Type::Decimal { .. }) => Value::Decimal(*number),
        (Literal::Number(number), Type::Int { .. }) if number.fract().is_zero() => {
            number.to_i64().map_or(Value::Decimal(*number), Value::Int)
        }
        (Literal::Bool(value), Type::Bool) => Value::Bool(*value),
        (Literal::Word(text), Type::Enum(members)) if members.contains(text) => {
            Value::text(text.as_str())
        }
        (Literal::Text(text), Type::Text { .. }) => Value::text(text.as_str()),
        _ => evaluate_literal(literal, ty, schema)?,
    };
    assign(value, ty, schema)
        .map(Default::Value)
        .map_err(|error| Box::new(invalid_default(literal, ty, schema, &error.message)))
}

fn evaluate_literal(
    literal: &Spanned<Literal>,
    ty: &Type,
    schema: &Schema,
) -> Result<Value, Box<Diagnostic>> {
    let kind = match &literal.value {
        Literal::Number(number) if number.fract().is_zero() => {
            number.to_i64().map_or(AstKind::Decimal(*number), AstKind::Int)
        }
        Literal::Number(number) => AstKind::Decimal(*number),
        Literal::Bool(value) => AstKind::Bool(*value),
        Literal::Word(text) | Literal::Text(text) => AstKind::Text(text.as_str().into()),
        Literal::Now => AstKind::Null,
    };
    let ast = match (&literal.value, ty.required()) {
        (Literal::Word(_) | Literal::Text(_), Type::Duration) => duration_call(kind, literal),
        _ => Ast { kind, span: literal.span },
    };
    let (expression, _) = check(&ast, &Scope::new(schema, None), Some(ty));
    let value = expression
        .and_then(|expression| evaluate(&expression, &Environment::new(schema, &NoRows)).ok());
    value.ok_or_else(|| Box::new(invalid_default(literal, ty, schema, "")))
}

fn duration_call(text: AstKind, literal: &Spanned<Literal>) -> Ast {
    let kind = AstKind::Call {
        receiver: None,
        name: "duration".into(),
        name_span: literal.span,
        arguments: vec![Ast { kind: text, span: literal.span }],
    };
    Ast { kind, span: literal.span }
}

fn invalid_default(
    literal: &Spanned<Literal>,
    ty: &Type,
    schema: &Schema,
    why: &str,
) -> Diagnostic {
    let message = format!("this default is no {}", ty.required().describe(schema));
    let diagnostic = Diagnostic::error("invalid-default", literal.span, message);
    match ty.required() {
        Type::Enum(members) => {
            let word = match &literal.value {
                Literal::Word(word) | Literal::Text(word) => word.as_str(),
                _ => "",
            };
            let known = || members.iter().map(String::as_str);
            diagnostic
                .help(format!("write {}", base::one_of(known())))
                .suggest(base::did_you_mean(word, known()))
        }
        _ if why.is_empty() => diagnostic,
        _ => diagnostic.note(why),
    }
}
