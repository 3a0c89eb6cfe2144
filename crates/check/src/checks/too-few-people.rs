//! A team with more contexts than people to look after them.

use decide::facts;

use crate::context::{Context, Sink, check};
use crate::numbers;

check!(
    "too-few-people",
    Boundaries,
    Warning,
    "0.1",
    "a team that owns more contexts than its people can look after",
    "too-few-people.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (at, team) in model.system.teams.iter().enumerate() {
        let Some(people) = &team.people else { continue };
        let owned: Vec<_> = model.contexts.iter().filter(|of| of.team == Some(at)).collect();
        let most = (people.value / numbers::PEOPLE_PER_CONTEXT.value).ceil().max(1.0);
        let count = facts::count(owned.len());
        let Some(span) = people.provenance.span().filter(|_| count > most) else { continue };
        let message = format!(
            "`{}` owns {count} contexts with {} people; {most} is as many as it can look after",
            team.name,
            facts::people(people.value)
        );
        sink.report(&team.name, span, message, |mut finding| {
            for of in &owned {
                finding = finding.related(of.name.span, "owned by it");
            }
            finding
                .label("all the people there are")
                .note(format!(
                    "with fewer than {} people a context, each depends on one person",
                    numbers::PEOPLE_PER_CONTEXT.value
                ))
                .help("merge contexts that change together, or give some to another team")
        });
    }
}
