//! Two operations that are one.

use std::collections::BTreeMap;

use expression::ir::Expression;
use model::model::{Operation, OperationId, OperationKind, OutputValue};

use crate::context::{Context, Sink, check};
use crate::walk;

check!(
    "duplicate-operation",
    Contracts,
    Warning,
    "0.1",
    "two operations that read the same rows in the same way for the same actors",
    "duplicate-operation.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    let mut seen: BTreeMap<_, Vec<OperationId>> = BTreeMap::new();
    let mut ids: Vec<OperationId> = model.operations().map(|(id, _)| id).collect();
    ids.sort_by_key(|id| model.qualified_operation(*id));
    for id in ids {
        let operation = model.operation(id);
        if !matches!(operation.kind, OperationKind::List | OperationKind::Get) {
            continue;
        }
        let earlier = seen.entry((operation.context, operation.kind)).or_default();
        let twin = earlier.iter().find(|other| same(model.operation(**other), operation));
        let Some(twin) = twin.copied() else {
            earlier.push(id);
            continue;
        };
        let twin = model.operation(twin);
        let message = format!("`{}` does what `{}` does", operation.name, twin.name);
        sink.report(&model.qualified_operation(id), operation.name.span, message, |finding| {
            finding
                .label("the same rows, fields and actors")
                .related(twin.name.span, "the other one")
                .note("clients choose by chance, and every change has to be made twice")
                .help("remove one of them and add its `rate` to the other")
        });
    }
}

fn same(one: &Operation, other: &Operation) -> bool {
    let grants = |of: &Operation| of.by.len();
    let granted = one.by.iter().all(|grant| {
        other
            .by
            .iter()
            .any(|twin| twin.actor == grant.actor && alike(&twin.condition, &grant.condition))
    });
    let returned = one.fields.len() == other.fields.len()
        && one.fields.iter().zip(&other.fields).all(|(a, b)| {
            a.name == b.name
                && match (&a.value, &b.value) {
                    (OutputValue::Field(a), OutputValue::Field(b)) => a == b,
                    (OutputValue::Part(a, x), OutputValue::Part(b, y)) => a == b && x == y,
                    (OutputValue::Expression(a), OutputValue::Expression(b)) => walk::alike(a, b),
                    _ => false,
                }
        });
    one.target == other.target
        && one.addressed == other.addressed
        && grants(one) == grants(other)
        && granted
        && alike(&one.condition, &other.condition)
        && returned
        && one.filter == other.filter
        && one.sort == other.sort
        && one.search == other.search
        && one.near == other.near
        && one.workload.stale.is_some() == other.workload.stale.is_some()
        && one.input.parameters.is_empty()
        && other.input.parameters.is_empty()
}

fn alike(one: &Option<Expression>, other: &Option<Expression>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => walk::alike(one, other),
        (None, None) => true,
        _ => false,
    }
}
