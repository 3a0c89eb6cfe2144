//! What runs: account, settings, deployment, and the names under which it is found.

use decide::sizing::Redundancy;
use serde_json::{Map, Value, json};

use super::{labels, metadata, selector};
use crate::deploy::environment;
use crate::deploy::plan::{Deployed, PORT, Plan, USER};

/// An account without rights and without a token.
pub fn account(plan: &Plan<'_>, deployed: &Deployed<'_>) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(plan, deployed, deployed.name()),
        "automountServiceAccountToken": false,
    })
}

/// Settings that are no secret.
pub fn configuration(plan: &Plan<'_>, deployed: &Deployed<'_>) -> Value {
    let given = environment::of(deployed).into_iter();
    let given: Map<String, Value> =
        given.filter_map(|of| Some((of.name.to_owned(), json!(of.value?)))).collect();
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(plan, deployed, deployed.name()),
        "data": given,
    })
}

/// One name for its clients, and one that leads to each replica, for Prometheus.
pub fn services(plan: &Plan<'_>, deployed: &Deployed<'_>) -> [Value; 2] {
    let port = json!({ "name": "http", "port": PORT, "targetPort": "http", "protocol": "TCP" });
    let service = |name: &str, more: Value| {
        let mut spec = json!({ "selector": selector(deployed), "ports": [port] });
        if let (Value::Object(spec), Value::Object(more)) = (&mut spec, more) {
            spec.extend(more);
        }
        json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata(plan, deployed, name),
            "spec": spec,
        })
    };
    let name = deployed.name();
    [
        service(name, json!({ "type": "ClusterIP" })),
        service(
            &format!("{name}-replicas"),
            json!({ "clusterIP": "None", "publishNotReadyAddresses": true }),
        ),
    ]
}

/// The deployment. Where an autoscaler sets the number of replicas, it has none of its own: a new
/// version must not undo what the load asked for.
pub fn deployment(plan: &Plan<'_>, deployed: &Deployed<'_>) -> Value {
    let service = deployed.service;
    let mut spec = Map::new();
    if service.most <= service.replicas {
        spec.insert("replicas".to_owned(), json!(service.replicas));
    }
    let Value::Object(rest) = json!({
        "revisionHistoryLimit": 5,
        "minReadySeconds": 5,
        "selector": { "matchLabels": selector(deployed) },
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": { "maxUnavailable": 0, "maxSurge": 1 },
        },
        "template": {
            "metadata": {
                "labels": labels(plan, deployed),
                "annotations": {
                    "prometheus.io/scrape": "true",
                    "prometheus.io/port": PORT.to_string(),
                    "prometheus.io/path": "/metrics",
                },
            },
            "spec": pod(plan, deployed),
        },
    }) else {
        return Value::Null;
    };
    spec.extend(rest);
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(plan, deployed, deployed.name()),
        "spec": spec,
    })
}

fn pod(plan: &Plan<'_>, deployed: &Deployed<'_>) -> Value {
    json!({
        "serviceAccountName": deployed.name(),
        "automountServiceAccountToken": false,
        "enableServiceLinks": false,
        // Five seconds until nobody sends requests any more, fifteen for those under way.
        "terminationGracePeriodSeconds": 30,
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": { "type": "RuntimeDefault" },
        },
        "topologySpreadConstraints": spread(deployed),
        "containers": [container(deployed)],
        "volumes": [
            { "name": "data", "emptyDir": { "sizeLimit": "1Gi" } },
            { "name": "tmp", "emptyDir": { "sizeLimit": "256Mi" } },
            // For the group of the process alone.
            { "name": "keys", "secret": { "secretName": environment::secret(plan), "defaultMode": 0o440 } },
        ],
    })
}

/// Over zones, strictly where the loss of one must be borne, and over machines as far as it goes.
fn spread(deployed: &Deployed<'_>) -> Value {
    let strictly = deployed.service.redundancy == Redundancy::Zones;
    let over = |key: &str, strictly: bool| {
        json!({
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": if strictly { "DoNotSchedule" } else { "ScheduleAnyway" },
            "labelSelector": { "matchLabels": selector(deployed) },
            "matchLabelKeys": ["pod-template-hash"],
        })
    };
    json!([over("topology.kubernetes.io/zone", strictly), over("kubernetes.io/hostname", false)])
}

fn container(deployed: &Deployed<'_>) -> Value {
    let service = deployed.service;
    let name = deployed.name();
    let probe = |path: &str, period: u32, failures: u32| {
        json!({
            "httpGet": { "path": path, "port": "http" },
            "periodSeconds": period,
            "timeoutSeconds": 2,
            "failureThreshold": failures,
        })
    };
    json!({
        "name": name,
        "image": format!("{name}:0.1.0"),
        "imagePullPolicy": "IfNotPresent",
        "args": deployed.arguments(),
        "ports": [{ "name": "http", "containerPort": PORT, "protocol": "TCP" }],
        "envFrom": [{ "configMapRef": { "name": name } }],
        "env": secrets(deployed),
        "resources": {
            "requests": {
                "cpu": service.replica_cores.to_string(),
                "memory": mebibytes(service.memory_used.min(service.replica_memory)),
            },
            "limits": { "memory": mebibytes(service.replica_memory) },
        },
        // A minute to fit the tables to the design.
        "startupProbe": probe("/health", 2, 30),
        "livenessProbe": probe("/health", 10, 3),
        "readinessProbe": probe("/ready", 5, 2),
        "lifecycle": { "preStop": { "sleep": { "seconds": 5 } } },
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": { "drop": ["ALL"] },
        },
        "volumeMounts": [
            { "name": "data", "mountPath": "/data" },
            { "name": "tmp", "mountPath": "/tmp" },
            { "name": "keys", "mountPath": environment::KEYS, "readOnly": true },
        ],
    })
}

/// Secrets by reference: their values are made elsewhere.
fn secrets(deployed: &Deployed<'_>) -> Vec<Value> {
    let secret = environment::of(deployed).into_iter().filter(|of| of.value.is_none());
    let reference = |of: environment::Variable| {
        let key = json!({ "name": deployed.name(), "key": of.name });
        json!({ "name": of.name, "valueFrom": { "secretKeyRef": key } })
    };
    secret.map(reference).collect()
}

fn mebibytes(bytes: f64) -> String {
    format!("{:.0}Mi", (bytes / 1_048_576.0).ceil().max(64.0))
}
