//! Operations.

use base::{Diagnostic, Span, Spanned};

use super::case::{AnyName, FieldName};
use super::effect::Effects;
use super::field::Fields as FieldMap;
use super::forms::{Code, Flag, List, Map, Name, Plain, Prose, Short};
use super::value::Expression;
use super::{Binder, Form, Shape, Slot, keys};
use crate::model::OperationKind;
use crate::syntax::short::{
    BatchForm, Latency, PathForm, RateForm, Size, SortForm, Waiting, Whole,
};
use crate::syntax::{Fields, Grant, Input, Needs, Operation, Path};
use crate::yaml::{Mapping, Node, NodeKind};

/// An operation before its kind is known.
#[derive(Default)]
struct Keys {
    span: Span,
    kinds: Vec<(Spanned<OperationKind>, Path)>,
    operation: Operation,
}

keys!(Keys, "an operation", span span, {
    "list" => kinds: Plain<PathForm>, "Many rows of this, a page at a time.";
    "get" => kinds: Plain<PathForm>, "One row of this.";
    "create" => kinds: Plain<PathForm>, "A new row of this.";
    "update" => kinds: Plain<PathForm>, "Assigns inputs to a row of this.";
    "delete" => kinds: Plain<PathForm>, "Removes a row of this.";
    "act" => kinds: Plain<PathForm>, "Does something to a row of this.";
    "stream" => kinds: Plain<PathForm>, "Follows rows of this as they change.";
    "doc" => operation.doc: Prose, "What it is for.";
    "by" => operation.by: By [required], "Who may do it: actors, or actor to condition.";
    "where" => operation.condition: Expression, "A further filter; it never authorises.";
    "input" => operation.input: Input, "Fields that are assigned, or parameters.";
    "fields" => operation.fields: Fields, "What is returned.";
    "filter" => operation.filter: List<Plain<PathForm>>, "Fields that clients may filter by.";
    "sort" => operation.sort: List<Plain<SortForm>>, "Orders that clients may choose.";
    "search" => operation.search: Flag, "Whether `q` searches.";
    "near" => operation.near: Name, "The place that `near` measures from.";
    "uses" => operation.uses: Uses, "Fields of other contexts that expressions read.";
    "upsert" => operation.upsert: Name, "The unique field that addresses the row.";
    "key" => operation.key: Name, "The unique field that addresses the row.";
    "batch" => operation.batch: Short<BatchForm>, "How many rows a request holds.";
    "route" => operation.route: Code, "The end of the address, where two would collide.";
    "accepts" => operation.accepts: List<Plain<PathForm>>, "Operations of a two-way stream.";
    "async" => operation.asynchronous: Flag, "Answered with 202 and progress.";
    "reauth" => operation.reauthenticate: Short<Waiting>, "How fresh the sign-in must be.";
    "rate" => operation.rate: Short<RateForm>, "How often it is asked for.";
    "latency" => operation.latency: Short<Latency>, "How fast it must answer.";
    "stale" => operation.stale: Short<Waiting>, "How old an answer may be.";
    "payload" => operation.payload: Short<Size>, "Size of a request or answer.";
    "page" => operation.page: Short<Whole>, "Rows of a usual page.";
    "critical" => operation.critical: Flag, "Served last to fail.";
    "needs" => operation.needs: Needs, "Needs of its own.";
    "do" => operation.effects: Effects, "What it does, in order.";
} check);

fn check(keys: &mut Keys, mapping: &Mapping, binder: &mut Binder<'_>) {
    let mut kinds = std::mem::take(&mut keys.kinds).into_iter();
    keys.operation.kind = kinds.next();
    for (other, _) in kinds {
        let message = "an operation has one kind";
        let diagnostic = Diagnostic::error("conflicting-keys", other.span, message);
        let first = keys.operation.kind.as_ref().map(|(kind, _)| kind.span);
        binder.report(diagnostic.related(first.unwrap_or_default(), "its kind is here"));
    }
    refuse_misplaced(&mut keys.operation, mapping, binder);
    let has = |key: &str| mapping.get(key).is_some();
    const KINDS: [&str; 7] = ["list", "get", "create", "update", "delete", "act", "stream"];
    if !mapping.incomplete && !KINDS.into_iter().any(has) {
        let message = format!("{} does not say what it does", binder.owner());
        let span = binder.owner.span;
        binder.report(
            Diagnostic::error("missing-key", span, message)
                .help(format!("add {} with an entity", base::one_of(KINDS))),
        );
    }
    let needs_input = keys.operation.kind.as_ref().is_some_and(|(kind, _)| {
        matches!(kind.value, OperationKind::Create | OperationKind::Update)
    });
    if needs_input && !mapping.incomplete && !has("input") {
        let help = "list the fields that are assigned from the request; `input: []` for none";
        let diagnostic = binder.missing_key("input").help(help);
        binder.report(diagnostic);
    }
}

/// Keys that say something for some kinds of operation alone.
const FITTING: [(&str, &[OperationKind]); 11] = {
    use OperationKind::{Act, Create, Delete, Get, List, Stream, Update};
    [
        ("filter", &[List, Stream]),
        ("sort", &[List]),
        ("search", &[List]),
        ("near", &[List, Stream]),
        ("page", &[List]),
        ("upsert", &[Update]),
        ("key", &[Get]),
        ("accepts", &[Stream]),
        ("batch", &[Create, Update, Act]),
        ("stale", &[List, Get, Stream]),
        ("do", &[Create, Update, Act, Delete]),
    ]
};

/// Refuses keys that say nothing for this kind of operation, and leaves them out.
fn refuse_misplaced(operation: &mut Operation, mapping: &Mapping, binder: &mut Binder<'_>) {
    let Some(kind) = operation.kind.as_ref().map(|(kind, _)| kind.clone()) else { return };
    for (key, kinds) in FITTING.iter().filter(|(_, kinds)| !kinds.contains(&kind.value)) {
        let Some(entry) = mapping.get(key) else { continue };
        let message = format!("`{key}` says nothing for a `{}`", kind.value.name());
        let fitting = base::one_of(kinds.iter().map(|kind| kind.name()));
        binder.report(
            Diagnostic::error("misplaced-key", entry.key.span, message)
                .related(kind.span, "the kind of the operation")
                .help(format!("`{key}` is for {fitting}: leave it out here")),
        );
        match *key {
            "filter" => operation.filter.clear(),
            "sort" => operation.sort.clear(),
            "search" => operation.search = None,
            "near" => operation.near = None,
            "page" => operation.page = None,
            "upsert" => operation.upsert = None,
            "key" => operation.key = None,
            "accepts" => operation.accepts.clear(),
            "batch" => operation.batch = None,
            "stale" => operation.stale = None,
            _ => operation.effects.clear(),
        }
    }
}

impl Form for Operation {
    type Value = Self;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self> {
        let keys = Keys::read(node, binder)?;
        Some(Self { span: keys.span, ..keys.operation })
    }

    fn shape() -> Shape {
        Keys::shape()
    }

    fn unreadable(span: Span) -> Option<Self> {
        Some(Self { span, ..Self::default() })
    }
}

/// `[a, b]` or `{ a: EXPR }`.
struct By;

impl Form for By {
    type Value = Spanned<Vec<Grant>>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let grants = match &node.kind {
            NodeKind::Mapping(_) => {
                let grant = |(actor, condition)| Grant { actor, condition: Some(condition) };
                let conditions = Map::<AnyName, Expression>::read(node, binder)?;
                conditions.into_iter().map(grant).collect()
            }
            _ => {
                let grant = |actor| Grant { actor, condition: None };
                List::<Admitted>::read(node, binder)?.into_iter().map(grant).collect()
            }
        };
        Some(Spanned::new(grants, node.span))
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::List(Name::shape), Map::<AnyName, Expression>::shape()])
    }
}

/// An actor in the list of those who may without a condition.
struct Admitted;

impl Form for Admitted {
    type Value = Spanned<String>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let conditional = match &node.kind {
            NodeKind::Mapping(_) => true,
            NodeKind::Scalar(scalar) => scalar.text.text.trim().contains(char::is_whitespace),
            _ => false,
        };
        if !conditional {
            return Name::read(node, binder);
        }
        let message = "a list names actors who may without a condition";
        let help = "with conditions it is a map: `by: { customer: self.customer == actor.id, support: true }`";
        binder.report(Diagnostic::error("wrong-shape", node.span, message).help(help));
        None
    }

    fn shape() -> Shape {
        Name::shape()
    }
}

impl Form for Input {
    type Value = Spanned<Self>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let input = match &node.kind {
            NodeKind::Mapping(_) => Self::Parameters(FieldMap::read(node, binder)?),
            _ => Self::Fields(List::<Plain<PathForm>>::read(node, binder)?),
        };
        Some(Spanned::new(input, node.span))
    }

    fn shape() -> Shape {
        Shape::Either(vec![List::<Name>::shape(), FieldMap::shape()])
    }
}

impl Form for Fields {
    type Value = Spanned<Self>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let fields = match &node.kind {
            NodeKind::Mapping(_) => {
                Self::Computed(Map::<FieldName, Expression>::read(node, binder)?)
            }
            _ => Self::Names(List::<Plain<PathForm>>::read(node, binder)?),
        };
        Some(Spanned::new(fields, node.span))
    }

    fn shape() -> Shape {
        Shape::Either(vec![List::<Name>::shape(), Map::<FieldName, Expression>::shape()])
    }
}

/// A list of paths, or path to how old it may be.
struct Uses;

impl Form for Uses {
    type Value = Vec<(Path, Option<Spanned<base::Duration>>)>;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self::Value> {
        let NodeKind::Mapping(mapping) = &node.kind else {
            let paths = List::<Plain<PathForm>>::read(node, binder)?;
            return Some(paths.into_iter().map(|path| (path, None)).collect());
        };
        let mut uses = Vec::new();
        for entry in &mapping.entries {
            let path = binder.path_key(&entry.key);
            let age = binder.value::<Short<Waiting>>(entry);
            uses.extend(path.map(|path| (path, age)));
        }
        Some(uses)
    }

    fn shape() -> Shape {
        Shape::Either(vec![
            List::<Plain<PathForm>>::shape(),
            Map::<AnyName, Short<Waiting>>::shape(),
        ])
    }
}

impl Slot<Path> for Vec<(Spanned<OperationKind>, Path)> {
    fn put(&mut self, value: Path, key: &Spanned<String>) {
        let kind = match key.value.as_str() {
            "list" => OperationKind::List,
            "get" => OperationKind::Get,
            "create" => OperationKind::Create,
            "update" => OperationKind::Update,
            "delete" => OperationKind::Delete,
            "act" => OperationKind::Act,
            _ => OperationKind::Stream,
        };
        self.push((Spanned::new(kind, key.span), value));
    }
}
