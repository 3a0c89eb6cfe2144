//! A schedule that floods what it calls.

use decide::facts;
use model::model::Timing;

use crate::context::{Context, Sink, check};

check!(
    "schedule-outruns-callee",
    Capacity,
    Warning,
    "0.1",
    "a schedule that calls an operation more often than it says",
    "schedule-outruns-callee.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for schedule in &model.schedules {
        let Timing::Every(every) = &schedule.timing else { continue };
        let (Some(entity), None) = (schedule.entity, &schedule.condition) else { continue };
        let Some(callee) = schedule.call.operation().map(|id| model.operation(id)) else {
            continue;
        };
        let Some(rows) = facts::rows_at_horizon(model, entity) else { continue };
        let within = schedule.within.as_ref().map(|within| within.value).or(every.period);
        let Some(stated) = &callee.workload.rate else { continue };
        let Some(seconds) = within.map(base::Duration::as_secs_f64).filter(|of| *of > 0.0) else {
            continue;
        };
        let needed = rows.value / seconds;
        if needed <= stated.value.peak * 1.05 {
            continue;
        }
        let message = format!(
            "`{}` calls `{}` for each of {} rows: {}, and it states a peak of {}",
            schedule.name,
            callee.name,
            facts::people(rows.value),
            facts::per_second(needed),
            facts::per_second(stated.value.peak)
        );
        sink.report(&schedule.name, schedule.name.span, message, |finding| {
            let place = stated.provenance.span().unwrap_or(callee.name.span);
            let row = model.entity(entity);
            let volume = row.rows.as_ref().and_then(|rows| rows.provenance.span());
            finding
                .label("for every row")
                .related(place, "the rate that it is sized for")
                .related(volume.unwrap_or(row.name.span), "the rows, in two years")
                .note("a run is not over when the next begins, and the runs pile up")
                .help("pick the rows that need it (`where`), allow more time (`within`), or state the rate that this makes")
        });
    }
}
