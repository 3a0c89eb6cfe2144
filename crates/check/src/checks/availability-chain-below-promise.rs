//! Promises that multiply.

use std::collections::BTreeMap;

use decide::facts;
use model::model::{Callee, EffectKind, ExternalId};

use crate::context::{Context, Sink, check};
use crate::walk;

check!(
    "availability-chain-below-promise",
    Resilience,
    Warning,
    "0.1",
    "externals that together promise less than the operation that waits for all of them",
    "availability-chain-below-promise.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, operation) in model.operations() {
        let promise = facts::availability(model, operation);
        let Some(place) = promise.provenance.span() else { continue };
        // Only lookups are waited for in the request: durable calls go on after an outage.
        let mut waited: BTreeMap<ExternalId, (f64, base::Span)> = BTreeMap::new();
        walk::effects(&operation.effects, &mut |effect| {
            let EffectKind::Call(call) = &effect.kind else { return };
            let Callee::External(external, _) = call.callee else { return };
            let given = model.external(external).availability.as_ref();
            if let Some(given) = given.filter(|_| call.safe && call.fallback.is_none()) {
                waited.insert(external, (given.value.0, effect.span));
            }
        });
        let together: f64 = waited.values().map(|(share, _)| share).product();
        let alone = waited.values().any(|(share, _)| *share < promise.value.0);
        if waited.len() < 2 || alone || together >= promise.value.0 {
            continue;
        }
        let message = format!(
            "`{}` promises {}, but waits for {} externals that reach {} together",
            operation.name,
            facts::percent(promise.value.0),
            waited.len(),
            facts::percent((together * 1e6).round() / 1e6)
        );
        sink.report(&model.qualified_operation(id), operation.name.span, message, |mut finding| {
            finding = finding.label("works only while all of them do").related(place, "the promise");
            for (external, (share, span)) in &waited {
                let name = &model.external(*external).name;
                finding = finding.related(*span, format!("`{name}`: {}", facts::percent(*share)));
            }
            finding
                .note("independent failures multiply: each alone would do")
                .help("give one of the calls a `fallback`, look it up before the request and keep a copy, or promise less")
        });
    }
}
