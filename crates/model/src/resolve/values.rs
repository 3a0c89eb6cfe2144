//! Values as written in `with`, `set` and `match`: expressions, and YAML structure around them.

use std::collections::BTreeSet;
use std::sync::Arc;

use base::{Diagnostic, Span};
use expression::{
    Ast, AstKind, EntityId, FieldIndex, FieldShape, RecordId, Type, Value as Constant,
    ir::Expression,
};

use super::context::read;
use super::fill::{Filler, Sources, same_kind, unfilled};
use crate::model::Fill;
use crate::syntax::{Named, Value, ValueKind};

impl Filler<'_, '_, '_> {
    /// The public fields of a row.
    pub(super) fn snapshot(
        &self,
        row: &Ast,
        record: RecordId,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Fill> {
        let shape = self.cx.model.schema.record(record);
        let fields = shape.fields.iter().map(|field| {
            let of = Box::new(row.clone());
            let kind =
                AstKind::Member { of, name: field.name.as_str().into(), name_span: row.span };
            let ast = Ast { kind, span: row.span };
            self.cx.check_ast(&ast, self.scope, Some(&field.ty), sink).map(Fill::Expression)
        });
        fields.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>().map(Fill::Record)
    }

    /// A value as written, for a place of this type.
    pub(crate) fn value(
        &self,
        value: &Value,
        ty: &Type,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Fill> {
        match (&value.kind, ty.required()) {
            (ValueKind::Expression(text), Type::Record(record))
                if self.cx.snapshots.contains_key(record) =>
            {
                let row = read(text, sink)?;
                self.snapshot(&row, *record, sink)
            }
            (ValueKind::Expression(text), Type::List { of, .. })
                if matches!(**of, Type::Part(_)) =>
            {
                let expression = self.cx.check(text, self.scope, None, sink)?;
                self.check_copy(&expression, ty, sink);
                Some(Fill::Expression(expression))
            }
            (ValueKind::Expression(text), _) => {
                self.cx.check(text, self.scope, Some(ty), sink).map(Fill::Expression)
            }
            (ValueKind::List(items), Type::List { of, .. }) => {
                let fills: Vec<Option<Fill>> =
                    items.iter().map(|item| self.value(item, of, sink)).collect();
                fills.into_iter().collect::<Option<Vec<_>>>().map(Fill::List)
            }
            (ValueKind::Map(fields), Type::Reference(entity)) => {
                self.lookup(*entity, fields, value.span, sink)
            }
            (ValueKind::Map(fields), Type::Record(record)) => {
                let shape = self.cx.model.schema.record(*record);
                self.structure(&shape.fields, fields, &shape.name, value.span, sink)
            }
            (ValueKind::Map(fields), Type::Part(part)) => {
                let shape = self.cx.model.schema.part(*part);
                self.structure(&shape.fields, fields, &shape.name, value.span, sink)
            }
            (_, Type::Json) => {
                self.json(value, sink).map(|json| Fill::Constant(Constant::Json(Arc::new(json))))
            }
            _ => {
                let expected = ty.required().describe(&self.cx.model.schema);
                let message = format!("expected {expected}, found YAML structure");
                sink.push(
                    Diagnostic::error("type-mismatch", value.span, message)
                        .help("write an expression"),
                );
                None
            }
        }
    }

    /// A list assigned to a part copies same-named fields: there must be some.
    fn check_copy(&self, expression: &Expression, ty: &Type, sink: &mut Vec<Diagnostic>) {
        let schema = &self.cx.model.schema;
        let (Type::List { of: from, .. }, Type::List { of: to, .. }) =
            (expression.ty.required(), ty.required())
        else {
            let message = format!(
                "expected {}, found {}",
                ty.required().describe(schema),
                expression.ty.describe(schema)
            );
            sink.push(Diagnostic::error("type-mismatch", expression.span, message));
            return;
        };
        let fields = |ty: &Type| match ty.required() {
            Type::Part(part) => schema.part(*part).fields.clone(),
            Type::Record(record) => schema.record(*record).fields.clone(),
            _ => Vec::new(),
        };
        let (have, want) = (fields(from), fields(to));
        for field in want.iter().filter(|field| unfilled(&field.ty, None).is_none()) {
            let fits =
                |other: &FieldShape| other.name == field.name && same_kind(&other.ty, &field.ty);
            if !have.iter().any(fits) && from != to && have.is_empty() {
                let message = format!("the items have no field `{}` to copy", field.name);
                sink.push(
                    Diagnostic::error("type-mismatch", expression.span, message)
                        .note("a list assigned to a part copies fields of the same name"),
                );
                return;
            }
        }
    }

    /// The row with this unique key.
    fn lookup(
        &self,
        entity: EntityId,
        fields: &Named<Value>,
        span: Span,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Fill> {
        let owner = self.cx.model.entities.get(entity.0 as usize)?;
        let shape = self.cx.model.schema.entity(entity);
        self.refuse_unknown(&shape.fields, fields, &owner.name, &[], sink);
        let mut by = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            let index = shape.field(name)?;
            let ty = shape.fields.get(usize::from(index.0))?.ty.required();
            by.push((index, self.value(value, ty, sink)?));
        }
        let given: BTreeSet<_> = by.iter().map(|(index, _)| *index).collect();
        let is_key = |fields: &[FieldIndex]| {
            fields.len() == given.len() && fields.iter().all(|field| given.contains(field))
        };
        let keys = owner.unique.iter().filter(|key| key.condition.is_none());
        let keys: Vec<&[FieldIndex]> = keys
            .map(|key| key.fields.as_slice())
            .chain(std::iter::once(owner.identity.as_slice()).filter(|key| !key.is_empty()))
            .collect();
        if keys.iter().any(|key| is_key(key)) {
            return Some(Fill::Lookup { entity, by, span });
        }
        let names = |key: &&[FieldIndex]| {
            let names = key.iter().map(|field| owner.field(*field).name.as_str());
            format!("{{ {} }}", names.collect::<Vec<_>>().join(", "))
        };
        let message = format!("these fields are no unique key of `{}`", owner.name);
        let diagnostic = Diagnostic::error("not-a-key", span, message)
            .related(owner.name.span, "the entity")
            .note("a row is found by its id, or by all fields of one unique key");
        let keys: Vec<String> = keys.iter().map(names).collect();
        sink.push(match keys.is_empty() {
            true => diagnostic.help("it has no unique key: give its id"),
            false => diagnostic.help(format!("its keys: {}", keys.join(", "))),
        });
        None
    }

    /// A `types` value or the row of a part: what is not written is its default.
    fn structure(
        &self,
        shape: &[FieldShape],
        fields: &Named<Value>,
        by: &str,
        span: Span,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Fill> {
        let nothing = Sources::default();
        let plain = Filler { cx: self.cx, scope: self.scope, sources: &nothing };
        plain.record(shape, fields, by, span, sink).map(Fill::Record)
    }

    /// A constant `json` value.
    fn json(&self, value: &Value, sink: &mut Vec<Diagnostic>) -> Option<serde_json::Value> {
        match &value.kind {
            ValueKind::List(items) => {
                let items: Option<Vec<_>> =
                    items.iter().map(|item| self.json(item, sink)).collect();
                items.map(serde_json::Value::Array)
            }
            ValueKind::Map(fields) => {
                let fields: Option<serde_json::Map<_, _>> = fields
                    .iter()
                    .map(|(name, value)| Some((name.value.clone(), self.json(value, sink)?)))
                    .collect();
                fields.map(serde_json::Value::Object)
            }
            ValueKind::Expression(text) => {
                let constant = read(text, sink).and_then(|ast| match ast.kind {
                    AstKind::Null => Some(serde_json::Value::Null),
                    AstKind::Bool(value) => Some(value.into()),
                    AstKind::Int(value) => Some(value.into()),
                    AstKind::Text(text) => Some((*text).into()),
                    _ => None,
                });
                if constant.is_none() {
                    let message = "structure in `json` holds constants only";
                    sink.push(
                        Diagnostic::error("computed-json", text.span, message)
                            .help("use a value type of `types` for what is computed"),
                    );
                }
                constant
            }
        }
    }
}
