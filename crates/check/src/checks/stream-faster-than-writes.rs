//! A stream with nothing to send.

use decide::facts;
use model::model::{OperationKind, Target};

use crate::context::{Context, Sink, check};

check!(
    "stream-faster-than-writes",
    Capacity,
    Warning,
    "0.1",
    "a stream that is to send more often than anything changes",
    "stream-faster-than-writes.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    let writes = facts::writes(model);
    for (id, operation) in model.operations() {
        let (OperationKind::Stream, Target::Entity(entity)) = (operation.kind, operation.target)
        else {
            continue;
        };
        let Some(sent) = &operation.workload.rate_per_stream else { continue };
        let Some(written) = writes.get(entity.0 as usize).copied() else { continue };
        if sent.value.mean <= written * 1.05 {
            continue;
        }
        let message = format!(
            "each `{}` is to get {}, but `{}` changes {} in all",
            operation.name,
            facts::per_second(sent.value.mean),
            model.entity(entity).name,
            facts::per_second(written)
        );
        let place = sent.provenance.span().unwrap_or(operation.name.span);
        sink.report(&model.qualified_operation(id), place, message, |finding| {
            finding
                .label("more than there is")
                .related(model.entity(entity).name.span, "what it follows")
                .note("one of the two numbers is wrong, and sockets, bandwidth and cost are sized by this one")
                .help("state what one stream really sees, or the rates of the operations that write")
        });
    }
}
