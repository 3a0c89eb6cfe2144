//! How many replicas there are, and how many of them may be gone on purpose.

use decide::{numbers, sizing::Bound};
use serde_json::{Value, json};

use super::{metadata, selector};
use crate::deploy::plan::{Deployed, Plan};

/// Between what the stated peak and what the reachable load ask for; none where these are the same.
pub fn autoscaler(plan: &Plan<'_>, deployed: &Deployed<'_>) -> Option<Value> {
    let service = deployed.service;
    if service.most <= service.replicas {
        return None;
    }
    let busy = plan.design.facts().value(&numbers::LOAD_PROVISIONED) * 100.0;
    let mut metrics = vec![json!({
        "type": "Resource",
        "resource": {
            "name": "cpu",
            "target": { "type": "Utilization", "averageUtilization": whole(busy) },
        },
    })];
    // Open streams cost memory, not processors: their number needs an adapter that tells it.
    if service.bound_at_reach == Bound::Streams {
        metrics.push(json!({
            "type": "Pods",
            "pods": {
                "metric": { "name": crate::metrics::CONNECTIONS.name },
                "target": {
                    "type": "AverageValue",
                    "averageValue": service.streams_per_replica.max(1).to_string(),
                },
            },
        }));
    }
    Some(json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(plan, deployed, deployed.name()),
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "apps/v1", "kind": "Deployment", "name": deployed.name(),
            },
            "minReplicas": service.replicas,
            "maxReplicas": service.most,
            "metrics": metrics,
            "behavior": {
                "scaleUp": {
                    "stabilizationWindowSeconds": 0,
                    "policies": [{ "type": "Percent", "value": 100, "periodSeconds": 30 }],
                },
                "scaleDown": {
                    "stabilizationWindowSeconds": 300,
                    "policies": [{ "type": "Percent", "value": 10, "periodSeconds": 60 }],
                },
            },
        },
    }))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share in percent; `as` saturates"
)]
fn whole(percent: f64) -> u32 {
    (percent.round() as u32).clamp(1, 100)
}

/// Machines are emptied one replica at a time; a single replica cannot be kept.
pub fn disruption(plan: &Plan<'_>, deployed: &Deployed<'_>) -> Option<Value> {
    (deployed.service.replicas > 1).then(|| {
        json!({
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": metadata(plan, deployed, deployed.name()),
            "spec": {
                "maxUnavailable": 1,
                "selector": { "matchLabels": selector(deployed) },
            },
        })
    })
}
