//! Rules for Prometheus: what is recorded of every operation, and who is told when a promise is in
//! danger. The numbers are those of `slo`, `resilience` and what is stated; the names of series
//! stand in [`crate::metrics`].

mod burn;
mod externals;
mod prometheus;
mod recording;
mod rule;
mod saturation;
mod stores;
mod watch;

use std::collections::BTreeSet;

use decide::deployables;
use serde_json::{Value, json};

use crate::metrics::{self, Exposed};
use crate::{Artifact, Emitter, Input, yaml};

pub(crate) use recording::{Kind, rate};
pub(crate) use rule::{number, one_of, quoted};

/// `slo/recording.yaml`, `slo/alerts/DEPLOYABLE.yaml`, `slo/externals.yaml`, `slo/stores.yaml` and
/// `slo/prometheus.yaml`.
pub static EMITTER: Emitter = Emitter { id: "slo", run: artifacts };

/// Every rule file, and what Prometheus needs to read them.
#[must_use]
pub fn artifacts(input: &Input<'_>) -> Vec<Artifact> {
    let design = input.design;
    let mut files = Vec::new();
    let mut add = |path: String, groups: Vec<Value>| {
        if !groups.is_empty() {
            let contents = rules(groups);
            files.push(Artifact { path, contents });
        }
    };
    let (mut probed, mut slow_probes) = (Vec::new(), Vec::new());
    for deployable in deployables::of(design) {
        let watches = watch::all(design, &deployable);
        let limits = watches.iter().filter(|watch| watch.probes);
        let limits: BTreeSet<u64> =
            limits.map(|watch| watch.objective.slow_after().to_bits()).collect();
        let probes = !limits.is_empty();
        let saturation = saturation::Saturation { design, deployable: &deployable, probes };
        let name = &deployable.name;
        let groups = [
            rule::group(&format!("{name}-objectives"), burn::rules(design, &deployable, &watches)),
            rule::group(&format!("{name}-saturation"), saturation.rules()),
        ];
        add(format!("slo/alerts/{name}.yaml"), groups.into_iter().flatten().collect());
        let job = burn::probe_job(&deployable);
        slow_probes.extend(limits.iter().map(|limit| (job.clone(), f64::from_bits(*limit))));
        if probes {
            probed.push(name.clone());
        }
    }
    add("slo/recording.yaml".to_owned(), recording::groups(&slow_probes));
    let externals = rule::group("externals", externals::rules(design));
    add("slo/externals.yaml".to_owned(), externals.into_iter().collect());
    let stores = rule::group("stores", stores::rules(design));
    add("slo/stores.yaml".to_owned(), stores.into_iter().collect());
    let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
    files.push(prometheus::configuration(design, &paths, &probed));
    files
}

/// A file of rules, which says first which of its series need something beside the runtime.
fn rules(groups: Vec<Value>) -> String {
    let text = yaml::document(&json!({ "groups": groups }));
    let mut head = String::new();
    for metric in metrics::ALL.iter().filter(|metric| text.contains(metric.name)) {
        head += &match metric.exposed {
            Exposed::Runtime | Exposed::By("Prometheus") => continue,
            Exposed::By(exporter) => format!("# {} comes from {exporter}.\n", metric.name),
            Exposed::Later(part) => format!(
                "# {} is not exposed by this version: it needs the {part}. Until then its alert \
                 cannot fire.\n",
                metric.name
            ),
        };
    }
    head + &text
}
