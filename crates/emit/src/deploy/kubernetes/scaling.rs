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
    let facts = plan.design.facts();
    let busy = facts.value(&numbers::LOAD_PROVISIONED) * 100.0;
    let policy = |share: &numbers::Number, period: &numbers::Number| {
        let (percent, seconds) = (facts.value(share) * 100.0, facts.value(period));
        json!({
            "type": "Percent", "value": rounded(percent), "periodSeconds": rounded(seconds),
        })
    };
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
                    "policies": [policy(&numbers::SCALING_UP, &numbers::SCALING_UP_PERIOD)],
                },
                "scaleDown": {
                    "stabilizationWindowSeconds": rounded(facts.value(&numbers::SCALING_CALM)),
                    "policies": [policy(&numbers::SCALING_DOWN, &numbers::SCALING_DOWN_PERIOD)],
                },
            },
        },
    }))
}

fn whole(percent: f64) -> u32 {
    rounded(percent).clamp(1, 100)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of the table; `as` saturates"
)]
const fn rounded(value: f64) -> u32 {
    value.round() as u32
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
