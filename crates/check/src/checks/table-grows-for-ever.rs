//! Rows that come fast and never go.

use decide::facts;

use crate::context::{Context, Sink, check};

check!(
    "table-grows-for-ever",
    Data,
    Warning,
    "0.1",
    "an entity that grows by a million rows a month and never loses one",
    "table-grows-for-ever.md"
);

/// Rows a second from which growth without an end is worth a thought: a million a month (house).
const FAST: f64 = 1e6 / 2_592_000.0;

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, entity) in model.entities() {
        let Some(rows) = &entity.rows else { continue };
        let removed = context.usage.deletes.contains(&id);
        let ends = entity.retain.is_some() || entity.ttl.is_some() || entity.keep.is_some();
        if rows.value.inflow.mean < FAST * 0.999 || ends || removed {
            continue;
        }
        let growth = facts::describe_rate(rows.value.inflow);
        let message = format!("`{}` grows by {growth}, and nothing ever ends it", entity.name);
        let owner = &model.context(entity.context).name;
        let span = rows.provenance.span().unwrap_or(entity.name.span);
        sink.report(&format!("{owner}.{}", entity.name), span, message, |finding| {
            finding
                .label("only grows")
                .related(entity.name.span, "has neither `retain` nor `ttl` nor a `delete`")
                .note("its storage, backups and restore time grow with it")
                .help("add `retain: 2y` (or `then archive`), or accept the finding with the reason")
        });
    }
}
