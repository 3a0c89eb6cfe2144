//! Dashboards: that Grafana's own types read them whole, and Prometheus their queries.

use std::path::Path;

use serde_json::Value;

use crate::slo::{Files, models, promtool, run};

fn dashboards(checked: &engine::Checked) -> Vec<(String, Value)> {
    let all = checked.artifacts().into_iter();
    let all = all.filter(|artifact| artifact.path.starts_with("slo/dashboards/"));
    all.map(|artifact| (artifact.path, serde_json::from_str(&artifact.contents).unwrap())).collect()
}

fn expressions(dashboard: &Value) -> Vec<String> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.filter_map(|panel| panel["targets"].as_array()).flatten();
    let queries = targets.map(|target| target["expr"].as_str().unwrap());
    let marks = dashboard["annotations"]["list"].as_array().unwrap().iter();
    queries.chain(marks.map(|mark| mark["expr"].as_str().unwrap())).map(str::to_owned).collect()
}

#[test]
fn there_is_one_for_each_deployable_with_panels_that_do_not_overlap() {
    for (name, checked) in models() {
        let services = checked.design.as_deref().unwrap().sizing.services.len();
        let all = dashboards(&checked);
        assert_eq!(all.len(), services, "{name}");
        for (path, dashboard) in all {
            let mut ids = std::collections::BTreeSet::new();
            let mut taken = std::collections::BTreeSet::new();
            for panel in dashboard["panels"].as_array().unwrap() {
                assert!(ids.insert(panel["id"].as_u64().unwrap()), "{path}");
                let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
                assert!(at("x") + at("w") <= 24, "{path}: {panel}");
                for x in at("x")..at("x") + at("w") {
                    for y in at("y")..at("y") + at("h") {
                        assert!(taken.insert((x, y)), "{path}: {panel}");
                    }
                }
                let described = panel["type"] == "row" || panel["description"].is_string();
                assert!(described, "{path}: {panel}");
            }
            let titles = dashboard["panels"].to_string();
            for row in ["Promises", "Requests", "Saturation", "What waits"] {
                assert!(titles.contains(row), "{path} has no row {row}");
            }
        }
    }
}

#[test]
fn grafana_knows_everything_in_them() {
    let Some(tools) = std::env::var_os("FIRMITAS_TEST_DEPLOY") else {
        println!("skipped: FIRMITAS_TEST_DEPLOY names no folder with python");
        return;
    };
    let python = Path::new(&tools).join("python");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/grafana.py");
    let script = script.to_str().unwrap();
    for (name, checked) in models() {
        let files = Files::of(&checked, "slo", &format!("{name}-grafana"));
        let mut arguments = vec![script.to_owned()];
        let paths = dashboards(&checked).into_iter().map(|(path, _)| path);
        arguments.extend(paths.map(|path| path.replacen("slo/", "", 1)));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run(&python, &files.0, &arguments).unwrap_or_else(|text| panic!("{name}: {text}"));
        // A judge that takes everything is none.
        let path = files.0.join(arguments[1]);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replacen("\"drawStyle\"", "\"drawStile\"", 1)).unwrap();
        assert!(run(&python, &files.0, &arguments).is_err(), "{name}");
    }
}

#[test]
fn prometheus_reads_every_query() {
    let Some(tool) = promtool() else { return };
    for (name, checked) in models() {
        let files = Files::of(&checked, "slo", &format!("{name}-queries"));
        let all: Vec<String> =
            dashboards(&checked).iter().flat_map(|(_, dashboard)| expressions(dashboard)).collect();
        assert!(all.len() > 15, "{name}: {all:?}");
        let rule =
            |(at, text): (usize, &String)| format!("    - {{ record: q{at}, expr: {text:?} }}\n");
        let rules: String = all.iter().enumerate().map(rule).collect();
        let text = format!("groups:\n  - name: queries\n    rules:\n{rules}");
        std::fs::write(files.0.join("queries.yaml"), text).unwrap();
        run(&tool, &files.0, &["check", "rules", "queries.yaml"])
            .unwrap_or_else(|text| panic!("{name}: {text}"));
        // Every series is one that somebody exposes or a rule records.
        let recorded = std::fs::read_to_string(files.0.join("recording.yaml")).unwrap();
        for text in &all {
            let mut known = emit::metrics::ALL.iter().map(|metric| metric.name);
            let is_known = known.any(|metric| text.contains(metric))
                || text.contains("ALERTS{")
                || recorded
                    .split('"')
                    .any(|name| name.starts_with("operation:") && text.contains(name));
            assert!(is_known, "{name}: {text}");
        }
    }
}
