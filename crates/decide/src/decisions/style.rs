use base::{Provenance, Rate};
use model::model::{ContextId, OperationKind};

use crate::decision::{Answer, Context, decision};
use crate::facts::{self, Facts};
use crate::numbers;

decision!("style", "How many deployables are there?", reads ["service"], System run);

const SOURCE: &str =
    "Fowler, MonolithFirst and MicroservicePremium; Azure microservices assessment";

fn run(cx: &Context<'_>) -> Option<Answer> {
    let model = cx.model;
    let mut own: Vec<&str> = Vec::new();
    let mut shared: Vec<&str> = Vec::new();
    for (context, deployable) in model.contexts.iter().zip(cx.deployables()) {
        if deployable.is_some() { &mut own } else { &mut shared }.push(&context.name.value);
    }
    own.sort_unstable();
    shared.sort_unstable();
    let total = total(cx);
    let choice = match (own.len(), shared.len()) {
        (0, _) if suits_functions(cx, total) => "serverless",
        (0, 0 | 1) | (1, 0) => "monolith",
        (0, _) => "modular-monolith",
        (_, 0) => "microservices",
        _ => "hybrid",
    };
    let mut answer = contexts(cx, Answer::new(choice, SOURCE));
    if let Some(people) = facts::all_people(model) {
        let weight = "team size alone is no reason to divide a system";
        answer = answer.driver(
            format!("{} people", facts::people(people.value)),
            people.provenance,
            weight,
        );
    }
    let fact = format!("{} requests a second at peak", facts::people(total.peak));
    let from = Provenance::Derived { from: "the sum of all operations".to_owned() };
    answer =
        answer.driver(fact, from, "replicas of one deployable carry load as well as several do");
    let deployables = own.len() + usize::from(!shared.is_empty());
    answer = answer.parameter("deployables", deployables.to_string());
    if !own.is_empty() && !shared.is_empty() {
        answer = answer.parameter("together", shared.join(", "));
    }
    if !own.is_empty() {
        answer = answer.parameter("apart", own.join(", "));
    }
    Some(rejections(model, answer, total))
}

/// What each context is, up to eight.
fn contexts(cx: &Context<'_>, mut answer: Answer) -> Answer {
    let mut contexts: Vec<_> = cx.model.contexts.iter().zip(cx.deployables()).collect();
    contexts.sort_by_key(|(context, _)| context.name.value.as_str());
    for (context, deployable) in contexts.into_iter().take(8) {
        let weight = match deployable {
            Some(ContextId(_)) => "a deployable of its own (see `service`)",
            None => "a module of its own",
        };
        answer = answer.given(format!("context {}", context.name), context.name.span, weight);
    }
    answer
}

fn rejections(model: Facts<'_>, answer: Answer, total: Rate) -> Answer {
    let bursts = format!(
        "functions pay from a peak of {} times the mean, with no streams, no pipelines, no runs of \
         more than 15 minutes and objectives of at least {} ms; here the peak is {} times the mean",
        facts::people(model.value(&numbers::SERVERLESS_PEAK)),
        facts::people(model.value(&numbers::SERVERLESS_LATENCY)),
        facts::people(total.peak / total.mean.max(1e-12))
    );
    let contexts = "the contexts are kept apart, so that they can be divided later";
    let one = if answer.choice == "monolith" {
        "there is one context"
    } else {
        "`service` gives contexts deployables of their own, or load comes in rare bursts"
    };
    answer
        .reject("monolith", contexts)
        .reject("modular-monolith", one)
        .reject("hybrid", "it takes contexts that share a deployable and some that do not")
        .reject(
            "microservices",
            "not every context has a reason for a deployable of its own: each call between \
             them would go over the network, each shared change become a saga",
        )
        .reject("serverless", bursts)
}

fn total(cx: &Context<'_>) -> Rate {
    cx.model.operations.iter().map(|of| facts::rate(cx.model, of).value).fold(
        Rate::default(),
        |sum, rate| Rate { mean: sum.mean + rate.mean, peak: sum.peak + rate.peak },
    )
}

/// Rare bursts, nobody connected for long, and time for a cold start.
fn suits_functions(cx: &Context<'_>, total: Rate) -> bool {
    let least = cx.model.value(&numbers::SERVERLESS_LATENCY) / 1e3;
    let patient = |of: &model::model::Operation| {
        facts::main_percentile(&facts::objective(cx.model, of).value).1 >= least - 1e-9
    };
    let streams = cx.model.operations.iter().any(|of| of.kind == OperationKind::Stream);
    let most = cx.model.value(&numbers::FUNCTION_MINUTES) * 60.0;
    let long = cx.model.schedules.iter().any(|schedule| {
        schedule.within.as_ref().is_some_and(|within| within.value.as_secs_f64() > most)
    });
    total.peak > total.mean * cx.model.value(&numbers::SERVERLESS_PEAK)
        && !streams
        && !long
        && cx.model.pipelines.is_empty()
        && cx.model.operations.iter().all(patient)
}
