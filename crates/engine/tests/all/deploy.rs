//! What a design is started with: taken by the tools that will read it, and as the numbers say.
//!
//! `FIRMITAS_TEST_DEPLOY` names a folder with `kubernetes-validate`, `check-jsonschema` and
//! `hadolint`; `FIRMITAS_TEST_KUBECTL` the program. `systemd-analyze` is used where there is one.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Command,
};

use engine::{Checked, check};

use crate::examples::text_of;
use crate::slo::{Files, models, run};

fn tools() -> Option<PathBuf> {
    let folder = std::env::var_os("FIRMITAS_TEST_DEPLOY");
    if folder.is_none() {
        println!("skipped: FIRMITAS_TEST_DEPLOY names no folder with validators");
    }
    folder.map(PathBuf::from)
}

fn text(checked: &Checked, path: &str) -> String {
    let all = checked.artifacts();
    let found = all.iter().find(|artifact| artifact.path == format!("deploy/{path}"));
    found.unwrap_or_else(|| panic!("there is no {path}")).contents.clone()
}

fn paths(checked: &Checked) -> Vec<String> {
    let all = checked.artifacts().into_iter().map(|artifact| artifact.path);
    all.filter(|path| path.starts_with("deploy/")).collect()
}

/// The shop with a line of its text replaced.
fn shop(replace: &str, with: &str) -> Checked {
    let text = text_of("shop");
    assert!(text.contains(replace), "{replace}");
    let text = text.replacen(replace, with, 1);
    let checked = check(&BTreeMap::from([("firmitas.yaml".to_owned(), text)]));
    assert!(checked.design.is_some(), "{:#?}", checked.diagnostics);
    checked
}

#[test]
fn kubernetes_compose_and_docker_take_their_files() {
    let Some(tools) = tools() else { return };
    for (name, checked) in models() {
        let files = Files::of(&checked, "deploy", &format!("{name}-judged"));
        let judge = |program: &str, arguments: &[&str]| {
            run(&tools.join(program), &files.0, arguments)
                .unwrap_or_else(|text| panic!("{name}: {program}: {text}"))
        };
        judge("check-jsonschema", &["--builtin-schema", "vendor.compose-spec", "compose.yaml"]);
        judge("hadolint", &["--failure-threshold", "info", "Dockerfile"]);
        let manifests: Vec<String> = paths(&checked)
            .iter()
            .filter_map(|path| path.strip_prefix("deploy/"))
            .filter(|path| path.starts_with("kubernetes/") && !path.ends_with("kustomization.yaml"))
            .map(str::to_owned)
            .collect();
        assert!(manifests.len() >= 3, "{name}: {manifests:?}");
        let mut arguments = vec!["--strict", "--kubernetes-version", "1.32"];
        arguments.extend(manifests.iter().map(String::as_str));
        judge("kubernetes-validate", &arguments);
    }
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    run(&tools.join("hadolint"), &own, &["--failure-threshold", "info", "Dockerfile"])
        .unwrap_or_else(|text| panic!("{text}"));
}

/// Tools that take everything would prove nothing.
#[test]
fn what_is_wrong_is_refused() {
    let Some(tools) = tools() else { return };
    let files = Files::of(&crate::slo::fleet(), "deploy", "wrong");
    let refused = |path: &str, replace: &str, with: &str, program: &str, arguments: &[&str]| {
        let text = std::fs::read_to_string(files.0.join(path)).unwrap();
        assert!(text.contains(replace), "{path}: {replace}");
        std::fs::write(files.0.join(path), text.replacen(replace, with, 1)).unwrap();
        assert!(run(&tools.join(program), &files.0, arguments).is_err(), "{program} takes {with}");
    };
    let manifest = "kubernetes/fleet-watch-repairs.yaml";
    refused(manifest, "maxSurge", "maxSurges", "kubernetes-validate", &["--strict", manifest]);
    let schema = ["--builtin-schema", "vendor.compose-spec", "compose.yaml"];
    refused("compose.yaml", "read_only", "read_onyl", "check-jsonschema", &schema);
    let strict = ["--failure-threshold", "info", "Dockerfile"];
    refused("Dockerfile", "VOLUME /data", "MAINTAINER me", "hadolint", &strict);
}

#[test]
fn kustomize_puts_everything_together() {
    let Some(kubectl) = std::env::var_os("FIRMITAS_TEST_KUBECTL").map(PathBuf::from) else {
        println!("skipped: FIRMITAS_TEST_KUBECTL names no kubectl");
        return;
    };
    for (name, checked) in models() {
        let files = Files::of(&checked, "deploy", &format!("{name}-kustomize"));
        let whole = run(&kubectl, &files.0, &["kustomize", "kubernetes"])
            .unwrap_or_else(|text| panic!("{name}: {text}"));
        let services = &checked.design.as_deref().unwrap().sizing.services;
        let count =
            |kind: &str| whole.lines().filter(|line| *line == format!("kind: {kind}")).count();
        assert_eq!(count("Deployment"), services.len());
        assert_eq!(count("Service"), 2 * services.len());
        assert_eq!(count("NetworkPolicy"), services.len() + 2);
        assert_eq!(count("Secret"), 0);
    }
}

#[test]
fn systemd_takes_its_units() {
    let found = Command::new("systemd-analyze").arg("--version").output();
    if !found.is_ok_and(|output| output.status.success()) {
        println!("skipped: there is no systemd-analyze");
        return;
    }
    let decided =
        "decisions:\n  deployment: { choose: systemd, because: One machine is enough. }\n";
    let checked = shop("decisions:\n", decided);
    let files = Files::of(&checked, "deploy", "units");
    let path = files.0.join("systemd/shop.service");
    // It wants the program to be there.
    let unit = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, unit.replace("/usr/local/bin/firm", "/bin/true")).unwrap();
    let said = run(Path::new("systemd-analyze"), &files.0, &["verify", "systemd/shop.service"]);
    let said = said.unwrap_or_else(|text| panic!("{text}"));
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("shop.service")).collect();
    assert_eq!(ours, [""; 0]);
}

#[test]
fn numbers_are_those_of_the_sizing() {
    for (name, checked) in models() {
        let design = checked.design.as_deref().unwrap();
        for service in &design.sizing.services {
            let manifest = text(&checked, &format!("kubernetes/{}.yaml", service.name));
            let has = |line: &str| manifest.lines().any(|found| found.trim() == line);
            assert!(has(&format!("cpu: \"{}\"", service.replica_cores)), "{name}: {manifest}");
            if service.most > service.replicas {
                assert!(has(&format!("minReplicas: {}", service.replicas)), "{name}");
                assert!(has(&format!("maxReplicas: {}", service.most)), "{name}");
                assert!(!manifest.contains("\n  replicas:"), "{name}: an autoscaler sets it");
            } else {
                assert!(has(&format!("replicas: {}", service.replicas)), "{name}: {manifest}");
            }
            assert_eq!(manifest.contains("PodDisruptionBudget"), service.replicas > 1);
        }
    }
}

#[test]
fn only_decided_links_and_externals_are_let_through() {
    let fleet = crate::slo::fleet();
    let egress = |name: &str| {
        let manifest = text(&fleet, &format!("kubernetes/{name}.yaml"));
        let from = manifest.find("  egress:").unwrap();
        manifest[from..].to_owned()
    };
    // Orders parts and sends mail.
    assert!(egress("fleet-watch-repairs").contains("0.0.0.0/0"));
    // Calls nobody but its store and the broker.
    let positions = egress("fleet-watch-positions");
    assert!(!positions.contains("0.0.0.0/0"), "{positions}");
    assert!(positions.contains("port: 5432"), "{positions}");
    // Sends webhooks.
    assert!(egress("fleet-watch-accounts").contains("0.0.0.0/0"));
    let common = text(&fleet, "kubernetes/network.yaml");
    assert!(common.contains("podSelector: {}"), "{common}");
}

#[test]
fn each_deployable_serves_its_own_contexts_and_one_serves_everything() {
    let fleet = crate::slo::fleet();
    let manifest = text(&fleet, "kubernetes/fleet-watch-repairs.yaml");
    assert!(manifest.contains("- \"--service\"\n            - repairs"), "{manifest}");
    let whole = shop("availability: 99.95%", "availability: 99.9%");
    assert!(!text(&whole, "kubernetes/shop.yaml").contains("--service"));
}

/// Docker always; more only where it is needed.
#[test]
fn what_is_started_how_follows_from_the_design() {
    let small = "firmitas: 1\nsystem: { name: Least, needs: { availability: 99% } }\n\
                 entities:\n  Note: { fields: { text: text } }\n";
    let small = check(&BTreeMap::from([("firmitas.yaml".to_owned(), small.to_owned())]));
    let replicas = small.design.as_deref().unwrap().sizing.services[0].replicas;
    let kubernetes = |checked: &Checked| paths(checked).iter().any(|of| of.contains("kubernetes/"));
    assert_eq!(kubernetes(&small), replicas > 1);
    for path in ["deploy/Dockerfile", "deploy/compose.yaml", "deploy/.env.example"] {
        assert!(paths(&small).contains(&path.to_owned()), "{path}");
    }
    assert!(kubernetes(&shop("availability: 99.95%", "availability: 99.9%")));
}

#[test]
fn secrets_have_names_and_no_values() {
    for (name, checked) in models() {
        let example = text(&checked, ".env.example");
        let mut known = BTreeSet::new();
        for line in example.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (variable, value) =
                line.split_once('=').unwrap_or_else(|| panic!("{name}: {line}"));
            assert!(known.insert(variable), "{name}: {variable} twice");
            if variable.ends_with("_PASSWORD") || variable.ends_with("_EXTERNAL") {
                assert_eq!(value, "", "{name}: {line}");
            }
        }
        // What Compose asks for is there.
        let compose = text(&checked, "compose.yaml");
        for piece in compose.split("${").skip(1) {
            let variable = piece.split([':', '}']).next().unwrap();
            let there = known.contains(variable) || variable == "PROMETHEUS_PORT";
            assert!(there, "{name}: {variable} is not in .env.example");
        }
    }
}
