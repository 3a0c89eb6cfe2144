//! A fallback that falls as well.

use decide::crossings;
use model::model::Callee;

use crate::context::{Context, Sink, check};

check!(
    "fallback-to-the-same",
    Resilience,
    Warning,
    "0.1",
    "a fallback that calls the external that just failed",
    "fallback-to-the-same.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, operation) in model.operations() {
        crossings::calls(&operation.effects, &mut |effect, call| {
            let Callee::External(external, _) = call.callee else { return };
            let Some(fallback) = &call.fallback else { return };
            crossings::calls(fallback, &mut |again, second| {
                if !matches!(second.callee, Callee::External(other, _) if other == external) {
                    return;
                }
                let name = &model.external(external).name;
                let message = format!("when `{name}` is down, `{}` asks `{name}`", operation.name);
                sink.report(&model.qualified_operation(id), again.span, message, |finding| {
                    finding
                        .label("the same external")
                        .related(effect.span, "the call that failed")
                        .note("it runs only while the external cannot be reached, and adds load where there is too much")
                        .help("fall back on what is at home: a value of the row, a default, or a state that is settled later")
                });
            });
        });
    }
}
