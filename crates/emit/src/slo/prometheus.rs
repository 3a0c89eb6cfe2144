//! What Prometheus scrapes and which rules it reads.

use decide::{Design, deployables, numbers};
use serde_json::{Value, json};

use super::rule::number;
use crate::{Artifact, yaml};

/// Where deployables listen.
pub const PORT: u16 = 8080;
/// Where its exporter listens unless told otherwise.
const BLACKBOX: &str = "blackbox:9115";

/// `slo/prometheus.yaml`: rule files by their paths, and jobs named like the deployables.
pub fn configuration(design: &Design, rules: &[String], probed: &[String]) -> Artifact {
    let mut paths: Vec<&str> = rules.iter().filter_map(|path| path.strip_prefix("slo/")).collect();
    paths.sort_unstable();
    let names: Vec<String> = deployables::of(design).into_iter().map(|of| of.name).collect();
    let mut jobs: Vec<Value> = names.iter().map(|name| replicas(name)).collect();
    let every = design.facts().value(&numbers::PROBE_INTERVAL);
    jobs.extend(probed.iter().map(|name| probes(name, every)));
    let document = json!({
        "global": { "scrape_interval": "15s", "evaluation_interval": "15s" },
        "rule_files": paths,
        "alerting": {
            "alertmanagers": [{ "static_configs": [{ "targets": ["alertmanager:9093"] }] }],
        },
        "scrape_configs": jobs,
    });
    Artifact { path: "slo/prometheus.yaml".to_owned(), contents: yaml::document(&document) }
}

/// Each replica by itself: the name leads to all of them, in Kubernetes and in Compose.
fn replicas(name: &str) -> Value {
    let service = json!({ "names": [format!("{name}-replicas")], "type": "A", "port": PORT });
    json!({ "job_name": name, "dns_sd_configs": [service] })
}

/// The deployable as its clients reach it, asked again and again.
fn probes(name: &str, every: f64) -> Value {
    json!({
        "job_name": format!("{name}-probes"),
        "scrape_interval": format!("{}s", number(every)),
        "scrape_timeout": format!("{}s", number((every / 2.0).clamp(1.0, 10.0).floor())),
        "metrics_path": "/probe",
        "params": { "module": ["http_2xx"] },
        "static_configs": [{ "targets": [format!("http://{name}:{PORT}/ready")] }],
        "relabel_configs": [
            { "source_labels": ["__address__"], "target_label": "__param_target" },
            { "source_labels": ["__param_target"], "target_label": "instance" },
            { "target_label": "__address__", "replacement": BLACKBOX },
        ],
    })
}
