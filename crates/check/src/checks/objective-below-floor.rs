//! An objective that cannot be met.

use decide::{crossings, facts};
use model::model::Callee;

use crate::context::{Context, Sink, check};
use crate::floor;
use crate::grants;

check!(
    "objective-below-floor",
    Observability,
    Warning,
    "0.1",
    "a latency that the externals which are waited for use up by themselves",
    "objective-below-floor.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, operation) in model.operations() {
        if operation.asynchronous || grants::only_system(model, operation) {
            continue;
        }
        let objective = facts::objective(model, operation);
        let (share, time) = facts::main_percentile(&objective.value);
        let calls = floor::externals(model, &operation.effects);
        let floor: f64 = calls.iter().map(|(_, median, _)| median).sum();
        if share < 0.5 || floor <= time {
            continue;
        }
        let place = objective.provenance.span().unwrap_or(operation.name.span);
        let message = format!(
            "`{}` is to answer in {}, but its externals take {} in half of all cases",
            operation.name,
            facts::seconds(time),
            facts::seconds(floor)
        );
        sink.report(&model.qualified_operation(id), operation.name.span, message, |mut finding| {
            finding = finding.label("more than half of its answers come too late").related(
                place,
                format!("the objective, at the {}th percentile", facts::people(share * 100.0)),
            );
            for (callee, median, span) in &calls {
                let name = crossings::end(Callee::External(callee.0, callee.1)).name(model);
                finding =
                    finding.related(*span, format!("`{name}`: p50 {}", facts::seconds(*median)));
            }
            finding.note("no server of ours makes the externals faster").help(
                "state what can be met (`latency: p95 2s`), or answer at once (`async: true`)",
            )
        });
    }
}
