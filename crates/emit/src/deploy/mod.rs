//! How the design is started: a container image and Compose always; Kubernetes where it is decided
//! or where availability asks for several replicas; units of systemd where these are decided. The
//! numbers are those of [`decide::sizing`]; no secret has a value here.

mod compose;
mod dockerfile;
mod environment;
mod kubernetes;
mod plan;
mod systemd;
mod tuning;

use crate::{Artifact, Emitter, Input};

use plan::Plan;

/// `deploy/`.
pub static EMITTER: Emitter = Emitter { id: "deploy", run: artifacts };

/// Every file below `deploy/`.
#[must_use]
pub fn artifacts(input: &Input<'_>) -> Vec<Artifact> {
    let plan = Plan::of(input.design);
    let mut files = vec![
        file("Dockerfile", dockerfile::text()),
        file("Dockerfile.dockerignore", dockerfile::ignored()),
        file("compose.yaml", compose::text(&plan)),
        file(".env.example", environment::example(&plan)),
    ];
    if plan.kubernetes() {
        let manifests = kubernetes::files(&plan).into_iter();
        files.extend(manifests.map(|(path, text)| file(&format!("kubernetes/{path}"), text)));
    }
    if plan.systemd() {
        let units = systemd::files(&plan).into_iter();
        files.extend(units.map(|(path, text)| file(&format!("systemd/{path}"), text)));
    }
    files
}

fn file(path: &str, contents: String) -> Artifact {
    Artifact { path: format!("deploy/{path}"), contents }
}
