use std::collections::BTreeMap;

use base::Percentiles;
use model::model::{ContextId, OperationId, OperationKind};

use crate::decision::{Answer, Context, decision};
use crate::{
    decided,
    facts::{self, Facts},
    numbers,
};

decision!("slo", "What is promised of an operation, and when is somebody told?", reads [], Named run);

const SOURCE: &str = "Beyer et al., The Site Reliability Workbook, chapter 5, table 5-8";

/// Multiwindow burn-rate alerts for a window of 30 days: how many times too fast the budget burns,
/// over how long (and a twelfth of that), and who is told. Source: as above.
const ALERTS: [(&str, f64, f64); 3] =
    [("page", 14.4, 3_600.0), ("page", 6.0, 21_600.0), ("ticket", 1.0, 259_200.0)];

/// Where the requests come from that alerts count.
#[derive(Clone, Copy, PartialEq)]
enum Counted {
    Alone,
    WithOthers,
    WithProbes,
    Never,
}

fn run(cx: &Context<'_>) -> Vec<(String, Answer)> {
    let model = cx.model;
    let names = decided::operation_names(model);
    let promised = |id: OperationId| {
        let operation = model.operation(id);
        let routed = cx.routes.get(id.0 as usize).is_some_and(Option::is_some);
        routed || operation.workload.latency.is_some() || operation.needs.availability.is_some()
    };
    let promised: Vec<(OperationId, String)> =
        model.operations().map(|(id, _)| id).zip(names).filter(|(id, _)| promised(*id)).collect();
    let rare = rare(model, &promised);
    let answer = |(id, name): (OperationId, String)| {
        let answer = answer(model, id, &rare);
        (name, answer)
    };
    promised.into_iter().map(answer).collect()
}

/// Requests a second of what is too rare to be watched alone: by context and error budget.
type Rare = BTreeMap<(ContextId, u64), f64>;

fn rare(model: Facts<'_>, promised: &[(OperationId, String)]) -> Rare {
    let mut rare = Rare::new();
    for (id, _) in promised {
        let budget = budget(model, *id);
        let rate = rate(model, *id);
        if !seen(model, rate, budget, ALERTS[0]) {
            *rare.entry(group(model, *id)).or_default() += rate;
        }
    }
    rare
}

/// Operations that may be counted together: of one context and with one error budget.
fn group(model: Facts<'_>, id: OperationId) -> (ContextId, u64) {
    (model.operation(id).context, budget(model, id).to_bits())
}

/// Share of requests that may fail.
fn budget(model: Facts<'_>, id: OperationId) -> f64 {
    1.0 - facts::availability(model, model.operation(id)).value.0
}

/// Mean requests a second; streams are counted by the probes alone.
fn rate(model: Facts<'_>, id: OperationId) -> f64 {
    let operation = model.operation(id);
    match operation.kind {
        OperationKind::Stream => 0.0,
        _ => facts::rate(model, operation).value.mean,
    }
}

/// Bad requests in the window of an alert when the budget burns just as fast as it tells.
fn bad_events(rate: f64, budget: f64, (_, burn, window): (&str, f64, f64)) -> f64 {
    rate * window * burn * budget
}

/// Whether an alert can tell bad luck from burning.
fn seen(model: Facts<'_>, rate: f64, budget: f64, alert: (&str, f64, f64)) -> bool {
    bad_events(rate, budget, alert) >= model.value(&numbers::BAD_EVENTS) * (1.0 - 1e-9)
}

fn counted(model: Facts<'_>, rate: f64, together: f64, budget: f64) -> (Counted, f64) {
    let probed = together.max(rate) + 1.0 / model.value(&numbers::PROBE_INTERVAL);
    let ways =
        [(Counted::Alone, rate), (Counted::WithOthers, together), (Counted::WithProbes, probed)];
    let enough = ways.into_iter().find(|(_, rate)| seen(model, *rate, budget, ALERTS[0]));
    enough.unwrap_or((Counted::Never, probed))
}

fn answer(model: Facts<'_>, id: OperationId, rare: &Rare) -> Answer {
    let operation = model.operation(id);
    let budget = budget(model, id);
    let together = rare.get(&group(model, id)).copied().unwrap_or_default();
    let (counted, rate) = counted(model, rate(model, id), together, budget);
    let choice = if counted == Counted::Never { "ticket" } else { "burn-rate" };
    let availability = facts::availability(model, operation);
    let objective = facts::objective(model, operation);
    let (fact, from) = facts::rate_fact(model, id);
    let told = format!("availability {}", facts::percent(availability.value.0));
    let latency = format!("latency {}", facts::percentiles(&objective.value));
    let mut answer = Answer::new(choice, SOURCE)
        .driver(told, availability.provenance, "its error budget is what is left of it")
        .driver(latency, objective.provenance, "what counts as fast")
        .driver(fact, from, traffic(counted))
        .parameter("window", format!("{} d", facts::people(model.value(&numbers::SLO_WINDOW))))
        .parameter("answered", facts::percent(availability.value.0));
    for (name, value) in fast(&objective.value, operation.kind) {
        answer = answer.parameter(&name, value);
    }
    answer = answer.parameter("counted", counted_as(counted, model, id));
    let slow = main_budget(&objective.value);
    for (name, value) in alerts(model, rate, budget, slow, counted) {
        answer = answer.parameter(&name, value);
    }
    answer.assumes(model, &numbers::BAD_EVENTS, "fewer in a window may be bad luck").reject(
        "burn-rate",
        format!(
            "{} failed requests in the shortest window are needed, and probes every {} s do not \
             make them",
            facts::people(model.value(&numbers::BAD_EVENTS)),
            facts::people(model.value(&numbers::PROBE_INTERVAL))
        ),
    )
    .reject("ticket", "there is enough traffic to see the budget burn")
}

const fn traffic(counted: Counted) -> &'static str {
    match counted {
        Counted::Alone => "enough to see its budget burn within the hour",
        Counted::WithOthers => "too few alone; with the others of its context enough",
        Counted::WithProbes => "too few even with the others of its context; probes make up for it",
        Counted::Never => "too few, with probes as well",
    }
}

fn counted_as(counted: Counted, model: Facts<'_>, id: OperationId) -> String {
    let context = &model.context(model.operation(id).context).name;
    let probes =
        format!("a probe every {} s", facts::people(model.value(&numbers::PROBE_INTERVAL)));
    match counted {
        Counted::Alone => "alone".to_owned(),
        Counted::WithOthers => format!("with the rare operations of {context}"),
        Counted::WithProbes => format!("with the rare operations of {context}, and {probes}"),
        Counted::Never => "by the day".to_owned(),
    }
}

/// `fast: 95 % within 200 ms`, for each stated percentile.
fn fast(objective: &Percentiles, kind: OperationKind) -> Vec<(String, String)> {
    let name = if kind == OperationKind::Stream { "first message" } else { "fast" };
    let told = |(share, time): &(base::Percentile, base::Duration)| {
        (name.to_owned(), format!("{} within {time}", facts::percent(share.0)))
    };
    let last = objective.0.len() > 1;
    let all = objective.0.iter().enumerate().map(|(at, of)| {
        let (name, value) = told(of);
        (if last && at > 0 { format!("{name} {}", at + 1) } else { name }, value)
    });
    all.collect()
}

/// Share of requests that may be slow.
fn main_budget(objective: &Percentiles) -> f64 {
    1.0 - facts::main_percentile(objective).0
}

fn alerts(
    model: Facts<'_>,
    rate: f64,
    budget: f64,
    slow: f64,
    counted: Counted,
) -> Vec<(String, String)> {
    if counted == Counted::Never {
        let failures = facts::people(model.value(&numbers::TICKET_FAILURES));
        return vec![("ticket".to_owned(), format!("{failures} failures in a day"))];
    }
    let mut told = Vec::new();
    for alert in ALERTS {
        let (who, burn, window) = alert;
        let errors = [("failed", budget), ("slow", slow)];
        let limits = errors.into_iter().filter(|(_, budget)| seen(model, rate, *budget, alert));
        // A share of one or more can never be exceeded.
        let limits =
            limits.map(|(what, budget)| (what, burn * budget)).filter(|of| of.1 < 1.0 - 1e-9);
        let limits: Vec<String> =
            limits.map(|(what, share)| format!("{} {what}", facts::percent(share))).collect();
        if !limits.is_empty() {
            let name = format!("{who} at {}x", facts::people(burn));
            let windows = format!("over {} and {}", span(window), span(window / 12.0));
            told.push((name, format!("more than {} {windows}", limits.join(" or "))));
        }
    }
    told
}

/// A window: `1 h`, `5 min`, `3 d`.
fn span(seconds: f64) -> String {
    match seconds {
        days if days >= 86_400.0 => format!("{} d", facts::people(days / 86_400.0)),
        hours if hours >= 3_600.0 => format!("{} h", facts::people(hours / 3_600.0)),
        minutes => format!("{} min", facts::people(minutes / 60.0)),
    }
}
