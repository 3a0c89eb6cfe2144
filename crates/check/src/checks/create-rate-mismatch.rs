//! Rows grow at another pace than they are created.

use decide::facts;

use crate::context::{Context, Sink, check};

check!(
    "create-rate-mismatch",
    Capacity,
    Warning,
    "0.1",
    "rows grow at another pace than the operations that create them",
    "create-rate-mismatch.md"
);

/// How far the two may differ before they cannot mean the same (house).
const FACTOR: f64 = 3.0;

fn run(context: &Context, sink: &mut Sink) {
    for (id, entity) in context.model.entities() {
        let Some(rows) = &entity.rows else { continue };
        let inflow = rows.value.inflow.mean;
        let creators = context.usage.creates.get(&id).into_iter().flatten();
        let operations: Vec<_> = creators.map(|id| context.model.operation(*id)).collect();
        // How many of an upsert's requests create a row cannot be known, nor how often a condition
        // holds.
        let stated = operations.iter().all(|op| op.workload.rate.is_some() && !op.upsert);
        if context.usage.sometimes_creates.iter().any(|(entity, _)| *entity == id) {
            continue;
        }
        if operations.is_empty() || !stated || inflow <= 0.0 {
            continue;
        }
        let created: f64 =
            operations.iter().map(|op| facts::row_rate(context.model, op).mean).sum();
        let ratio = created / inflow;
        if (1.0 / FACTOR..=FACTOR).contains(&ratio) {
            continue;
        }
        let span = rows.provenance.span().unwrap_or(entity.name.span);
        let growth = facts::describe_rate(rows.value.inflow);
        let pace = facts::per_second(created);
        let message = format!(
            "`{}` grows by {growth}, but is created at {pace} ({ratio:.1} times)",
            entity.name
        );
        let owner = &context.model.context(entity.context).name;
        sink.report(&format!("{owner}.{}", entity.name), span, message, |mut finding| {
            for operation in &operations {
                let rate = operation.workload.rate.as_ref().and_then(|rate| rate.provenance.span());
                finding = finding.related(
                    rate.unwrap_or(operation.name.span),
                    format!("`{}` creates it", operation.name),
                );
            }
            finding
                .label("growth before retention")
                .note("storage is sized from the one number and load from the other")
                .help("a month has 2.6 million seconds: make the two agree")
        });
    }
}
