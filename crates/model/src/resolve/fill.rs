//! The filling rule: wherever a payload, a parameter or a target needs a value, `with` comes first;
//! else the value of that name and type in scope; else, for an entity type, the only value in scope
//! of that type; else the default.

use std::collections::BTreeSet;

use base::{Diagnostic, Span, one_of};
use expression::{
    Ast, AstKind, EntityId, FieldShape, RecordId, Scope, Type, Value as Constant, ir::Expression,
};

use super::context::Cx;
use crate::model::{Default, Fill};
use crate::syntax::{Named, Value};

/// What of a variable counts as a value in scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counts {
    /// Only its fields: `input`, `event`.
    Fields,
    /// Only itself: results of steps.
    Itself,
    /// Only itself and only by its name: a result that is the row the step acted on, which is in
    /// scope already.
    Named,
    /// Both: `each`, `self`.
    Both,
}

impl Counts {
    const fn fields(self) -> bool {
        matches!(self, Self::Fields | Self::Both)
    }

    /// How the result of a call counts.
    pub(crate) const fn of_result(target: Option<&Fill>) -> Self {
        match target {
            Some(Fill::Expression(_)) => Self::Named,
            _ => Self::Itself,
        }
    }
}

/// What values are taken from, in the order in which they are tried.
#[derive(Clone, Debug, std::default::Default)]
pub(crate) struct Sources {
    order: Vec<(String, Counts)>,
    /// Tried only where nothing else has the entity type: `actor`.
    last: Option<String>,
    /// Fields of `input` that are assigned to a field of `self`: one value, not two.
    assigned: BTreeSet<String>,
}

impl Sources {
    /// Adds a variable after those added before.
    pub(crate) fn add(&mut self, name: &str, counts: Counts) -> &mut Self {
        self.order.push((name.to_owned(), counts));
        self
    }

    /// Adds a variable that is tried before all others.
    pub(crate) fn add_first(&mut self, name: &str, counts: Counts) -> &mut Self {
        self.order.insert(0, (name.to_owned(), counts));
        self
    }

    /// Adds a step's result: after what came in, before `self`.
    pub(crate) fn add_result(&mut self, name: &str, counts: Counts) -> &mut Self {
        let at = self.order.iter().position(|(name, _)| name == "self");
        self.order.insert(at.unwrap_or(self.order.len()), (name.to_owned(), counts));
        self
    }

    /// The variable that is tried where nothing else has the entity type.
    pub(crate) fn set_last(&mut self, name: &str) -> &mut Self {
        self.last = Some(name.to_owned());
        self
    }

    /// A field of `input` that is assigned to a field of `self`.
    pub(crate) fn mark_assigned(&mut self, field: &str) -> &mut Self {
        self.assigned.insert(field.to_owned());
        self
    }

    /// Only these variables.
    pub(crate) fn only(&self, names: &[&str]) -> Self {
        let kept = self.order.iter().filter(|(name, _)| names.contains(&name.as_str()));
        Self {
            order: kept.cloned().collect(),
            last: self.last.clone().filter(|name| names.contains(&name.as_str())),
            assigned: BTreeSet::new(),
        }
    }
}

/// Something that needs a value.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'w> {
    /// Its name.
    pub(crate) name: &'w str,
    /// Its type.
    pub(crate) ty: &'w Type,
    /// What it is when nothing fills it.
    pub(crate) default: Option<&'w Default>,
    /// What needs it, for messages: `OrderPlaced`.
    pub(crate) by: &'w str,
    /// Where: the effect or step.
    pub(crate) span: Span,
}

/// Fills values at one place: what can be named there, and what values are taken from.
pub(crate) struct Filler<'f, 'a, 't> {
    /// Everything known.
    pub(crate) cx: &'f Cx<'a, 't>,
    /// What can be named.
    pub(crate) scope: &'f Scope<'a>,
    /// What values are taken from.
    pub(crate) sources: &'f Sources,
}

impl Filler<'_, '_, '_> {
    /// The value by the filling rule. Reports where there is none.
    pub(crate) fn fill(
        &self,
        wanted: Wanted<'_>,
        with: &Named<Value>,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Fill> {
        if let Some((_, value)) = with.iter().find(|(name, _)| name.value == wanted.name) {
            return self.value(value, wanted.ty, sink);
        }
        if let Type::Record(record) = wanted.ty.required()
            && let Some(entity) = self.cx.snapshots.get(record)
        {
            return self.snapshot_in_scope(wanted, *record, *entity, sink);
        }
        match self.in_scope(wanted) {
            Found::One(expression) => return Some(Fill::Expression(*expression)),
            Found::Many(names) if needs_value(&wanted) => {
                sink.push(self.ambiguous(wanted, &names));
                return None;
            }
            Found::Many(_) | Found::None => {}
        }
        if let Some(fill) = unfilled(wanted.ty, wanted.default) {
            return Some(fill);
        }
        if !self.cx.is_poisoned(wanted.name) {
            sink.push(self.missing(wanted));
        }
        None
    }

    /// The snapshot of the row in scope that fills a reference of this name.
    fn snapshot_in_scope(
        &self,
        wanted: Wanted<'_>,
        record: RecordId,
        entity: EntityId,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Fill> {
        let ty = Type::Reference(entity);
        let row = Wanted { ty: &ty, default: None, ..wanted };
        let found = self.of_entity(entity, row);
        let named = |name: &str| name.rsplit('.').next() == Some(wanted.name);
        let chosen = match found.iter().find(|(name, _)| named(name)) {
            None if found.len() > 1 => {
                let names: Vec<String> = found.into_iter().map(|(name, _)| name).collect();
                sink.push(self.ambiguous(row, &names));
                return None;
            }
            found_by_name => found_by_name.or_else(|| found.first()),
        };
        let Some((name, _)) = chosen else {
            sink.push(self.missing(wanted));
            return None;
        };
        let mut parts = name.split('.');
        let start = name_of(parts.next().unwrap_or_default(), wanted.span);
        let row = parts.fold(start, |of, name| {
            let kind =
                AstKind::Member { of: Box::new(of), name: name.into(), name_span: wanted.span };
            Ast { kind, span: wanted.span }
        });
        self.snapshot(&row, record, sink)
    }

    /// A value for each field of a record, in order. Reports names in `with` that are none.
    pub(crate) fn record(
        &self,
        fields: &[FieldShape],
        with: &Named<Value>,
        by: &str,
        span: Span,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Vec<Fill>> {
        self.refuse_unknown(fields, with, by, &[], sink);
        let fills: Vec<Option<Fill>> = fields
            .iter()
            .map(|field| {
                let wanted = Wanted { name: &field.name, ty: &field.ty, default: None, by, span };
                self.fill(wanted, with, sink)
            })
            .collect();
        fills.into_iter().collect()
    }

    /// Reports names in `with` that nothing asks for.
    pub(crate) fn refuse_unknown(
        &self,
        fields: &[FieldShape],
        with: &Named<Value>,
        by: &str,
        besides: &[&str],
        sink: &mut Vec<Diagnostic>,
    ) {
        let known =
            || fields.iter().map(|field| field.name.as_str()).chain(besides.iter().copied());
        for (name, _) in with {
            if known().any(|field| field == name.value) || self.cx.is_poisoned(name) {
                continue;
            }
            let message = format!("`{by}` takes no `{name}`");
            let takes = match known().next() {
                Some(_) => format!("it takes {}", one_of(known())),
                None => "it takes nothing".to_owned(),
            };
            sink.push(
                Diagnostic::error("unknown-parameter", name.span, message)
                    .help(takes)
                    .suggest(base::did_you_mean(name, known())),
            );
        }
    }

    /// The value of this name and type; else, for an entity type, the only value of that type.
    fn in_scope(&self, wanted: Wanted<'_>) -> Found {
        for (variable, counts) in &self.sources.order {
            let itself = *counts != Counts::Fields && variable == wanted.name;
            let ast = if itself {
                Some(name_of(variable, wanted.span))
            } else if counts.fields() && self.has_field(variable, wanted.name) {
                Some(member_of(variable, name_of(wanted.name, wanted.span)))
            } else {
                None
            };
            if let Some(found) = ast.and_then(|ast| self.fits(&ast, wanted.ty)) {
                return Found::One(Box::new(found));
            }
        }
        let Type::Reference(entity) = wanted.ty.required() else { return Found::None };
        let mut found = self.of_entity(*entity, wanted);
        if found.len() > 1 {
            return Found::Many(found.into_iter().map(|(name, _)| name).collect());
        }
        match (found.pop(), &self.sources.last) {
            (Some((_, expression)), _) => Found::One(Box::new(expression)),
            (None, Some(last)) => {
                let ast = name_of(last, wanted.span);
                self.fits(&ast, wanted.ty).map_or(Found::None, |found| Found::One(Box::new(found)))
            }
            (None, None) => Found::None,
        }
    }

    /// Every value in scope of an entity type, with how it is written.
    fn of_entity(&self, entity: EntityId, wanted: Wanted<'_>) -> Vec<(String, Expression)> {
        let mut found = Vec::new();
        for (variable, counts) in &self.sources.order {
            let Some(ty) = self.scope.find(variable).map(|name| name.ty.clone()) else { continue };
            let is_it = |ty: &Type| *ty.required() == Type::Reference(entity);
            if matches!(counts, Counts::Itself | Counts::Both) && is_it(&ty) {
                let ast = name_of(variable, wanted.span);
                found.extend(self.fits(&ast, wanted.ty).map(|e| (variable.clone(), e)));
            }
            if !counts.fields() {
                continue;
            }
            for field in self.fields_of(&ty).iter().filter(|field| is_it(&field.ty)) {
                let same = variable == "input" && self.sources.assigned.contains(&field.name);
                if same || field.name == "id" {
                    continue;
                }
                let ast = member_of(variable, name_of(&field.name, wanted.span));
                let name = format!("{variable}.{}", field.name);
                found.extend(self.fits(&ast, wanted.ty).map(|e| (name, e)));
            }
        }
        found
    }

    fn fields_of(&self, ty: &Type) -> Vec<FieldShape> {
        let schema = &self.cx.model.schema;
        match ty.required() {
            Type::Record(record) => schema.record(*record).fields.clone(),
            Type::Part(part) => schema.part(*part).fields.clone(),
            Type::Reference(entity) => schema.entity(*entity).fields.clone(),
            _ => Vec::new(),
        }
    }

    fn has_field(&self, variable: &str, name: &str) -> bool {
        let Some(ty) = self.scope.find(variable).map(|name| name.ty.clone()) else { return false };
        let schema = &self.cx.model.schema;
        match ty.required() {
            Type::Record(record) => schema.record(*record).field(name).is_some(),
            Type::Part(part) => schema.part(*part).field(name).is_some(),
            Type::Reference(entity) => {
                let shape = schema.entity(*entity);
                shape.field(name).is_some() || shape.part(name).is_some()
            }
            _ => false,
        }
    }

    /// The expression, if it is of the type that is wanted.
    fn fits(&self, ast: &Ast, ty: &Type) -> Option<Expression> {
        let (expression, _) = expression::check(ast, self.scope, Some(ty));
        expression.filter(|expression| same_kind(&expression.ty, ty))
    }

    fn missing(&self, wanted: Wanted<'_>) -> Diagnostic {
        let ty = wanted.ty.describe(&self.cx.model.schema);
        let Wanted { name, by, span, .. } = wanted;
        let message = format!("nothing fills `{name}` of `{by}`");
        let diagnostic = Diagnostic::error("unfilled-value", span, message)
            .label(format!("needs `{name}`: {ty}"))
            .help(format!("say it: `with: {{ {name}: .. }}`"));
        let tried: Vec<&str> = self.sources.order.iter().map(|(name, _)| name.as_str()).collect();
        if tried.is_empty() {
            return diagnostic;
        }
        let tried = tried.join(", ");
        diagnostic.note(format!("no value of that name and type in {tried}"))
    }

    fn ambiguous(&self, wanted: Wanted<'_>, names: &[String]) -> Diagnostic {
        let ty = wanted.ty.describe(&self.cx.model.schema);
        let Wanted { name, by, span, .. } = wanted;
        let found = one_of(names.iter().map(String::as_str));
        let message = format!("`{name}` of `{by}` could be {found}");
        Diagnostic::error("ambiguous-fill", span, message)
            .note(format!("none of them is named `{name}`, and there is more than one {ty}"))
            .help(format!("say which: `with: {{ {name}: .. }}`"))
    }
}

enum Found {
    None,
    One(Box<Expression>),
    /// How they are written.
    Many(Vec<String>),
}

fn needs_value(wanted: &Wanted<'_>) -> bool {
    unfilled(wanted.ty, wanted.default).is_none()
}

/// What a place holds when nothing fills it; `None` where it must be filled.
pub(crate) fn unfilled(ty: &Type, default: Option<&Default>) -> Option<Fill> {
    match (default, ty) {
        (Some(Default::Value(value)), _) => Some(Fill::Constant(value.clone())),
        (Some(Default::Now), _) => Some(Fill::Now),
        (None, Type::Optional(_)) => Some(Fill::Constant(Constant::Null)),
        (None, Type::List { min: 0, .. }) => Some(Fill::Constant(Constant::List([].into()))),
        _ => None,
    }
}

/// Whether two types are one but for ranges: what "of that name and type" means.
pub(crate) fn same_kind(from: &Type, to: &Type) -> bool {
    match (from.required(), to.required()) {
        (Type::List { of: from, .. }, Type::List { of: to, .. }) => same_kind(from, to),
        (Type::Enum(from), Type::Enum(to)) => from.iter().all(|member| to.contains(member)),
        (from @ (Type::Reference(_) | Type::Record(_) | Type::Part(_)), to) => from == to,
        (from, to) => std::mem::discriminant(from) == std::mem::discriminant(to),
    }
}

/// A name as a tree.
pub(crate) fn name_of(name: &str, span: Span) -> Ast {
    Ast { kind: AstKind::Name(name.into()), span }
}

/// A path as a tree that starts at a variable: `order.lines` of `event` is `event.order.lines`.
pub(crate) fn member_of(variable: &str, path: Ast) -> Ast {
    let span = path.span;
    let kind = match path.kind {
        AstKind::Name(name) => {
            let of = Box::new(name_of(variable, span));
            AstKind::Member { of, name, name_span: span }
        }
        AstKind::Member { of, name, name_span } => {
            AstKind::Member { of: Box::new(member_of(variable, *of)), name, name_span }
        }
        other => other,
    };
    Ast { kind, span }
}
