//! A promise that stands on an unknown one.

use decide::{crossings, facts};
use model::model::Callee;

use crate::context::{Context, Sink, check};

check!(
    "external-without-availability",
    Resilience,
    Warning,
    "0.1",
    "an external that requests wait for and that promises nothing",
    "external-without-availability.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    let mut told = Vec::new();
    for (id, operation) in model.operations() {
        let promise = facts::availability(model, operation);
        crossings::calls(&operation.effects, &mut |effect, call| {
            let Callee::External(external_id, _) = call.callee else { return };
            let external = model.external(external_id);
            let waits = call.safe && call.fallback.is_none();
            if external.availability.is_some() || !waits || told.contains(&external_id) {
                return;
            }
            told.push(external_id);
            let message = format!(
                "`{}` promises {} on an external that states nothing",
                model.qualified_operation(id),
                facts::percent(promise.value.0)
            );
            sink.report(&external.name, external.name.span, message, |finding| {
                let place = promise.provenance.span().unwrap_or(operation.name.span);
                finding
                    .label("states no `availability`")
                    .related(effect.span, "waits for it in the request")
                    .related(place, "the promise, or what makes it")
                    .note("a request can be no more available than what it waits for")
                    .help("add what its contract promises (`availability: 99.9%`), or give the call a `fallback`")
            });
        });
    }
}
