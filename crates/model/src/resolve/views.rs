//! Views: what they are computed from, and how.

use base::{Diagnostic, Spanned};
use expression::{
    Ast, AstKind, FieldIndex, FieldShape, RecordId, RecordShape, Scope, Type, ir::Expression,
    ir::VariableIndex, types::INT_LIMIT,
};

use super::context::{Cx, read};
use super::entities::given;
use super::fill::{member_of, name_of};
use super::names::{Names, position};
use crate::model::{Aggregate, Aggregated, ContextId, View, ViewField, ViewId, ViewSource};
use crate::syntax;
use crate::yaml::Text;

/// A view whose source is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeclaredView<'t> {
    name: &'t Spanned<String>,
    context: ContextId,
    source: ViewSource,
    syntax: &'t syntax::View,
}

const AGGREGATES: [(&str, Aggregate); 7] = [
    ("count", Aggregate::Count),
    ("sum", Aggregate::Sum),
    ("avg", Aggregate::Average),
    ("min", Aggregate::Min),
    ("max", Aggregate::Max),
    ("last", Aggregate::Last),
    ("p95", Aggregate::P95),
];

/// What a window's start is called.
const WINDOW_START: &str = "window_start";

/// Gives every view whose source is known its id.
pub(crate) fn declare<'t>(
    names: &mut Names<'t>,
    sink: &mut Vec<Diagnostic>,
) -> Vec<DeclaredView<'t>> {
    let mut declared = Vec::new();
    let homes: Vec<_> = names.contexts().map(|(id, home)| (id, home.declarations)).collect();
    for (context, declarations) in homes {
        for (name, syntax) in &declarations.views {
            let source = syntax.from.as_ref().and_then(|path| source(names, context, path, sink));
            let id = source.map(|source| {
                declared.push(DeclaredView { name, context, source, syntax });
                ViewId(position(declared.len() - 1, u32::MAX))
            });
            names.declare_view(context, name, id);
        }
    }
    declared
}

fn source(
    names: &Names<'_>,
    context: ContextId,
    path: &syntax::Path,
    sink: &mut Vec<Diagnostic>,
) -> Option<ViewSource> {
    let mut unknown = Vec::new();
    if let Some(event) = names.find(&names.events, path, Some(context), &mut unknown) {
        return Some(ViewSource::Event(event));
    }
    let entity = names.find(&names.entities, path, Some(context), sink);
    entity.map(ViewSource::Entity)
}

/// The views, each with the shape of its rows.
pub(crate) fn views(
    cx: &Cx<'_, '_>,
    declared: &[DeclaredView<'_>],
    sink: &mut Vec<Diagnostic>,
) -> Vec<(View, RecordShape)> {
    declared.iter().map(|view| view_of(cx, view, sink)).collect()
}

fn view_of(
    cx: &Cx<'_, '_>,
    declared: &DeclaredView<'_>,
    sink: &mut Vec<Diagnostic>,
) -> (View, RecordShape) {
    let DeclaredView { name, context, source, syntax } = *declared;
    let mut scope = source_scope(cx, context, source);
    let condition = syntax.condition.as_ref().and_then(|text| cx.condition(text, &scope, sink));
    let root = if matches!(source, ViewSource::Event(_)) { "event" } else { "self" };
    let window = syntax.window.as_ref().and_then(|window| {
        let over = path_ast(&window.value.over)?;
        let over = cx.check_ast(&rooted(root, over, &scope), &scope, None, sink)?;
        let is_time = matches!(over.ty.required(), Type::Timestamp);
        if !is_time {
            let message = "a window goes over a `timestamp`";
            sink.push(Diagnostic::error("type-mismatch", over.span, message));
        }
        let period = given(Some(&window.value.period))?;
        is_time.then_some((period, over))
    });
    let mut shape = Vec::new();
    if syntax.window.is_some() {
        scope.bind(WINDOW_START, scope.next_variable(), Type::Timestamp);
        shape.push(FieldShape { name: WINDOW_START.to_owned(), ty: Type::Timestamp });
    }
    let mut fields = Vec::with_capacity(syntax.fields.len());
    for (name, text) in &syntax.fields {
        match field(cx, name, text, &scope, sink) {
            Some(found) => {
                shape.push(FieldShape { name: name.value.clone(), ty: found.value.ty.clone() });
                fields.push(found);
            }
            None => cx.poison(name),
        }
    }
    let group = group(cx, syntax, &scope, root, sink);
    let key = key(cx, syntax, &shape, sink);
    let view = View {
        name: name.clone(),
        context,
        doc: syntax.doc.as_ref().map(|doc| doc.value.clone()),
        source,
        condition,
        group,
        window,
        key,
        fields,
        record: RecordId(0),
        stale: given(syntax.stale.as_ref()),
        retain: given(syntax.retain.as_ref()),
    };
    (view, RecordShape { name: name.value.clone(), fields: shape })
}

fn source_scope<'a>(cx: &Cx<'a, '_>, context: ContextId, source: ViewSource) -> Scope<'a> {
    let mut scope = cx.scope(Some(context));
    match source {
        ViewSource::Entity(entity) => {
            scope.bind_row("self", VariableIndex::SELF, entity);
        }
        ViewSource::Event(event) => {
            if let Some(event) = cx.model.events.get(event.0 as usize) {
                let record = Type::Record(event.payload);
                scope.bind("event", VariableIndex::EVENT, record);
            }
        }
    }
    scope
}

/// A path whose first name means nothing here is one of the source.
pub(crate) fn rooted(root: &str, ast: Ast, scope: &Scope<'_>) -> Ast {
    let head = ast.path().and_then(|path| path.first().map(|(name, _)| (*name).to_owned()));
    match head {
        Some(head) if scope.find(&head).is_none() => member_of(root, ast),
        _ => ast,
    }
}

fn path_ast(path: &syntax::Path) -> Option<Ast> {
    let (first, rest) = path.segments.split_first()?;
    let start = name_of(first, first.span);
    Some(rest.iter().fold(start, |of, name| {
        let span = of.span.to(name.span);
        let of = Box::new(of);
        let kind = AstKind::Member { of, name: name.as_str().into(), name_span: name.span };
        Ast { kind, span }
    }))
}

fn group(
    cx: &Cx<'_, '_>,
    syntax: &syntax::View,
    scope: &Scope<'_>,
    root: &str,
    sink: &mut Vec<Diagnostic>,
) -> Vec<Expression> {
    let mut group = Vec::with_capacity(syntax.group.len());
    for text in &syntax.group {
        // A field of the view stands for what it is computed from.
        let own = syntax.fields.iter().find(|(name, _)| name.value == text.text.trim());
        let own = own.map(|(_, text)| text);
        let Some(ast) = read(own.unwrap_or(text), sink) else { continue };
        group.extend(cx.check_ast(&rooted(root, ast, scope), scope, None, sink));
    }
    group
}

fn key(
    cx: &Cx<'_, '_>,
    syntax: &syntax::View,
    shape: &[FieldShape],
    sink: &mut Vec<Diagnostic>,
) -> Vec<FieldIndex> {
    let mut key = Vec::with_capacity(syntax.key.len());
    for text in &syntax.key {
        let name = Spanned::new(text.text.trim().to_owned(), text.span);
        match expression::schema::field_index(shape, &name) {
            Some(index) => key.push(index),
            None if cx.is_poisoned(&name) => {}
            None => sink.push(super::fields::unknown_field(
                &name,
                shape.iter().map(|field| field.name.as_str()),
            )),
        }
    }
    key
}

/// A field: its aggregates are checked by themselves and then stand as variables in its value.
fn field(
    cx: &Cx<'_, '_>,
    name: &Spanned<String>,
    text: &Text,
    scope: &Scope<'_>,
    sink: &mut Vec<Diagnostic>,
) -> Option<ViewField> {
    let ast = read(text, sink)?;
    let mut inner = scope.clone();
    let mut found = Vec::new();
    let ast = replace(ast, &mut |ast| {
        let (aggregate, argument) = as_aggregate(ast)?;
        let variable = VariableIndex(inner.next_variable().0);
        let name = format!("aggregate {}", found.len());
        let of = argument.map(|argument| cx.check_ast(argument, scope, None, sink));
        let ty = match &of {
            Some(None) => None,
            Some(Some(of)) => aggregate_type(cx, aggregate, of, sink),
            None => Some(Type::Int { min: 0, max: INT_LIMIT }),
        };
        found.push(ty.is_some().then(|| Aggregated { variable, aggregate, of: of.flatten() }));
        inner.bind(&name, variable, ty.unwrap_or(Type::Json));
        Some(name_of(&name, ast.span))
    });
    let aggregates: Option<Vec<Aggregated>> = found.into_iter().collect();
    let aggregates = aggregates?;
    let value = cx.check_ast(&ast, &inner, None, sink)?;
    Some(ViewField { name: name.clone(), aggregates, value })
}

/// `sum(x)` and its kin: functions that expressions themselves do not have.
fn as_aggregate(ast: &Ast) -> Option<(Aggregate, Option<&Ast>)> {
    let AstKind::Call { receiver: None, name, arguments, .. } = &ast.kind else { return None };
    let (_, aggregate) = AGGREGATES.iter().find(|(known, _)| **known == **name)?;
    match arguments.as_slice() {
        [] if *aggregate == Aggregate::Count => Some((*aggregate, None)),
        [argument] => Some((*aggregate, Some(argument))),
        _ => None,
    }
}

fn aggregate_type(
    cx: &Cx<'_, '_>,
    aggregate: Aggregate,
    of: &Expression,
    sink: &mut Vec<Diagnostic>,
) -> Option<Type> {
    let summed = match of.ty.required() {
        Type::Int { .. } if aggregate == Aggregate::Average => {
            Some(Type::Decimal { precision: 18, scale: 6 })
        }
        Type::Int { .. } => Some(Type::INT),
        Type::Decimal { scale, .. } => Some(Type::Decimal { precision: 18, scale: *scale }),
        Type::Money { .. } => Some(Type::MONEY),
        other @ (Type::Float | Type::Duration) => Some(other.clone()),
        _ => None,
    };
    let ty = match aggregate {
        Aggregate::Count => Some(Type::Int { min: 0, max: INT_LIMIT }),
        Aggregate::Min | Aggregate::Max | Aggregate::Last => Some(of.ty.required().clone()),
        Aggregate::Sum | Aggregate::Average | Aggregate::P95 => summed,
    };
    let Some(ty) = ty else {
        let found = of.ty.describe(&cx.model.schema);
        let message = format!("expected numbers, found {found}");
        sink.push(Diagnostic::error("type-mismatch", of.span, message));
        return None;
    };
    let nullable = of.ty.is_optional() && aggregate != Aggregate::Count;
    Some(if nullable { ty.optional() } else { ty })
}

/// The tree with nodes replaced, outermost first.
fn replace(ast: Ast, with: &mut dyn FnMut(&Ast) -> Option<Ast>) -> Ast {
    if let Some(other) = with(&ast) {
        return other;
    }
    let Ast { kind, span } = ast;
    let mut inner = |boxed: Box<Ast>| Box::new(replace(*boxed, with));
    let kind = match kind {
        AstKind::Member { of, name, name_span } => {
            AstKind::Member { of: inner(of), name, name_span }
        }
        AstKind::Index { of, index } => AstKind::Index { of: inner(of), index: inner(index) },
        AstKind::Not(of) => AstKind::Not(inner(of)),
        AstKind::Negate(of) => AstKind::Negate(inner(of)),
        AstKind::Binary { operator, operator_span, left, right } => {
            AstKind::Binary { operator, operator_span, left: inner(left), right: inner(right) }
        }
        AstKind::Conditional { condition, then, otherwise } => AstKind::Conditional {
            condition: inner(condition),
            then: inner(then),
            otherwise: inner(otherwise),
        },
        AstKind::List(items) => {
            AstKind::List(items.into_iter().map(|item| replace(item, with)).collect())
        }
        AstKind::Call { receiver, name, name_span, arguments } => AstKind::Call {
            receiver: receiver.map(&mut inner),
            name,
            name_span,
            arguments: arguments.into_iter().map(|item| replace(item, with)).collect(),
        },
        other => other,
    };
    Ast { kind, span }
}
