//! A promise that nobody keeps at night.

use decide::facts;

use crate::context::{Context, Sink, check};
use crate::numbers;

check!(
    "promise-without-on-call",
    Observability,
    Warning,
    "0.1",
    "an availability that a night without on-call uses up",
    "promise-without-on-call.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for of in &model.contexts {
        let team = of.team.and_then(|at| model.system.teams.get(at));
        let Some(team) = team.filter(|team| team.on_call == Some(false)) else { continue };
        let promise = of.needs.availability.as_ref().or(model.system.needs.availability.as_ref());
        let Some(promise) = promise else { continue };
        let hours = (1.0 - promise.value.0) * numbers::BUDGET_DAYS.value * 24.0;
        if hours >= numbers::NIGHT.value {
            continue;
        }
        let budget = hours_and_minutes(hours);
        let message = format!(
            "`{}` may be down {budget} a month, but nobody of `{}` is on call at night",
            of.name, team.name
        );
        sink.report(&of.name, of.name.span, message, |finding| {
            let place = promise.provenance.span().unwrap_or(of.name.span);
            finding
                .label("its team has `on_call: false`")
                .related(place, format!("{} leaves {budget} in 30 days", facts::percent(promise.value.0)))
                .note(format!("a failure at the end of a working day is seen {} hours later", numbers::NIGHT.value))
                .help("give the team an on-call rota (`on_call: true`), or promise what working hours can keep")
        });
    }
}

/// `43 min`, `3.6 h`.
fn hours_and_minutes(hours: f64) -> String {
    if hours < 1.0 {
        format!("{} min", facts::people((hours * 60.0).round()))
    } else {
        format!("{} h", facts::people(hours))
    }
}
