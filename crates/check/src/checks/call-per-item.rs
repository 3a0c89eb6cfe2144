//! A call for each item of a list.

use decide::{crossings, facts};

use crate::context::{Context, Sink, check};
use crate::numbers;

check!(
    "call-per-item",
    Boundaries,
    Warning,
    "0.1",
    "an operation that calls another context once for each item",
    "call-per-item.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, operation) in model.operations() {
        crossings::calls(&operation.effects, &mut |effect, call| {
            let Some(each) = effect.each.as_ref().filter(|_| !call.inline) else { return };
            let items = crossings::items(model, &each.range);
            if items < numbers::CALLS_PER_REQUEST.value {
                return;
            }
            let callee = crossings::end(call.callee).name(model);
            let peak = facts::rate(model, operation).value.peak * items;
            let message = format!(
                "`{}` calls `{callee}` {} times a request: {} at peak",
                operation.name,
                facts::people(items),
                facts::per_second(peak)
            );
            sink.report(&model.qualified_operation(id), effect.span, message, |finding| {
                finding
                    .label("once for each item")
                    .related(each.range.span, format!("{} items on average", facts::people(items)))
                    .note("the calls add up in the caller's time, and one of them failing fails the request")
                    .help(format!("give `{callee}` a list to work on, or `batch: 1..100`, and call it once"))
            });
        });
    }
}
