//! A promise that stands on a weaker one.

use model::model::{Callee, EffectKind};

use crate::context::{Context, Sink, check};
use crate::walk;

check!(
    "availability-above-dependency",
    Resilience,
    Error,
    "0.1",
    "an operation that promises more than the external it waits for",
    "availability-above-dependency.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, operation) in model.operations() {
        let nearest =
            [&operation.needs, &model.context(operation.context).needs, &model.system.needs];
        let Some(promise) = nearest.iter().find_map(|needs| needs.availability.as_ref()) else {
            continue;
        };
        walk::effects(&operation.effects, &mut |effect| {
            let EffectKind::Call(call) = &effect.kind else { return };
            // Durable calls go on after an outage; only lookups are waited for in the request.
            let Callee::External(external, _) = call.callee else { return };
            let external = model.external(external);
            let Some(given) = external.availability.as_ref().filter(|_| call.safe) else { return };
            if call.fallback.is_some() || promise.value.0 <= given.value.0 {
                return;
            }
            let percent = |share: f64| format!("{}%", (share * 1e6).round() / 1e4);
            let message = format!(
                "`{}` promises {}, but waits for `{}` at {}",
                operation.name,
                percent(promise.value.0),
                external.name,
                percent(given.value.0)
            );
            sink.report(&model.qualified_operation(id), effect.span, message, |finding| {
                let place = |span: Option<base::Span>, other| span.unwrap_or(other);
                finding
                    .label("fails whenever the external does")
                    .related(place(promise.provenance.span(), operation.name.span), "the promise")
                    .related(place(given.provenance.span(), external.name.span), "what it stands on")
                    .help("give the call a `fallback`, or state the operation's own `needs: { availability: .. }`")
            });
        });
    }
}
