//! What clients notice: promises and requests.

use std::collections::BTreeMap;

use decide::{
    Design,
    deployables::Deployable,
    facts,
    objectives::{self, BURNS, Objective},
};

use super::panel::{Panel, Query, Row};
use crate::metrics::{DURATION_BUCKET, REQUESTS};
use crate::slo::{Kind, number, one_of, rate};

/// Promises, then rate, errors and duration.
pub fn rows(design: &Design, deployable: &Deployable) -> Vec<Row> {
    let all = objectives::of_design(design);
    let mut here: Vec<Objective> =
        all.into_iter().filter(|of| deployable.contexts.contains(&of.context)).collect();
    here.sort_by(|a, b| a.name.cmp(&b.name));
    let promises = vec![
        burn(design, deployable, &here, Kind::Failed),
        burn(design, deployable, &here, Kind::Slow),
        alerts(deployable),
    ];
    let promises = if here.is_empty() { Vec::new() } else { promises };
    vec![
        Row { title: "Promises: what is left of them", panels: promises },
        Row { title: "Requests: rate, errors, duration", panels: requests(deployable) },
    ]
}

/// How many times too fast the budget of each operation burns, over the last hour. Operations with
/// one budget share a query.
fn burn(design: &Design, deployable: &Deployable, all: &[Objective], kind: Kind) -> Panel {
    let hour = BURNS[0].long;
    let mut by_budget: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for objective in all {
        let budget = match kind {
            Kind::Slow => objective.slow_budget(),
            _ => objective.failed_budget(),
        };
        if budget > 0.0 {
            let name = design.model.qualified_operation(objective.operation);
            by_budget.entry(number(budget)).or_default().push(name);
        }
    }
    let query = |(budget, operations): (String, Vec<String>)| {
        let job = &deployable.name;
        let of = one_of("operation", operations.iter().map(String::as_str));
        let sum = |kind| format!("sum by (operation) ({}{{job=\"{job}\",{of}}})", rate(kind, hour));
        let text = format!("{} / {} / {budget}", sum(kind), sum(Kind::Requests));
        Query::new(text, "{{operation}}")
    };
    let queries = by_budget.into_iter().map(query).collect();
    let (title, what) = match kind {
        Kind::Slow => ("Latency budget burn", "slower than promised"),
        _ => ("Error budget burn", "answered with 5xx"),
    };
    let limits: Vec<f64> = BURNS.iter().rev().map(|burn| burn.rate).collect();
    let description = format!(
        "Share of requests {what} in the last hour, as a multiple of what may be. At 1 the budget \
         lasts its whole window; from {} it is gone in hours. Each operation has its own budget \
         (decisions slo.*).",
        facts::people(BURNS[0].rate)
    );
    Panel { title: title.to_owned(), description, unit: "short", queries, limits }
}

fn alerts(deployable: &Deployable) -> Panel {
    let service = &deployable.name;
    let query = format!(
        "count by (alertname, severity) (ALERTS{{service=\"{service}\",alertstate=\"firing\"}})"
    );
    Panel {
        title: "Alerts that fire".to_owned(),
        description: "Each alert says what it means and where to look first in its annotations."
            .to_owned(),
        unit: "short",
        queries: vec![Query::new(query, "{{severity}}: {{alertname}}")],
        limits: vec![1.0],
    }
}

fn requests(deployable: &Deployable) -> Vec<Panel> {
    let job = &deployable.name;
    let of = format!("{{job=\"{job}\",operation=~\"$operation\"}}");
    let minutes = 300.0;
    let panel = |title: &str, description: &str, unit, queries| Panel {
        title: title.to_owned(),
        description: description.to_owned(),
        unit,
        queries,
        limits: Vec::new(),
    };
    let by_operation = |kind| format!("sum by (operation) ({}{of})", rate(kind, minutes));
    let percentile = |share: f64| {
        let buckets = format!("sum by (operation, le) (rate({}{of}[5m]))", DURATION_BUCKET.name);
        format!("histogram_quantile({share}, {buckets})")
    };
    let refused = format!(
        "sum by (operation) (rate({}{{job=\"{job}\",operation=~\"$operation\",status=\"4xx\"}}[5m]))",
        REQUESTS.name
    );
    vec![
        panel(
            "Requests",
            "Requests a second. Compare with the peaks that the model states.",
            "reqps",
            vec![Query::new(by_operation(Kind::Requests), "{{operation}}")],
        ),
        panel(
            "Failures",
            "Requests a second that were answered with 5xx: ours to repair.",
            "reqps",
            vec![Query::new(by_operation(Kind::Failed), "{{operation}}")],
        ),
        panel(
            "Refusals",
            "Requests a second that were answered with 4xx: clients that err, or are kept out.",
            "reqps",
            vec![Query::new(refused, "{{operation}}")],
        ),
        panel(
            "Median duration",
            "Half of the requests are faster.",
            "s",
            vec![Query::new(percentile(0.5), "{{operation}}")],
        ),
        panel(
            "p95 duration",
            "One of twenty requests is slower.",
            "s",
            vec![Query::new(percentile(0.95), "{{operation}}")],
        ),
        panel(
            "p99 duration",
            "One of a hundred requests is slower: queues and retries show here first.",
            "s",
            vec![Query::new(percentile(0.99), "{{operation}}")],
        ),
    ]
}
