//! One row that everybody waits for.

use decide::{facts, hot_rows, numbers};

use crate::context::{Context, Sink, check};

check!(
    "hot-row",
    Data,
    Warning,
    "0.1",
    "one row that its writers would hold locked most of the time",
    "hot-row.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    let most = model.value(&numbers::HOT_ROW);
    for row in hot_rows::of(context.design) {
        let entity = model.entity(row.entity);
        if row.busy() <= most || spread(context, &entity.name) {
            continue;
        }
        let share = |of: f64| facts::percent((of * 1e3).round() / 1e3);
        let message = format!(
            "the hottest `{}` would be locked {} of the time",
            entity.name,
            share(row.busy())
        );
        let place = row.skew.provenance.span().unwrap_or(entity.name.span);
        sink.report(&context.entity_name(row.entity), place, message, |mut finding| {
            for (id, rate) in &row.writers {
                let operation = model.operation(*id);
                let text = format!("changes such rows {}", facts::per_second(*rate));
                finding = finding.related(operation.name.span, text);
            }
            finding
                .label(format!(
                    "{} of all changes meet in one row ({})",
                    share(row.share),
                    hot_rows::describe(row.skew.value)
                ))
                .note(format!(
                    "{} at the peak to be reached, each holding its row for {}: acts on one row wait for each other, and above {} the queue grows",
                    facts::per_second(row.changes),
                    facts::seconds(row.hold),
                    share(most)
                ))
                .help("let the decision `concurrency` spread or queue the writes, append rows and count them in a view, or state the `skew` that you measured")
        });
    }
}

/// Whether a decision spreads or queues the writes already.
fn spread(context: &Context, entity: &str) -> bool {
    let about = |subject: &str| subject.rsplit('.').next() == Some(entity);
    let mut verdicts = context.design.verdicts.iter().filter(|of| of.family == "concurrency");
    verdicts.any(|of| about(&of.subject) && of.choice != "row-lock")
}
