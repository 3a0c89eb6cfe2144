//! Rows grow at another pace than they are created.

use decide::facts;
use model::model::{Entity, Volume};

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
/// Rows that are said not to grow are not all created within this time, in seconds: whoever states
/// a number and no growth does not mean what is there five minutes later (house).
const SOON: f64 = 300.0;

fn run(context: &Context, sink: &mut Sink) {
    for (id, entity) in context.model.entities() {
        let Some(rows) = &entity.rows else { continue };
        let creators = context.usage.creates.get(&id).into_iter().flatten();
        let operations: Vec<_> = creators.map(|id| context.model.operation(*id)).collect();
        // How many of an upsert's requests create a row cannot be known, nor how often a condition
        // holds.
        let stated = operations.iter().all(|op| op.workload.rate.is_some() && !op.upsert);
        if context.usage.sometimes_creates.iter().any(|(entity, _)| *entity == id) {
            continue;
        }
        if operations.is_empty() || !stated {
            continue;
        }
        let created: f64 =
            operations.iter().map(|op| facts::row_rate(context.model, op).mean).sum();
        let goes = context.usage.deletes.contains(&id);
        let Some(Mismatch { message, label }) = mismatch(entity, &rows.value, created, goes) else {
            continue;
        };
        let span = rows.provenance.span().unwrap_or(entity.name.span);
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
                .label(label)
                .note("storage is sized from the one number and load from the other")
                .help("a month has 2.6 million seconds: make the two agree")
        });
    }
}

struct Mismatch {
    message: String,
    label: &'static str,
}

/// What does not fit: `created` rows a second, of which some are deleted where it `goes`.
fn mismatch(entity: &Entity, rows: &Volume, created: f64, goes: bool) -> Option<Mismatch> {
    let pace = facts::per_second(created);
    if rows.inflow.mean > 0.0 {
        let ratio = created / rows.inflow.mean;
        let growth = facts::describe_rate(rows.inflow);
        let message = format!(
            "`{}` grows by {growth}, but is created at {pace} ({ratio:.1} times)",
            entity.name
        );
        let label = "growth before retention";
        return (!(1.0 / FACTOR..=FACTOR).contains(&ratio)).then_some(Mismatch { message, label });
    }
    // How often rows are deleted that somebody may delete, nobody states.
    if goes || created <= 0.0 {
        return None;
    }
    let all = facts::people(rows.rows);
    let label = "no growth is stated";
    let message = match facts::kept_for(entity).filter(|seconds| *seconds < SOON) {
        Some(seconds) if created * seconds > FACTOR * rows.rows => {
            let (kept, many) = (facts::seconds(seconds), facts::people(created * seconds));
            format!(
                "`{}` has {all} rows, but is created at {pace} and kept for {kept}: {many} rows",
                entity.name
            )
        }
        None if created * SOON > rows.rows => {
            let soon = facts::seconds((rows.rows / created).max(1e-3));
            format!(
                "`{}` has {all} rows and does not grow, but at {pace} as many are created within {soon}",
                entity.name
            )
        }
        _ => return None,
    };
    Some(Mismatch { message, label })
}
