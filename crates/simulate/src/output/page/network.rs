//! A raw network: its sources and stations.

use base::html::Html;

use crate::experiment::{SourceReport, StationReport, WindowReport};
use crate::output::format::{digits, share};
use crate::output::text::no_interval;
use crate::statistics::Estimate;

use super::operations::{interval, wide};
use super::resources::bar;

/// Requests, by where they come from.
pub(super) fn sources(out: &mut Html, window: &WindowReport, meaningful: bool) {
    let columns = [
        ("", "source"),
        ("", "offered/s"),
        ("", "goodput/s"),
        ("", "failed"),
        ("", "attempts"),
        ("", "mean"),
        ("", "p50"),
        ("", "p95"),
        ("", "p99"),
    ];
    wide(out, "Sources", &columns, |out| {
        window.sources.iter().for_each(|of| source(out, of, meaningful));
    });
    let heavy = window.sources.iter().filter(|of| of.infinite_variance && meaningful);
    heavy.for_each(|of| unbounded(out, &of.name));
}

fn source(out: &mut Html, of: &SourceReport, meaningful: bool) {
    let failed: f64 = of.failed.iter().map(|(_, share)| share.value).sum();
    let why = of.failed.iter().filter(|(_, share)| share.value > 0.0);
    let why: Vec<&str> = why.map(|(why, _)| why.name()).collect();
    out.element("tr", &[], |out| {
        out.leaf("th", &[("scope", "row")], &of.name);
        out.leaf("td", &[], &digits(of.offered.value));
        out.leaf("td", &[], &digits(of.goodput.value));
        let failed = match failed > 0.0 {
            true => format!("{} {}", share(failed), why.join(", ")),
            false => "0".to_owned(),
        };
        out.leaf("td", &[], &failed);
        let attempts = of.attempts.map_or("\u{2013}".to_owned(), |of| digits(of.value));
        out.leaf("td", &[], &attempts);
        let quantile = |at: usize| of.quantiles.get(at).copied().flatten();
        for estimate in [of.latency, quantile(0), quantile(2), quantile(3)] {
            cell(out, estimate.filter(|_| meaningful));
        }
    });
}

/// Why means stand without their intervals.
fn unbounded(out: &mut Html, name: &str) {
    out.leaf("p", &[("class", "soft")], &format!("{}.", no_interval(name)));
}

fn cell(out: &mut Html, estimate: Option<Estimate>) {
    out.element("td", &[], |out| interval(out, estimate.as_ref()));
}

/// Where they wait and are served.
pub(super) fn stations(out: &mut Html, window: &WindowReport, meaningful: bool) {
    let columns = [
        ("", "station"),
        ("", "arrivals/s"),
        ("", "in use"),
        ("chart", "share of its time"),
        ("", "inside"),
        ("", "waiting"),
        ("", "mean wait"),
        ("", "p95 wait"),
        ("", "turned away"),
        ("", "gave up"),
    ];
    wide(out, "Stations", &columns, |out| {
        window.stations.iter().for_each(|of| station(out, of, meaningful));
    });
    let heavy = window.stations.iter().filter(|of| of.infinite_variance && meaningful);
    heavy.for_each(|of| unbounded(out, &of.name));
}

fn station(out: &mut Html, of: &StationReport, meaningful: bool) {
    let part = |of: &Estimate| if of.value > 0.0 { share(of.value) } else { "0".to_owned() };
    out.element("tr", &[], |out| {
        out.leaf("th", &[("scope", "row")], &of.name);
        out.leaf("td", &[], &digits(of.arrivals.value));
        let used = of.utilisation.map_or("\u{2013}".to_owned(), |of| share(of.value));
        out.leaf("td", &[], &used);
        out.element("td", &[("class", "chart")], |out| {
            if let Some(used) = &of.utilisation {
                bar(out, "used", used.value, used.half_width(0.95), None);
            }
        });
        out.leaf("td", &[], &digits(of.inside.value));
        out.leaf("td", &[], &digits(of.waiting.value));
        cell(out, of.wait.filter(|_| meaningful));
        cell(out, of.wait_quantiles.get(2).copied().flatten().filter(|_| meaningful));
        out.leaf("td", &[], &part(&of.rejected));
        out.leaf("td", &[], &part(&of.abandoned));
    });
}
