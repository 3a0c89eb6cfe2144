//! What is promised of each operation, and when somebody is told.

use decide::{
    facts,
    objectives::{self, Alert, Counted, Objective},
};

use super::Page;
use base::html::{Html, anchor};

/// The part.
pub fn write(page: &Page<'_>, out: &mut Html) {
    let mut all = objectives::of_design(page.design);
    all.sort_by(|a, b| a.name.cmp(&b.name));
    let heads = ["Operation", "Answered", "Fast", "Failures in 30 days", "Watched", "Alerts"];
    out.table(&heads, |out| all.iter().for_each(|of| row(page, of, out)));
}

fn row(page: &Page<'_>, objective: &Objective, out: &mut Html) {
    const SECONDS: f64 = 30.0 * 86_400.0;
    let failures = objective.requests * SECONDS * objective.failed_budget();
    let counted = match objective.counted {
        Counted::Alone => "alone",
        Counted::WithOthers => "with the rare ones of its context",
        Counted::WithProbes => "with those and probes",
        Counted::ByDay => "by the day",
    };
    let place = format!("#{}", anchor("decision", &format!("slo.{}", objective.name)));
    out.element("tr", &[("data-find", &format!("{} objective", objective.name))], |out| {
        out.element("th", &[("scope", "row")], |out| match page.verdict("slo", &objective.name) {
            Some(_) => out.leaf("a", &[("href", &place)], &objective.name),
            None => out.text(&objective.name),
        });
        out.leaf("td", &[], &facts::percent(objective.availability));
        out.leaf("td", &[], &facts::percentiles(&objective.latency));
        out.leaf("td", &[], &facts::people(failures.floor()));
        out.leaf("td", &[], counted);
        let alerts: Vec<String> = objective.alerts.iter().map(alert).collect();
        let ticket = "a ticket by failures a day".to_owned();
        out.leaf("td", &[], &if alerts.is_empty() { ticket } else { alerts.join("; ") });
    });
}

fn alert(alert: &Alert) -> String {
    let shares = [("failed", alert.failed), ("slow", alert.slow)];
    let shares: Vec<String> = shares
        .into_iter()
        .filter_map(|(what, share)| Some(format!("> {} {what}", facts::percent(share?))))
        .collect();
    let hours = facts::people(alert.burn.long / 3_600.0);
    format!("{} if {} over {hours} h", alert.burn.told.name(), shares.join(" or "))
}
