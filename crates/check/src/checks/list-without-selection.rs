//! A long list that nobody can narrow.

use decide::facts;
use model::model::{OperationKind, Target};

use crate::context::{Context, Sink, check};

check!(
    "list-without-selection",
    Contracts,
    Warning,
    "0.1",
    "a list of very many rows that callers cannot narrow",
    "list-without-selection.md"
);

/// Rows beyond which paging through all is no use (house).
const MANY: f64 = 100_000.0;

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, operation) in model.operations() {
        let (OperationKind::List, Target::Entity(entity)) = (operation.kind, operation.target)
        else {
            continue;
        };
        // A list that shows some actor only its own rows is narrow enough for most who ask.
        let narrow = operation.by.iter().any(|grant| grant.condition.is_some())
            || !operation.filter.is_empty()
            || operation.search
            || operation.near.is_some()
            || operation.condition.is_some();
        let whole = operation.by.first();
        let rows = facts::rows_at_horizon(model, entity).filter(|rows| rows.value > MANY);
        let (Some(grant), Some(rows), false) = (whole, rows, narrow) else { continue };
        let message =
            format!("`{}` pages through {} rows", operation.name, facts::people(rows.value));
        sink.report(&model.qualified_operation(id), operation.name.span, message, |finding| {
            finding
                .label("has no `filter`, `search`, `near` or `where`")
                .related(grant.span, "sees every row")
                .help("add `filter: [..]` with the fields by which callers look for rows")
        });
    }
}
