//! Manifests for Kubernetes 1.30 and later, put together by Kustomize.

mod network;
mod scaling;
mod workload;

use decide::sizing::{Redundancy, StoreKind};
use serde_json::{Value, json};

use super::environment;
use super::plan::{Deployed, Plan};
use crate::yaml;

/// Paths below `deploy/kubernetes` with their texts.
pub fn files(plan: &Plan<'_>) -> Vec<(String, String)> {
    let mut files = vec![
        ("namespace.yaml".to_owned(), documents(&[namespace(plan)])),
        ("network.yaml".to_owned(), documents(&network::common(plan))),
    ];
    for deployed in &plan.services {
        let all = manifests(plan, deployed);
        files.push((format!("{}.yaml", deployed.name()), head(deployed) + &documents(&all)));
    }
    let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    let kustomization = kustomization(plan, &paths);
    files.push(("kustomization.yaml".to_owned(), kustomization));
    files
}

fn documents(all: &[Value]) -> String {
    let texts: Vec<String> = all.iter().map(yaml::document).collect();
    texts.join("---\n")
}

/// Everything that one deployable needs.
fn manifests(plan: &Plan<'_>, deployed: &Deployed<'_>) -> Vec<Value> {
    let mut all = vec![
        workload::account(plan, deployed),
        workload::configuration(plan, deployed),
        workload::deployment(plan, deployed),
    ];
    all.extend(workload::services(plan, deployed));
    all.extend(scaling::autoscaler(plan, deployed));
    all.extend(scaling::disruption(plan, deployed));
    all.push(network::policy(plan, deployed));
    all
}

/// What the numbers of a file follow from.
fn head(deployed: &Deployed<'_>) -> String {
    let service = deployed.service;
    let spread = match service.redundancy {
        Redundancy::Single => "one replica may be missing while it is replaced",
        Redundancy::Replicated => "one machine may be lost",
        Redundancy::Zones => "one zone may be lost",
    };
    format!(
        "# {}: {} replicas for the stated peak, up to {} within reach; {spread} (decision \
         capacity.{}).\n# Processors are requested and not limited: a limit would slow requests down \
         while others\n# are idle. Memory is limited: what is beyond it is a leak.\n",
        service.name, service.replicas, service.most, service.name,
    )
}

fn namespace(plan: &Plan<'_>) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": plan.system,
            "labels": {
                "app.kubernetes.io/part-of": plan.system,
                "pod-security.kubernetes.io/enforce": "restricted",
                "pod-security.kubernetes.io/warn": "restricted",
            },
        },
    })
}

/// Labels by which a deployable's objects are found; `selector` alone never changes.
fn labels(plan: &Plan<'_>, deployed: &Deployed<'_>) -> Value {
    json!({
        "app.kubernetes.io/name": deployed.name(),
        "app.kubernetes.io/part-of": plan.system,
        "app.kubernetes.io/component": "backend",
    })
}

fn selector(deployed: &Deployed<'_>) -> Value {
    json!({ "app.kubernetes.io/name": deployed.name() })
}

fn metadata(plan: &Plan<'_>, deployed: &Deployed<'_>, name: &str) -> Value {
    json!({ "name": name, "namespace": plan.system, "labels": labels(plan, deployed) })
}

/// How the keys are made that all replicas share: with other ones, each would take the tokens of
/// the others for forged, and could not read what they encrypted.
fn shared_keys(plan: &Plan<'_>) -> String {
    let (secret, namespace) = (environment::secret(plan), &plan.system);
    let mut files = vec!["openssl genpkey -algorithm ed25519 -out identity.key"];
    let mut options = String::from(" --from-file=identity.key");
    if decide::sealed::anywhere(&plan.design.model) {
        files.push("echo \"first $(openssl rand -base64 32 | tr +/ -_)\" > fields.keys");
        options += " --from-file=fields.keys";
    }
    files.iter().map(|command| format!("#   {command}\n")).collect::<String>()
        + &format!(
            "#   kubectl create secret generic {secret} --namespace {namespace}{options}\n\
             #     Keep these files apart from the database: what is encrypted is lost without them.\n"
        )
}

fn kustomization(plan: &Plan<'_>, paths: &[&str]) -> String {
    let image = |of: &Deployed<'_>| json!({ "name": of.name(), "newTag": "0.1.0" });
    let images: Vec<Value> = plan.services.iter().map(image).collect();
    let document = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": plan.system,
        "resources": paths,
        "images": images,
    });
    let mut head = String::from(
        "# `kubectl apply --kustomize design/deploy/kubernetes`. Secrets are not here; make them first:\n",
    );
    head += &shared_keys(plan);
    for deployed in &plan.services {
        let name = deployed.name();
        let mut command = format!(
            "kubectl create secret generic {name} --namespace {} --from-literal=FIRM_STORE=...",
            plan.system
        );
        if !deployed.externals.is_empty() {
            command += " --from-literal=FIRM_EXTERNAL=...";
        }
        head += &format!("#   {command}\n");
        if let Some(store) = deployed.stores.iter().find(|of| of.kind == StoreKind::Postgresql) {
            head += &format!(
                "#     FIRM_STORE: postgres://USER:PASSWORD@HOST:5432/DATABASE of {}\n",
                store.name
            );
        }
        let externals: Vec<&str> = deployed.externals.iter().copied().collect();
        if !externals.is_empty() {
            head += &format!("#     FIRM_EXTERNAL: NAME=URL for {}\n", externals.join(", "));
        }
    }
    head += "# Stores and broker are not here either: run them as a service that backs itself up.\n\
             # Tables are brought up to date by each replica when it starts; changes that do not only\n\
             # add are refused there, and the old replicas go on serving.\n\
             # Requests are let in from the namespace ingress-nginx, and Prometheus from monitoring: change\n\
             # the names in the network policies where yours differ.\n\
             # Schedules of the model belong to the replicas, not to CronJobs; `firm up` says whether\n\
             # its version runs them.\n";
    head + &yaml::document(&document)
}
