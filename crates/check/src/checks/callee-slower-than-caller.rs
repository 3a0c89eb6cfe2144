//! A caller that is to be faster than what it waits for.

use decide::{crossings, facts};
use model::model::Callee;

use crate::context::{Context, Sink, check};
use crate::grants;

check!(
    "callee-slower-than-caller",
    Resilience,
    Warning,
    "0.1",
    "an operation that waits for one that may take longer than itself",
    "callee-slower-than-caller.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, operation) in model.operations() {
        if operation.asynchronous || grants::only_system(model, operation) {
            continue;
        }
        let own = facts::objective(model, operation);
        let (share, time) = facts::main_percentile(&own.value);
        crossings::calls(&operation.effects, &mut |effect, call| {
            let Callee::Operation(callee) = call.callee else { return };
            let callee = model.operation(callee);
            let theirs = facts::objective(model, callee);
            let (_, longer) = facts::main_percentile(&theirs.value);
            if call.inline || effect.when.is_some() || longer <= time {
                return;
            }
            let message = format!(
                "`{}` is to answer in {}, but waits for `{}`, which may take {}",
                operation.name,
                facts::seconds(time),
                callee.name,
                facts::seconds(longer)
            );
            let place = own.provenance.span().unwrap_or(operation.name.span);
            sink.report(&model.qualified_operation(id), effect.span, message, |finding| {
                let percent = facts::people(share * 100.0);
                let other = theirs.provenance.span().unwrap_or(callee.name.span);
                finding
                    .label("waited for")
                    .related(place, format!("the objective, at the {percent}th percentile"))
                    .related(other, "the longer one")
                    .note("an answer cannot come before what it is made of: alerts would ring while everything works as stated")
                    .help("raise the objective, lower the callee's, or answer at once (`async: true`) and let a flow do the call")
            });
        });
    }
}
