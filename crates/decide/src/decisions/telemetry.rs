use base::Provenance;

use crate::decision::{Answer, Context, decision};
use crate::facts::{self, bytes, people, percent};
use crate::numbers;
use crate::sizing::{Level, costs};

decision!(
    "telemetry",
    "What is recorded of requests, and how much of it is kept?",
    reads ["service", "capacity"],
    System run
);

const SOURCE: &str = "OpenTelemetry specification, Sampling; OWASP ASVS 5.0, V16.2 (what a log \
    holds); shares house";

fn run(cx: &Context<'_>) -> Option<Answer> {
    let model = cx.model;
    let sizing = cx.sizing();
    let crosses = sizing.services.len() > 1 || sizing.broker.is_some();
    let requests = sizing.requests.mean;
    let volume = costs::log_volume(model, cx.demand(), Level::Peak);
    let cost = volume / 1e9 * model.value(&numbers::PRICE_LOGS);
    let derived = |from: &str| Provenance::Derived { from: from.to_owned() };
    let mut answer = Answer::new(if crosses { "traces" } else { "metrics" }, SOURCE)
        .driver(
            format!("{} requests a second in the mean", people(requests)),
            derived("the rates of all operations"),
            &format!("{} of logs a month, {} EUR if all are kept", bytes(volume), people(cost)),
        )
        .driver(
            facts::counted(facts::count(sizing.services.len()), "deployable"),
            derived("`service`"),
            if crosses {
                "a request or event goes through several processes"
            } else {
                "one log tells the whole story"
            },
        );
    let share = percent(model.value(&numbers::LOG_SHARE));
    let (allowed, from) = match &sizing.budget {
        Some(budget) => {
            (format!("budget {} EUR a month", people(budget.value)), budget.provenance.clone())
        }
        None => ("no budget is stated".to_owned(), derived("all other costs")),
    };
    let weight = format!("logs may take {share} of it, or of all other costs");
    answer = answer
        .driver(allowed, from, &weight)
        .parameter("logs", "every error and every slow request")
        .parameter("a line holds", line(model.system.tenancy.is_some()))
        .parameter("logs of good requests", percent(sizing.logs_kept))
        .parameter("logs kept", "30 d; audits and security events 400 d")
        .parameter("metrics", "rate, errors and duration of each operation; 15 s, 400 d");
    if crosses {
        answer = answer.parameter("traces", format!("{} of requests", percent(sizing.traced)));
        answer = answer.parameter("context", "W3C Trace Context in requests and events");
    }
    Some(
        answer
            .reject("metrics", "a request or event goes through several processes, and no single log tells its story")
            .reject(
                "traces",
                "there is one deployable and no broker: the correlation id in its log already joins what belongs together",
            ),
    )
}

/// JSON; never a body, a token or a name: ASVS 16.2.5.
fn line(tenants: bool) -> String {
    let tenant = if tenants { ", the tenant" } else { "" };
    format!(
        "time, operation, status, code, duration, trace and correlation id, a hash of the \
         caller's subject{tenant}"
    )
}
