use base::Provenance;

use crate::decision::{Answer, Context, decision};
use crate::rollout::Plan;

decision!("rollout", "In which order does it go live?", reads ["asvs", "capacity"], System run);

const SOURCE: &str = "Fowler, StranglerFigApplication; Azure Architecture Center, Strangler Fig \
    and anti-corruption layer; phases house";

fn run(cx: &Context<'_>) -> Option<Answer> {
    let existing = cx.model.system.existing;
    let assurance = cx.verdicts_of("asvs").next().map_or("l1", |level| level.choice);
    let plan = Plan {
        model: cx.model,
        sizing: cx.sizing(),
        crossings: cx.crossings,
        assurance,
        strangler: existing.is_some(),
    };
    let mut answer = Answer::new(if plan.strangler { "strangler" } else { "phases" }, SOURCE);
    answer = match existing {
        Some(span) => {
            answer.given("existing", span, "what runs today goes on while parts of it move")
        }
        None => {
            let from = Provenance::Default { source: "house: nothing is replaced unless stated" };
            answer.driver("no existing system is stated", from, "nothing has to run side by side")
        }
    };
    let mut critical: Vec<_> =
        cx.model.operations.iter().filter(|of| of.workload.critical).collect();
    critical.sort_by_key(|of| of.name.value.as_str());
    for operation in critical.into_iter().take(4) {
        let fact = format!("{}: critical", operation.name);
        answer = answer.given(fact, operation.name.span, "its context goes live first");
    }
    for phase in plan.phases() {
        let contexts: Vec<&str> =
            phase.contexts.iter().map(|id| cx.model.context(*id).name.value.as_str()).collect();
        let contexts = match contexts.as_slice() {
            [] => String::new(),
            some => format!("{}; ", some.join(", ")),
        };
        let told = format!("{contexts}ends when {}", phase.exit.join("; "));
        answer = answer.parameter(&phase.name, told);
    }
    Some(
        answer
            .reject(
                "phases",
                "an existing system is stated: a cut on one day would risk all of it at once",
            )
            .reject("strangler", "no existing system is stated (`system.existing`)"),
    )
}
