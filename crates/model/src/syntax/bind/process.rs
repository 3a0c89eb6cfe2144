//! Events, views, flows and schedules.

use base::{Diagnostic, Span};

use super::case::{AnyName, FieldName, Snake};
use super::effect::With;
use super::field::Fields;
use super::forms::{Flag, List, Map, OneOrMany, Plain, Prose, Short};
use super::value::Expression;
use super::{Binder, Form, Shape, keys};
use crate::syntax::short::{EveryForm, Keeping, Latency, PathForm, Waiting, WindowForm};
use crate::syntax::{Event, Flow, Invocation, Named, Path, Schedule, Step, Value, View};
use crate::yaml::{Mapping, Node, NodeKind};

keys!(Event, "an event", span span, {
    "doc" => doc: Prose, "What has happened.";
    "key" => key: Expression, "What orders it: a path into the payload.";
    "payload" => payload: Fields, "What it tells.";
    "retain" => retain: Short<Keeping>, "How long it can be replayed.";
    "durable" => durable: Flag, "Whether it survives a restart of the bus.";
});

keys!(View, "a view", span span, {
    "doc" => doc: Prose, "What it shows.";
    "from" => from: Plain<PathForm> [required], "The entity or event that it is computed from.";
    "where" => condition: Expression, "Only rows for which this holds.";
    "group" => group: OneOrMany<Expression>, "One row for each of these.";
    "window" => window: Short<WindowForm>, "One row for each stretch of time.";
    "key" => key: OneOrMany<Expression>, "What identifies a row.";
    "fields" => fields: Map<FieldName, Expression> [required], "Name to expression.";
    "stale" => stale: Short<Waiting>, "How old it may be.";
    "retain" => retain: Short<Keeping>, "How long rows are kept.";
});

keys!(Flow, "a flow", span span, {
    "doc" => doc: Prose, "What it achieves.";
    "after" => after: Plain<PathForm> [required], "The event that starts it.";
    "steps" => steps: Map<Snake, Step> [required], "What is done, in order.";
    "failed" => failed: Invocation, "What is called when everything was undone.";
    "latency" => latency: Short<Latency>, "How fast it must be done.";
});

keys!(Step, "a step", span span, {
    "call" => call: Plain<PathForm>, "The operation that is called.";
    "wait" => wait: Plain<PathForm>, "The event that is waited for.";
    "match" => matches: With, "Payload field to expression.";
    "timeout" => timeout: Short<Waiting>, "How long it is waited or retried.";
    "late" => late: Invocation, "What is called when the event comes too late.";
    "with" => with: With, "Values by name, before the filling rule.";
    "when" => when: Expression, "Only if this holds.";
    "each" => each: Expression, "Once for each item, seen as `each`.";
    "undo" => undo: Invocation, "What takes the step back.";
    "pivot" => pivot: Flag, "From here on there is no way back.";
} check_step);

keys!(Schedule, "a schedule", span span, {
    "doc" => doc: Prose, "What it is for.";
    "every" => every: Short<EveryForm>, "How often.";
    "at" => at: Expression, "When, over `self`.";
    "for" => entity: Plain<PathForm>, "Once for each row of this.";
    "where" => condition: Expression, "Only rows for which this holds.";
    "call" => call: Plain<PathForm> [required], "The operation that is called.";
    "with" => with: With, "Values by name, before the filling rule.";
    "within" => within: Short<Waiting>, "How long it may take.";
} check_schedule);

fn check_step(_: &mut Step, mapping: &Mapping, binder: &mut Binder<'_>) {
    one_of_two(mapping, ["call", "wait"], binder);
    let [calls, waits] = ["call", "wait"].map(|key| mapping.get(key).is_some());
    if calls && waits {
        return;
    }
    for key in ["match", "late"].into_iter().filter(|_| !waits) {
        misplaced(mapping, key, "wait", binder);
    }
    for key in ["with", "undo", "each", "pivot"].into_iter().filter(|_| waits) {
        misplaced(mapping, key, "call", binder);
    }
}

fn check_schedule(_: &mut Schedule, mapping: &Mapping, binder: &mut Binder<'_>) {
    one_of_two(mapping, ["every", "at"], binder);
    if mapping.get("at").is_some() && mapping.get("for").is_none() && !mapping.incomplete {
        let diagnostic = binder.missing_key("for").help("`at` is read from the rows of an entity");
        binder.report(diagnostic);
    }
}

/// Exactly one of two keys.
fn one_of_two(mapping: &Mapping, keys: [&str; 2], binder: &mut Binder<'_>) {
    match keys.map(|key| mapping.get(key)) {
        [None, None] if !mapping.incomplete => {
            let [a, b] = keys;
            let diagnostic = binder.missing_key(&format!("{a}` or `{b}"));
            binder.report(diagnostic);
        }
        [Some(a), Some(b)] => {
            let message = format!("`{}` and `{}` exclude each other", a.key.value, b.key.value);
            let diagnostic = Diagnostic::error("conflicting-keys", b.key.span, message);
            binder.report(diagnostic.related(a.key.span, "the other one"));
        }
        _ => {}
    }
}

fn misplaced(mapping: &Mapping, key: &str, owner: &str, binder: &mut Binder<'_>) {
    if let Some(entry) = mapping.get(key) {
        let message = format!("`{key}` goes only with `{owner}`");
        binder.report(Diagnostic::error("misplaced-key", entry.key.span, message));
    }
}

#[derive(Default)]
struct LongInvocation {
    span: Span,
    call: Option<Path>,
    with: Named<Value>,
}

keys!(LongInvocation, "a call", span span, {
    "call" => call: Plain<PathForm> [required], "The operation.";
    "with" => with: Map<AnyName, Value>, "Values by name, before the filling rule.";
});

impl Form for Invocation {
    type Value = Self;

    fn read(node: &Node, binder: &mut Binder<'_>) -> Option<Self> {
        let span = node.span;
        if let NodeKind::Mapping(_) = &node.kind {
            let long = LongInvocation::read(node, binder)?;
            return Some(Self { call: long.call?, with: long.with, span: long.span });
        }
        let call = Plain::<PathForm>::read(node, binder)?;
        Some(Self { call, with: Vec::new(), span })
    }

    fn shape() -> Shape {
        Shape::Either(vec![Plain::<PathForm>::shape(), LongInvocation::shape()])
    }
}

/// A list of paths.
pub(crate) type Paths = List<Plain<PathForm>>;
