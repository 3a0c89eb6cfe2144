//! A dashboard of Grafana for each deployable, from symptoms to causes: promises, requests,
//! saturation, what it depends on, what waits. It draws what the rules of `slo/` record and alert
//! on, with the same limits.

mod causes;
mod panel;
mod symptoms;

use decide::{Design, deployables, deployables::Deployable};
use serde_json::{Value, json};

use crate::metrics;
use crate::{Artifact, Emitter, Input};

/// `slo/dashboards/DEPLOYABLE.json`.
pub static EMITTER: Emitter = Emitter { id: "dashboards", run: artifacts };

/// A dashboard for each deployable.
#[must_use]
pub fn artifacts(input: &Input<'_>) -> Vec<Artifact> {
    let all = deployables::of(input.design).into_iter();
    all.map(|deployable| {
        let document = dashboard(input.design, &deployable);
        let mut contents = serde_json::to_string_pretty(&document).unwrap_or_default();
        contents.push('\n');
        Artifact { path: format!("slo/dashboards/{}.json", deployable.name), contents }
    })
    .collect()
}

fn dashboard(design: &Design, deployable: &Deployable) -> Value {
    let mut rows = symptoms::rows(design, deployable);
    rows.extend(causes::rows(design, deployable));
    let name = |id: &model::model::ContextId| design.model.context(*id).name.value.clone();
    let contexts: Vec<String> = deployable.contexts.iter().map(name).collect();
    json!({
        "uid": deployable.name,
        "title": deployable.name,
        "description": format!(
            "{} of {}: {}. Read it from the top: what clients notice first, then why.",
            deployable.name, design.model.system.name, contexts.join(", ")
        ),
        "tags": ["firmitas", deployables::system(&design.model)],
        "style": "dark",
        "timezone": "browser",
        "editable": true,
        "graphTooltip": 1,
        "time": { "from": "now-6h", "to": "now" },
        "fiscalYearStartMonth": 0,
        "refresh": "1m",
        "schemaVersion": 39,
        "panels": panel::place(rows),
        "templating": { "list": variables(&deployable.name) },
        "annotations": { "list": [firing(&deployable.name)] },
    })
}

/// The datasource, and which operations are shown.
fn variables(job: &str) -> [Value; 2] {
    let all = format!("label_values({}{{job=\"{job}\"}}, operation)", metrics::REQUESTS.name);
    [
        json!({
            "name": "datasource", "type": "datasource", "label": "Prometheus",
            "query": "prometheus", "hide": 0, "skipUrlSync": false, "multi": false,
            "includeAll": false,
        }),
        json!({
            "name": "operation", "type": "query", "label": "Operation",
            "datasource": panel::datasource(),
            "query": all, "refresh": 2, "sort": 1, "hide": 0, "skipUrlSync": false,
            "multi": true, "includeAll": true, "allValue": ".*",
            "current": { "selected": true, "text": "All", "value": "$__all" },
        }),
    ]
}

/// Marks when alerts fired.
fn firing(job: &str) -> Value {
    json!({
        "name": "Alerts",
        "datasource": panel::datasource(),
        "enable": true,
        "hide": false,
        "iconColor": "red",
        "expr": format!("ALERTS{{service=\"{job}\",alertstate=\"firing\",severity=\"page\"}}"),
    })
}
