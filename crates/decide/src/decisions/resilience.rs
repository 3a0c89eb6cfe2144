use std::collections::BTreeMap;

use base::{Provenance, Quantity};
use model::model::ExternalId;

use crate::crossings::{Crossing, End};
use crate::decision::{Answer, Context, decision};
use crate::facts::{self, Facts};
use crate::protection::{self, Breaker, Caller, Opens, Protection};
use crate::{budget, durable, numbers};

decision!(
    "resilience",
    "How does a caller stand what it calls?",
    reads ["link"],
    Named run
);

const SOURCE: &str = "Amazon Builders' Library, Timeouts, retries and backoff with jitter; Beyer \
    et al., Site Reliability Engineering, chapter 21; breaker after Resilience4j; figures house";

fn run(cx: &Context<'_>) -> Vec<(String, Answer)> {
    let loads = loads(cx);
    let waiting = protection::waiting(cx.verdicts_of("link"));
    let remote = |crossing: &&Crossing| protection::remote(cx.model, &waiting, crossing);
    let mut answers: BTreeMap<String, Answer> = BTreeMap::new();
    for crossing in cx.crossings.iter().filter(remote) {
        let id = format!("{}->{}", crossing.caller, crossing.to.name(cx.model));
        let caller = Caller::of(cx.model, crossing);
        answers.entry(id).or_insert_with(|| answer(cx, crossing, &caller, &loads));
    }
    answers.into_iter().collect()
}

/// Calls a second to each external at the peak.
fn loads(cx: &Context<'_>) -> BTreeMap<ExternalId, f64> {
    let mut loads = BTreeMap::new();
    for crossing in cx.crossings {
        if let End::External(external, _) = crossing.to {
            *loads.entry(external).or_default() += crossing.rate.peak;
        }
    }
    loads
}

fn answer(
    cx: &Context<'_>,
    crossing: &Crossing,
    caller: &Caller,
    loads: &BTreeMap<ExternalId, f64>,
) -> Answer {
    let model = cx.model;
    let (_, latency, latency_from) = budget::times(model, crossing.to);
    let idempotent = protection::idempotent(model, crossing.to);
    let limit = protection::limit(model, crossing.to);
    let plan = Protection::of(model, caller, crossing);
    let choice = if caller.fallback {
        "fallback"
    } else if plan.hanging > plan.bulkhead {
        "breaker"
    } else if plan.attempts > 1 {
        "retry"
    } else {
        "timeout"
    };
    let from = Provenance::Derived { from: "the rate of the caller x items".to_owned() };
    let calls = format!("{} calls a second at peak", facts::people(crossing.rate.peak));
    let availability = format!("availability {}", facts::percent(caller.availability.value));
    let objective = format!("objective {}", facts::percentiles(&caller.objective.value));
    let deadline = format!("its deadline is {}", facts::seconds(caller.deadline));
    let mut answer = Answer::new(choice, SOURCE)
        .driver(latency, latency_from, "the timeout is a quantile of it")
        .driver(availability, caller.availability.provenance.clone(), "how many timeouts it bears")
        .driver(objective, caller.objective.provenance.clone(), &deadline)
        .driver(calls, from, &under_way(&plan));
    if let Some(limit) = limit {
        answer = limited(model, answer, &plan, &limit, crossing, loads);
    }
    answer = answer.given(
        if idempotent { "may be repeated" } else { "may not be repeated" },
        crossing.span,
        if idempotent { "a second attempt does no harm" } else { "one attempt" },
    );
    if plan.cut > budget::false_timeouts(model, caller.availability.value, plan.attempts > 1) * 1.01
    {
        let fact = format!("{} of good answers come too late", roughly(plan.cut));
        let from = Provenance::Derived { from: "its percentiles and the time left".to_owned() };
        let weight = "more than the availability bears: the caller needs a longer objective, or a \
                      `fallback`";
        answer = answer.driver(fact, from, weight);
    }
    rejections(parameters(model, answer, &plan), caller, &plan, idempotent)
}

/// Where the bulkhead comes from.
fn under_way(plan: &Protection) -> String {
    format!(
        "{} a second within reach, of {} each: {} under way at once (Little's law), and with the \
         bulkhead hardly any is turned away (Erlang B)",
        facts::people(plan.reached),
        facts::seconds(plan.mean),
        facts::people(plan.reached * plan.mean),
    )
}

fn limited(
    model: Facts<'_>,
    answer: Answer,
    plan: &Protection,
    limit: &Quantity<f64>,
    crossing: &Crossing,
    loads: &BTreeMap<ExternalId, f64>,
) -> Answer {
    let all = match crossing.to {
        End::External(external, _) => loads.get(&external).copied().unwrap_or_default(),
        _ => crossing.rate.peak,
    };
    let weight = if plan.attempts == 1 {
        "nothing is repeated"
    } else if all * f64::from(plan.attempts) > limit.value {
        "retries of everything would exceed it and keep it down: their budget is what prevents that"
    } else {
        "retries of everything would still be within it"
    };
    let fact = format!("limit {}", facts::per_second(limit.value));
    answer.driver(fact, limit.provenance.clone(), weight).parameter(
        "outbound limit",
        format!(
            "{}/s over all replicas",
            facts::people(limit.value * model.value(&numbers::LIMIT_SHARE))
        ),
    )
}

fn parameters(model: Facts<'_>, answer: Answer, plan: &Protection) -> Answer {
    let mut answer = answer
        .parameter("timeout", facts::seconds(plan.timeout))
        .parameter("good answers cut off", roughly(plan.cut))
        .parameter("attempts", attempts(plan))
        .parameter(
            "bulkhead",
            format!("{} calls at once in each process", facts::people(plan.bulkhead)),
        );
    if plan.durable {
        answer = durable(answer, plan);
    } else if plan.attempts > 1 {
        let base = facts::people(plan.backoff * 1e3);
        let cap = facts::seconds(plan.backoff_most);
        let share = facts::percent(plan.retry_budget);
        answer = answer
            .parameter("backoff", format!("{base} ms, doubled up to {cap}, full jitter"))
            .parameter("retry budget", format!("{share} of its calls"))
            .assumes(model, &numbers::ATTEMPTS, "no more");
    }
    if matches!(answer.choice, "breaker" | "fallback") {
        answer = answer.parameter("breaker", breaker(plan.breaker));
    }
    answer
}

fn attempts(plan: &Protection) -> String {
    match (plan.durable, plan.attempts) {
        (true, 2..) => format!("{} at once, then until it is done", plan.attempts),
        (_, attempts) => attempts.to_string(),
    }
}

/// How a call that is written down first is tried until it is done.
fn durable(answer: Answer, plan: &Protection) -> Answer {
    let share = facts::percent(durable::WAITED);
    let told = format!("202 after {share} of the deadline, or where it is put back");
    let answer = answer.parameter("the caller is told", told);
    if plan.attempts < 2 {
        return answer.parameter("where it may have been done", "an operator decides");
    }
    let base = facts::people(plan.backoff * 1e3);
    let cap = facts::seconds(plan.backoff_most);
    let look = facts::seconds(durable::LOOK.as_secs_f64());
    answer
        .parameter("backoff", format!("{base} ms, doubled up to {cap}, half of it jitter"))
        .parameter("put back", format!("after {}, until a look every {look}", durable::TRIES))
}

/// A share in percent, to three digits.
fn roughly(share: f64) -> String {
    format!("{} %", facts::people(share * 100.0))
}

fn breaker(breaker: Breaker) -> String {
    let opens = match breaker.opens {
        Opens::InARow(failures) => format!("{} failures in a row", facts::people(failures)),
        Opens::Share { failures, calls, window } => format!(
            "{} of at least {} calls in {} s",
            facts::percent(failures),
            facts::people(calls),
            facts::people(window)
        ),
    };
    let (open, probes) = (facts::people(breaker.open), facts::people(breaker.probes));
    format!("opens at {opens}, for {open} s, then {probes} probes")
}

fn rejections(answer: Answer, caller: &Caller, plan: &Protection, idempotent: bool) -> Answer {
    let hanging = format!(
        "a callee that hangs holds {} calls, the bulkhead {}",
        facts::people(plan.hanging),
        facts::people(plan.bulkhead)
    );
    let once = if idempotent {
        format!(
            "after a timeout of {} nothing remains of the {} that it has",
            facts::seconds(plan.timeout),
            facts::seconds(caller.remaining)
        )
    } else {
        "the callee does not promise that repeating is harmless".to_owned()
    };
    let usual = format!(
        "{}: callers would wait for nothing, of calls that usually take {}",
        hanging,
        facts::seconds(plan.mean)
    );
    let retry = if plan.attempts > 1 { usual.clone() } else { once };
    let timeout = if plan.attempts > 1 && answer.choice == "retry" {
        "a second attempt is harmless and fits the deadline".to_owned()
    } else {
        usual
    };
    let (timeout, retry, breaker) = if caller.fallback {
        let stated = || "the model states a `fallback`".to_owned();
        (stated(), stated(), stated())
    } else {
        (timeout, retry, format!("{hanging}: it stays below by itself"))
    };
    answer
        .reject("timeout", timeout)
        .reject("retry", retry)
        .reject("breaker", breaker)
        .reject("fallback", "the model states no `fallback`")
}
