use base::Provenance;

use crate::decision::{Answer, Context, decision};
use crate::facts;

decision!("style", "How many deployables are there?", reads [], System run);

const SOURCE: &str =
    "Fowler, MonolithFirst and MicroservicePremium; Azure microservices assessment";

fn run(cx: &Context<'_>) -> Option<Answer> {
    let model = cx.model;
    let choice = if model.contexts.len() > 1 { "modular-monolith" } else { "monolith" };
    let mut answer = Answer::new(choice, SOURCE);
    let mut contexts: Vec<_> = model.contexts.iter().collect();
    contexts.sort_by_key(|context| context.name.value.as_str());
    for context in contexts.into_iter().take(8) {
        answer = answer.given(
            format!("context {}", context.name),
            context.name.span,
            "a module of its own",
        );
    }
    let people: f64 =
        model.system.teams.iter().filter_map(|team| Some(team.people.as_ref()?.value)).sum();
    let mut teams: Vec<_> = model.system.teams.iter().collect();
    teams.sort_by_key(|team| team.name.as_str());
    let stated = teams.into_iter().find_map(|team| team.people.as_ref());
    let from = stated.map_or(Provenance::Default { source: "house" }, |of| of.provenance.clone());
    if people > 0.0 {
        let weight = "team size alone is no reason to divide a system";
        answer = answer.driver(format!("{} people", facts::people(people)), from, weight);
    }
    let peak: f64 = model.operations.iter().map(|of| facts::rate(of).value.peak).sum();
    let fact = format!("{} requests a second at peak", facts::people(peak));
    let from = Provenance::Derived { from: "the sum of all operations".to_owned() };
    answer =
        answer.driver(fact, from, "replicas of one deployable carry load as well as several do");
    Some(
        answer
            .parameter("deployables", "1")
            .reject("monolith", "the model names several contexts: kept apart, they can be divided later")
            .reject("modular-monolith", "there is one context")
            .reject("hybrid", "no context states a need that forces a deployable of its own")
            .reject("microservices", "every call between contexts would become a call over the network, every shared change a saga")
            .reject("serverless", "load is not idle most of the day with rare bursts, as far as the model says"),
    )
}
