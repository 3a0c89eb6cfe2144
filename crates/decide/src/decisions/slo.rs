use base::Percentiles;
use model::model::OperationKind;

use crate::decision::{Answer, Context, decision};
use crate::objectives::{self, Alert, Counted, Objective};
use crate::{
    facts::{self, Facts},
    numbers,
};

decision!("slo", "What is promised of an operation, and when is somebody told?", reads [], Named run);

const SOURCE: &str = "Beyer et al., The Site Reliability Workbook, chapter 5, table 5-8";

fn run(cx: &Context<'_>) -> Vec<(String, Answer)> {
    let all = objectives::of(cx.model, cx.routes, &cx.names.operations);
    let mut told = Told::default();
    let answer = |objective: Objective| {
        let answer = answer(cx.model, &objective, &mut told);
        (objective.name, answer)
    };
    all.into_iter().map(answer).collect()
}

/// Alerts in words, by what they are: many operations have the same.
#[derive(Default)]
struct Told(Vec<(Vec<Alert>, Words)>);

/// Names and values of parameters.
type Words = Vec<(String, String)>;

impl Told {
    fn of(&mut self, alerts: &[Alert]) -> Words {
        if let Some((_, words)) = self.0.iter().find(|(known, _)| known == alerts) {
            return words.clone();
        }
        let words: Words = alerts.iter().copied().map(told).collect();
        self.0.push((alerts.to_vec(), words.clone()));
        words
    }
}

fn answer(model: Facts<'_>, objective: &Objective, known: &mut Told) -> Answer {
    let operation = model.operation(objective.operation);
    let counted = objective.counted;
    let choice = if counted == Counted::ByDay { "ticket" } else { "burn-rate" };
    let availability = facts::availability(model, operation);
    let latency = facts::objective(model, operation);
    let (fact, from) = facts::rate_fact(model, objective.operation);
    let told = format!("availability {}", facts::percent(availability.value.0));
    let fast_enough = format!("latency {}", facts::percentiles(&latency.value));
    let mut answer = Answer::new(choice, SOURCE)
        .driver(told, availability.provenance, "its error budget is what is left of it")
        .driver(fast_enough, latency.provenance, "what counts as fast")
        .driver(fact, from, traffic(counted))
        .parameter("window", format!("{} d", facts::people(model.value(&numbers::SLO_WINDOW))))
        .parameter("answered", facts::percent(availability.value.0));
    for (name, value) in fast(&latency.value, operation.kind) {
        answer = answer.parameter(&name, value);
    }
    answer = answer.parameter("counted", counted_as(model, objective));
    answer.parameters.extend(match counted {
        Counted::ByDay => by_day(model),
        _ => known.of(&objective.alerts),
    });
    let answer = answer.assumes(model, &numbers::BAD_EVENTS, "fewer in a window may be bad luck");
    if choice == "burn-rate" {
        return answer.reject("ticket", "there is enough traffic to see the budget burn");
    }
    let needed = facts::people(model.value(&numbers::BAD_EVENTS));
    let probed = facts::people(model.value(&numbers::PROBE_INTERVAL));
    answer.reject(
        "burn-rate",
        format!(
            "{needed} failed requests in the shortest window are needed, and probes every {probed} \
             s do not make them"
        ),
    )
}

const fn traffic(counted: Counted) -> &'static str {
    match counted {
        Counted::Alone => "enough to see its budget burn within the hour",
        Counted::WithOthers => "too few alone; with the others of its context enough",
        Counted::WithProbes => "too few even with the others of its context; probes make up for it",
        Counted::ByDay => "too few, with probes as well",
    }
}

fn counted_as(model: Facts<'_>, objective: &Objective) -> String {
    let context = &model.context(objective.context).name;
    match objective.counted {
        Counted::Alone => "alone".to_owned(),
        Counted::WithOthers => format!("with the rare operations of {context}"),
        Counted::WithProbes => format!(
            "with the rare operations of {context}, and a probe every {} s",
            facts::people(model.value(&numbers::PROBE_INTERVAL))
        ),
        Counted::ByDay => "by the day".to_owned(),
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

fn by_day(model: Facts<'_>) -> Words {
    let failures = facts::people(model.value(&numbers::TICKET_FAILURES));
    vec![("ticket".to_owned(), format!("{failures} failures in a day"))]
}

fn told(alert: Alert) -> (String, String) {
    let limit = |what: &str, share: Option<f64>| {
        share.map(|share| format!("{} {what}", facts::percent(share)))
    };
    let limits = [limit("failed", alert.failed), limit("slow", alert.slow)];
    let limits: Vec<String> = limits.into_iter().flatten().collect();
    let burn = alert.burn;
    let name = format!("{} at {}x", burn.told.name(), facts::people(burn.rate));
    let windows = format!("over {} and {}", span(burn.long), span(burn.short()));
    (name, format!("more than {} {windows}", limits.join(" or ")))
}

/// A window: `1 h`, `5 min`, `3 d`.
fn span(seconds: f64) -> String {
    match seconds {
        days if days >= 86_400.0 => format!("{} d", facts::people(days / 86_400.0)),
        hours if hours >= 3_600.0 => format!("{} h", facts::people(hours / 3_600.0)),
        minutes => format!("{} min", facts::people(minutes / 60.0)),
    }
}
