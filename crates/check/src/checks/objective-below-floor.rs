//! An objective that cannot be met.

use base::{Percentiles, Span};
use decide::{crossings, facts};
use model::model::{Operation, OperationId};

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
        let calls = floor::externals(&operation.effects);
        let place = objective.provenance.span().unwrap_or(operation.name.span);
        let case = Case { id, operation, place };
        match floor::slower(model, &calls, &objective.value) {
            Some(slower) => case.one_is_slower(context, sink, &slower),
            None => case.medians_add_up(context, sink, &objective.value, &calls),
        }
    }
}

/// An operation, and where its objective is stated.
struct Case<'m> {
    id: OperationId,
    operation: &'m Operation,
    place: Span,
}

const REASON: &str = "no server of ours makes the externals faster";
const REMEDY: &str = "state what can be met (`latency: p95 2s`), or answer at once (`async: true`)";

impl Case<'_> {
    /// One external by itself takes longer than the whole answer may.
    fn one_is_slower(&self, context: &Context, sink: &mut Sink, slower: &floor::Slower) {
        let model = context.model;
        let callee = crossings::end(slower.callee).name(model);
        let percent = |share: f64| facts::people(share * 100.0);
        let ((share, time), (theirs, longer)) = (slower.objective, slower.stated);
        let message = format!(
            "`{}` is to give {} % of its answers in {}, but `{callee}` alone gives only {} % within {}",
            self.operation.name,
            percent(share),
            facts::seconds(time),
            percent(theirs),
            facts::seconds(longer),
        );
        sink.report(&model.qualified_operation(self.id), slower.span, message, |finding| {
            finding
                .label("waited for")
                .related(self.place, "the objective")
                .related(slower.place, "the longer one")
                .note(REASON)
                .help(REMEDY)
        });
    }

    /// Half of the answers of all of them one after the other come too late.
    fn medians_add_up(
        &self,
        context: &Context,
        sink: &mut Sink,
        objective: &Percentiles,
        calls: &[floor::Waited],
    ) {
        let model = context.model;
        let (share, time) = facts::main_percentile(objective);
        let floor: f64 = calls.iter().filter_map(|call| call.median(model)).sum();
        if share < 0.5 || floor <= time {
            return;
        }
        let name = &self.operation.name;
        let message = format!(
            "`{name}` is to answer in {}, but its externals take {} in half of all cases",
            facts::seconds(time),
            facts::seconds(floor)
        );
        sink.report(&model.qualified_operation(self.id), name.span, message, |mut finding| {
            let share = facts::people(share * 100.0);
            finding = finding
                .label("more than half of its answers come too late")
                .related(self.place, format!("the objective, at the {share}th percentile"));
            for call in calls {
                let Some(median) = call.median(model) else { continue };
                let callee = crossings::end(call.callee()).name(model);
                let stated = format!("`{callee}`: p50 {}", facts::seconds(median));
                finding = finding.related(call.span, stated);
            }
            finding.note(REASON).help(REMEDY)
        });
    }
}
