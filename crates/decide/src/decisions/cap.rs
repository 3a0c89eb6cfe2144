use base::Provenance;
use model::model::{ContextId, OperationKind};

use crate::decision::{Answer, Context, decision};
use crate::{facts, needs};

decision!("cap", "What does a store give up when its servers cannot reach each other?", reads ["store"], Context run);

const SOURCE: &str = "Gilbert and Lynch 2002, Brewer's conjecture; Abadi 2012, PACELC; which rows may \
    give up what is house";

fn run(cx: &Context<'_>, context: ContextId) -> Option<Answer> {
    let model = cx.model;
    let entities = || model.entities.iter().filter(|of| of.context == context);
    entities().next()?;
    let store = cx.store_of(context);
    let strong = entities().filter(|of| of.strong_consistency == Some(true));
    let strong = strong.min_by_key(|of| of.name.value.as_str());
    let point = needs::recovery_point(model, &[context]);
    let losable = matches!(store, "redis" | "time-series") && strong.is_none() && point.value > 0.0;
    let mut answer = Answer::new(if losable { "available" } else { "consistent" }, SOURCE);
    answer = match strong {
        Some(of) => answer.given(
            format!("{}: consistency: strong", of.name),
            of.name.span,
            "a wrong answer is worse than none",
        ),
        None => answer.driver(
            format!("store: {store}"),
            Provenance::Derived { from: "the verdict of `store`".to_owned() },
            match store {
                "redis" => "the last writes may be lost",
                "time-series" => "rows are only added: one that comes twice or late harms nobody",
                _ => "one server commits; who cannot reach it does not write",
            },
        ),
    };
    answer = answer.driver(
        format!("recovery point: {}", facts::seconds(point.value)),
        point.provenance,
        lost(point.value),
    );
    let (writes, still) = effects(cx, context);
    answer = if losable {
        answer.parameter(
            "in a partition",
            format!("{writes}/s of writes at peak are taken on either side"),
        )
    } else {
        answer.parameter(
            "in a partition",
            format!("{writes}/s of writes at peak are refused until one server is chosen"),
        )
    };
    if !still.is_empty() {
        answer = answer.parameter("still answered, as old as they may be", still.join(", "));
    }
    let available = match strong {
        Some(of) => format!("{} asks for strong consistency", of.name),
        None if store == "postgresql" => format!(
            "two servers that both take {writes}/s of writes would have to be merged afterwards: rows change and refer to each other"
        ),
        None => {
            format!("rows of {store} may be lost, but not those that the recovery point covers")
        }
    };
    Some(
        answer
            .reject(
                "consistent",
                format!(
                    "{writes}/s of writes would be refused for rows that may be lost or only added"
                ),
            )
            .reject("available", available),
    )
}

/// What a recovery point in seconds permits.
fn lost(point: f64) -> &'static str {
    if point <= 0.0 {
        "no acknowledged write may be lost: commits wait for a second server"
    } else {
        "so much of the last writes may be lost when another server takes over"
    }
}

/// Writes a second at peak, and the reads that may be old.
fn effects(cx: &Context<'_>, context: ContextId) -> (String, Vec<String>) {
    let (mut writes, mut still) = (0.0, Vec::new());
    for (_, operation) in facts::operations_by_name(cx.model, context) {
        if operation.writes() {
            writes += facts::rate(cx.model, operation).value.peak;
        } else if let Some(stale) = &operation.workload.stale
            && operation.kind != OperationKind::Stream
        {
            still.push(format!("{} ({})", operation.name, stale.value));
        }
    }
    (facts::people(writes), still)
}
