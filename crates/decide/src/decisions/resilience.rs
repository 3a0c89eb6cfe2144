use std::collections::{BTreeMap, BTreeSet};

use base::{Percentiles, Provenance, Quantity};
use model::model::{ContextId, ExternalId};
use queueing::{Lognormal, little};

use crate::crossings::{Crossing, End, How};
use crate::decision::{Answer, Context, decision};
use crate::facts::{self, Facts};
use crate::{budget, numbers};

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
    let links = cx.verdicts_of("link").filter(|link| link.choice == "sync");
    let waiting: BTreeSet<&str> = links.map(|link| link.subject.as_str()).collect();
    let remote = |crossing: &&Crossing| remote(cx, &waiting, crossing);
    let mut answers: BTreeMap<String, Answer> = BTreeMap::new();
    for crossing in cx.crossings.iter().filter(remote) {
        let id = format!("{}->{}", crossing.caller, crossing.to.name(cx.model));
        let caller = Caller::of(cx, crossing);
        answers.entry(id).or_insert_with(|| answer(cx, crossing, &caller, &loads));
    }
    answers.into_iter().collect()
}

/// Whether the caller sends a request over the network itself: to an external, or to another
/// context over a link that lets it wait. Commands and copies go through the broker.
fn remote(cx: &Context<'_>, waiting: &BTreeSet<&str>, crossing: &Crossing) -> bool {
    match (&crossing.how, crossing.to.context(cx.model)) {
        (How::Follows, _) => false,
        (_, None) => true,
        (How::Steps { .. }, Some(_)) => false,
        (_, Some(to)) => {
            let name = |of: ContextId| &cx.model.context(of).name;
            waiting.contains(format!("{}->{}", name(crossing.from), name(to)).as_str())
        }
    }
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

/// What the caller allows.
struct Caller {
    /// Share of requests that it must serve well.
    availability: Quantity<f64>,
    /// Its objective, in words.
    objective: Quantity<String>,
    /// Seconds that remain for this call.
    remaining: f64,
    /// Its deadline, in seconds.
    deadline: f64,
    /// Whether the model says what happens instead.
    fallback: bool,
}

impl Caller {
    fn of(cx: &Context<'_>, crossing: &Crossing) -> Self {
        let model = cx.model;
        let fallback = matches!(crossing.how, How::Calls { fallback: true });
        if let Some(id) = crossing.operation {
            let operation = model.operation(id);
            let Quantity { value, provenance } = facts::availability(model, operation);
            let objective = facts::objective(model, operation);
            return Self {
                availability: Quantity { value: value.0, provenance },
                objective: told(objective),
                remaining: budget::remaining(model, id, crossing.to),
                deadline: budget::deadline_of(model, operation),
                fallback,
            };
        }
        let Quantity { value, provenance } = facts::context_availability(model, crossing.from);
        let (timeout, objective) = match &crossing.how {
            How::Steps { timeout, objective } => (timeout.clone(), objective.clone()),
            _ => (None, None),
        };
        let objective = objective.unwrap_or_else(|| facts::context_objective(model, crossing.from));
        let deadline = budget::deadline(cx.model, &objective.value);
        let deadline = timeout.map_or(deadline, |timeout| timeout.value.as_secs_f64());
        let availability = Quantity { value: value.0, provenance };
        let objective = told(objective);
        Self { availability, objective, remaining: deadline, deadline, fallback }
    }
}

fn told(objective: Quantity<Percentiles>) -> Quantity<String> {
    let Quantity { value, provenance } = objective;
    Quantity { value: format!("objective {}", facts::percentiles(&value)), provenance }
}

/// The numbers of one call.
struct Plan {
    /// Seconds.
    timeout: f64,
    /// Share of good answers that it cuts off.
    cut: f64,
    attempts: i32,
    /// Calls at once.
    bulkhead: f64,
    /// Calls at once when the callee hangs until the timeout.
    hanging: f64,
    /// Calls a second at the peak, within the limit.
    rate: f64,
    mean: f64,
}

fn plan(
    model: Facts<'_>,
    caller: &Caller,
    times: Lognormal,
    idempotent: bool,
    rate: f64,
    limit: Option<f64>,
) -> Plan {
    let within = caller.remaining.max(1e-3);
    let timeout = |retried: bool| {
        let share = budget::false_timeouts(model, caller.availability.value, retried);
        times.quantile(1.0 - share).min(within)
    };
    let retried = timeout(true);
    let most = if idempotent { attempts(model, caller, times.quantile(0.5), retried) } else { 1 };
    let timeout = if most > 1 { retried } else { timeout(false) };
    let rate = limit.map_or(rate, |limit| rate.min(limit));
    let mean = times.mean().min(timeout);
    let inside = little(rate, mean);
    Plan {
        timeout,
        cut: 1.0 - times.distribution(timeout),
        attempts: most,
        bulkhead: (inside + 3.0 * inside.sqrt()).ceil().max(1.0),
        hanging: little(rate, timeout),
        rate,
        mean,
    }
}

/// Attempts that fit: after each that timed out, at least a usual answer and the wait before it
/// must fit what remains.
fn attempts(model: Facts<'_>, caller: &Caller, p50: f64, timeout: f64) -> i32 {
    let mut remaining = caller.remaining;
    let mut attempts = 1;
    while f64::from(attempts) < model.value(&numbers::ATTEMPTS) {
        let wait = budget::backoff(model, attempts, caller.deadline);
        remaining -= timeout + wait;
        if remaining < p50 {
            break;
        }
        attempts += 1;
    }
    attempts
}

fn answer(
    cx: &Context<'_>,
    crossing: &Crossing,
    caller: &Caller,
    loads: &BTreeMap<ExternalId, f64>,
) -> Answer {
    let model = cx.model;
    let (times, latency, latency_from) = budget::times(cx.model, crossing.to);
    let idempotent = idempotent(cx, crossing.to);
    let limit = limit(cx, crossing.to);
    let stated = limit.as_ref().map(|limit| limit.value);
    let plan = plan(model, caller, times, idempotent, crossing.rate.peak, stated);
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
    let objective = caller.objective.clone();
    let deadline = format!("its deadline is {}", facts::seconds(caller.deadline));
    let mut answer = Answer::new(choice, SOURCE)
        .driver(latency, latency_from, "the timeout is a quantile of it")
        .driver(availability, caller.availability.provenance.clone(), "how many timeouts it bears")
        .driver(objective.value, objective.provenance, &deadline)
        .driver(calls, from, "by Little's law so many are under way at once");
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
    rejections(parameters(model, answer, caller, &plan), caller, &plan, idempotent)
}

fn limited(
    model: Facts<'_>,
    answer: Answer,
    plan: &Plan,
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

fn parameters(model: Facts<'_>, answer: Answer, caller: &Caller, plan: &Plan) -> Answer {
    let mut answer = answer
        .parameter("timeout", facts::seconds(plan.timeout))
        .parameter("good answers cut off", roughly(plan.cut))
        .parameter("attempts", plan.attempts.to_string())
        .parameter("bulkhead", format!("{} calls at once", facts::people(plan.bulkhead)));
    if plan.attempts > 1 {
        let base = facts::people(model.value(&numbers::RETRY_BASE));
        let cap = facts::seconds(caller.deadline * model.value(&numbers::BACKOFF_CAP));
        let share = facts::percent(model.value(&numbers::RETRY_BUDGET));
        answer = answer
            .parameter("backoff", format!("{base} ms, doubled up to {cap}, full jitter"))
            .parameter("retry budget", format!("{share} of its calls"))
            .assumes(model, &numbers::ATTEMPTS, "no more");
    }
    if matches!(answer.choice, "breaker" | "fallback") {
        answer = answer.parameter("breaker", breaker(model, plan.rate));
    }
    answer
}

/// A share in percent, to three digits.
fn roughly(share: f64) -> String {
    format!("{} %", facts::people(share * 100.0))
}

fn breaker(model: Facts<'_>, rate: f64) -> String {
    let window = model.value(&numbers::BREAKER_WINDOW);
    let opens = if rate * window < model.value(&numbers::BREAKER_CALLS) {
        format!("{} failures in a row", facts::people(model.value(&numbers::BREAKER_IN_A_ROW)))
    } else {
        format!(
            "{} of at least {} calls in {} s",
            facts::percent(model.value(&numbers::BREAKER_FAILURES)),
            facts::people(model.value(&numbers::BREAKER_CALLS)),
            facts::people(window)
        )
    };
    let open = facts::people(model.value(&numbers::BREAKER_OPEN));
    let probes = facts::people(model.value(&numbers::BREAKER_PROBES));
    format!("opens at {opens}, for {open} s, then {probes} probes")
}

fn rejections(answer: Answer, caller: &Caller, plan: &Plan, idempotent: bool) -> Answer {
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

/// Whether repeating is harmless. Calls between our own operations carry a key, and reads change
/// nothing.
fn idempotent(cx: &Context<'_>, end: End) -> bool {
    match end {
        End::External(external, at) => {
            let operation = cx.model.external(external).operations.get(usize::from(at));
            operation.is_some_and(|operation| operation.idempotent || operation.safe)
        }
        _ => true,
    }
}

/// Most calls a second that an external takes.
fn limit(cx: &Context<'_>, end: End) -> Option<Quantity<f64>> {
    let End::External(external, _) = end else { return None };
    let Quantity { value, provenance } = cx.model.external(external).limit.clone()?;
    Some(Quantity { value: value.peak, provenance })
}
