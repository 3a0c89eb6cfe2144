//! Recording rules: rate, errors and duration of every operation, computed once.

use std::collections::BTreeSet;

use decide::objectives::BURNS;
use serde_json::{Value, json};

use super::rule::{number, recording, window};
use crate::metrics::{DURATION_BUCKET, PROBE, PROBE_SECONDS, REQUESTS, SLOW_REQUESTS};

/// What is counted of requests, as recorded.
#[derive(Clone, Copy)]
pub enum Kind {
    /// All of them.
    Requests,
    /// Those that failed.
    Failed,
    /// Those slower than their objective.
    Slow,
}

/// The recorded rate of a kind over a window in seconds: by deployable and operation.
pub fn rate(kind: Kind, seconds: f64) -> String {
    let name = match kind {
        Kind::Requests => "requests",
        Kind::Failed => "failed",
        Kind::Slow => "slow",
    };
    format!("operation:http_server_{name}:rate{}", window(seconds))
}

/// The recorded rate of probes, or of those that failed: by the job of the probes.
pub fn probes(failed: bool, seconds: f64) -> String {
    let name = if failed { "failed_probes" } else { "probes" };
    format!("job:{name}:rate{}", window(seconds))
}

/// Whether a probe took longer than a limit in seconds (its label), as recorded: 0 or 1.
pub const SLOW_PROBE: &str = "job:slow_probe";

/// All windows that alerts look at, in seconds.
fn windows() -> Vec<f64> {
    let seconds = |seconds: f64| seconds.to_bits();
    let all: BTreeSet<u64> =
        BURNS.iter().flat_map(|burn| [seconds(burn.long), seconds(burn.short())]).collect();
    all.into_iter().map(f64::from_bits).collect()
}

/// The groups of the file. Probes are recorded where some alert counts them: by their job, with the
/// times in seconds beyond which they are slow.
pub fn groups(probed: &[(String, f64)]) -> Vec<Value> {
    let mut groups: Vec<Value> = windows()
        .into_iter()
        .map(|seconds| {
            let over = window(seconds);
            let sum =
                |selector: &str| format!("sum by (job, operation) (rate({selector}[{over}]))");
            let mut rules = vec![
                recording(&rate(Kind::Requests, seconds), &sum(REQUESTS.name)),
                recording(
                    &rate(Kind::Failed, seconds),
                    &sum(&format!("{}{{status=\"5xx\"}}", REQUESTS.name)),
                ),
                recording(&rate(Kind::Slow, seconds), &sum(SLOW_REQUESTS.name)),
            ];
            if !probed.is_empty() {
                rules.extend(probe_rules(seconds));
            }
            json!({ "name": format!("rates-{over}"), "rules": rules })
        })
        .collect();
    let percentile = |share: f64| {
        let name = format!("operation:http_server_request_duration_seconds:p{}", share * 100.0);
        let buckets = format!("sum by (job, operation, le) (rate({}[5m]))", DURATION_BUCKET.name);
        recording(&name, &format!("histogram_quantile({}, {buckets})", number(share)))
    };
    let percentiles: Vec<Value> = [0.5, 0.95, 0.99].map(percentile).into();
    groups.push(json!({ "name": "durations", "rules": percentiles }));
    let slow: Vec<Value> = probed.iter().map(|(job, limit)| slow_probe(job, *limit)).collect();
    if !slow.is_empty() {
        groups.push(json!({ "name": "probes", "rules": slow }));
    }
    groups
}

fn slow_probe(job: &str, limit: f64) -> Value {
    let limit = number(limit);
    let probe = format!("{}{{job=\"{job}\"}}", PROBE_SECONDS.name);
    json!({
        "record": SLOW_PROBE,
        "expr": format!("max by (job) ({probe} > bool {limit})"),
        "labels": { "limit": limit },
    })
}

fn probe_rules(seconds: f64) -> [Value; 2] {
    let over = window(seconds);
    let count = format!("count_over_time({}[{over}])", PROBE.name);
    let good = format!("sum_over_time({}[{over}])", PROBE.name);
    let seconds_text = number(seconds);
    [
        recording(&probes(false, seconds), &format!("sum by (job) ({count}) / {seconds_text}")),
        recording(
            &probes(true, seconds),
            &format!("sum by (job) ({count} - {good}) / {seconds_text}"),
        ),
    ]
}
