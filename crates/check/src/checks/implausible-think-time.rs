//! People who ask too often, or hardly ever.

use decide::facts;
use model::model::{Authentication, OperationKind};

use crate::context::{Context, Sink, check};

check!(
    "implausible-think-time",
    Capacity,
    Warning,
    "0.1",
    "the stated users and rates imply an implausible pause between two requests of a person",
    "implausible-think-time.md"
);

/// Seconds between two requests of one person that make sense (house).
const PLAUSIBLE: std::ops::RangeInclusive<f64> = 3.0..=300.0;

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    let Some(users) = &model.system.needs.concurrent_users else { return };
    // How much of a rate is theirs cannot be known where machines ask as well.
    let asked_by_people = |operation: &&model::model::Operation| {
        let mut by = operation.by.iter().map(|grant| model.actor(grant.actor).authentication);
        operation.kind != OperationKind::Stream && by.all(|auth| auth == Authentication::User)
    };
    let peak: f64 = model
        .operations
        .iter()
        .filter(asked_by_people)
        .map(|op| facts::rate(model, op).value.peak)
        .sum();
    if peak <= 0.0 || PLAUSIBLE.contains(&(users.value / peak)) {
        return;
    }
    let message = format!(
        "{} users who ask {} in all pause {:.1} s between two requests",
        facts::people(users.value),
        facts::per_second(peak),
        users.value / peak
    );
    let span = users.provenance.span().unwrap_or_default();
    sink.report("system", span, message, |finding| {
        finding
            .label("people at once")
            .note("between 3 s and 5 min is usual; outside it, users or rates are off by a factor")
            .help("check `concurrent_users` and the peaks of the operations of `auth: user` actors")
    });
}
