//! More streams than people.

use decide::facts;
use model::model::{Authentication, Grant};

use crate::context::{Context, Sink, check};

check!(
    "more-streams-than-users",
    Capacity,
    Warning,
    "0.1",
    "more open streams of people than people",
    "more-streams-than-users.md"
);

/// Tabs and devices that one person may have open.
const EACH: f64 = 3.0;

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    let Some(users) = &model.system.needs.concurrent_users else { return };
    let Some(place) = users.provenance.span() else { return };
    let person = |grant: &Grant| model.actor(grant.actor).authentication == Authentication::User;
    let of_people = model.operations.iter().filter(|of| of.by.iter().all(person));
    let streams: Vec<_> =
        of_people.filter_map(|of| Some((of, of.workload.open_streams.as_ref()?))).collect();
    let open: f64 = streams.iter().map(|(_, open)| open.value).sum();
    if open <= users.value * EACH {
        return;
    }
    let message = format!(
        "{} streams are open for {} people at once",
        facts::people(open),
        facts::people(users.value)
    );
    sink.report("system", place, message, |mut finding| {
        for (of, open) in &streams {
            let span = open.provenance.span().unwrap_or(of.name.span);
            let text = format!("`{}`: {} open", of.name, facts::people(open.value));
            finding = finding.related(span, text);
        }
        finding
            .label("people at once")
            .note(format!("more than {EACH} for each of them: sockets and memory are sized by one number, everything else by the other"))
            .help("correct whichever of the numbers is wrong")
    });
}
