//! Rules and alerts: that Prometheus takes them, and that they fire one unit above what was decided
//! and stay quiet one below.
//!
//! Where `FIRMITAS_TEST_PROMTOOL` names the program, it checks every file and runs the tests that
//! are made here. What is expected comes from the objectives, not from the files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use decide::{
    Design, deployables,
    objectives::{self, Alert, Counted, Objective},
};
use engine::{Checked, check};

use crate::examples::example;

/// Several deployables, tenants, externals, streams.
pub fn fleet() -> Checked {
    let text = include_str!("../models/fleet.yaml").to_owned();
    let checked = check(&BTreeMap::from([("firmitas.yaml".to_owned(), text)]));
    assert!(checked.design.is_some(), "{:#?}", checked.diagnostics);
    checked
}

pub fn models() -> [(&'static str, Checked); 3] {
    [("shop", example("shop")), ("rides", example("rides")), ("fleet", fleet())]
}

/// A folder with the files of a design below one of its folders; gone when dropped.
pub struct Files(pub PathBuf);

impl Files {
    pub fn of(checked: &Checked, below: &str, name: &str) -> Self {
        let folder = format!("firmitas-{below}-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        for artifact in checked.artifacts() {
            if let Some(path) = artifact.path.strip_prefix(&format!("{below}/")) {
                let path = folder.join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, artifact.contents).unwrap();
            }
        }
        Self(folder)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

pub fn promtool() -> Option<PathBuf> {
    let tool = std::env::var_os("FIRMITAS_TEST_PROMTOOL");
    if tool.is_none() {
        println!("skipped: FIRMITAS_TEST_PROMTOOL names no promtool");
    }
    tool.map(PathBuf::from)
}

pub fn run(tool: &Path, folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(tool).current_dir(folder).args(arguments).output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    if output.status.success() { Ok(text) } else { Err(text) }
}

/// An operation with everything that a test needs to know of it.
struct Watched {
    job: String,
    operation: String,
    watch: String,
    alerts: Vec<Alert>,
    by_day: bool,
}

fn watched(design: &Design) -> Vec<Watched> {
    let all = deployables::of(design);
    let one = |objective: Objective| {
        let job = all.iter().find(|of| of.contexts.contains(&objective.context)).unwrap();
        let id = format!("slo.{}", objective.name);
        let choice = design.verdicts.iter().find(|verdict| verdict.id() == id).unwrap().choice;
        let context = &design.model.context(objective.context).name;
        let decided_otherwise = (choice == "ticket") != (objective.counted == Counted::ByDay);
        let together = matches!(objective.counted, Counted::WithOthers | Counted::WithProbes);
        Watched {
            job: job.name.clone(),
            operation: design.model.qualified_operation(objective.operation),
            watch: if together && choice == "burn-rate" {
                format!("rare operations of {context}")
            } else {
                objective.name.clone()
            },
            alerts: match choice {
                "ticket" => Vec::new(),
                _ if decided_otherwise => objective.possible_alerts(),
                _ => objective.alerts.clone(),
            },
            by_day: choice == "ticket",
        }
    };
    objectives::of_design(design).into_iter().map(one).collect()
}

#[derive(Clone, Copy)]
enum Signal {
    Failed,
    Slow,
}

impl Signal {
    fn threshold(self, alert: &Alert) -> Option<f64> {
        match self {
            Self::Failed => alert.failed,
            Self::Slow => alert.slow,
        }
    }

    fn alert(self) -> &'static str {
        match self {
            Self::Failed => "ErrorBudgetBurn",
            Self::Slow => "LatencyBudgetBurn",
        }
    }
}

/// Requests a minute of every operation in the tests; a share of bad ones is exact to one of them.
const REQUESTS: i64 = 1_000_000;

/// Bad requests a minute one unit above (1) or below (-1) the threshold of a level.
fn bad(of: &Watched, signal: Signal, level: f64, unit: i64) -> i64 {
    let alert = of.alerts.iter().find(|alert| alert.burn.rate == level);
    let share = alert.and_then(|alert| signal.threshold(alert));
    // A share of all requests: a ten-thousandth is 100 of them.
    #[expect(clippy::cast_possible_truncation, reason = "far below the limit")]
    share.map_or(0, |share| (share * REQUESTS as f64).round() as i64 + unit)
}

fn series(out: &mut String, name: &str, values: &str) {
    writeln!(out, "      - series: '{name}'\n        values: '{values}'").unwrap();
}

/// A test of all operations at one level, with what fires.
fn burn_test(all: &[Watched], signal: Signal, level: f64, unit: i64) -> (String, usize) {
    let mut out = String::from("  - interval: 1m\n    input_series:\n");
    let mut firing = BTreeSet::new();
    for of in all {
        let bad = bad(of, signal, level, unit);
        let (job, operation) = (&of.job, &of.operation);
        let (failed, slow) = match signal {
            Signal::Failed => (bad, 0),
            Signal::Slow => (0, bad),
        };
        for (status, count) in [("2xx", REQUESTS - failed), ("5xx", failed)] {
            let name = format!(
                "http_server_requests_total{{job=\"{job}\",operation=\"{operation}\",status=\"{status}\"}}"
            );
            series(&mut out, &name, &format!("0+{count}x9"));
        }
        let name =
            format!("http_server_slow_requests_total{{job=\"{job}\",operation=\"{operation}\"}}");
        series(&mut out, &name, &format!("0+{slow}x9"));
        let share = bad as f64 / REQUESTS as f64;
        for alert in &of.alerts {
            if signal.threshold(alert).is_some_and(|threshold| share > threshold) {
                firing.insert((of.watch.clone(), format!("{}x", alert.burn.rate)));
            }
        }
    }
    let name = signal.alert();
    writeln!(
        out,
        "    promql_expr_test:\n      - expr: max by (watch, burn) (ALERTS{{alertstate=\"firing\",alertname=\"{name}\"}})\n        eval_time: 8m\n        exp_samples:"
    )
    .unwrap();
    for (watch, burn) in &firing {
        writeln!(
            out,
            "          - labels: '{{watch=\"{watch}\",burn=\"{burn}\"}}'\n            value: 1"
        )
        .unwrap();
    }
    (out, firing.len())
}

fn day_test(all: &[Watched], failures: i64) -> (String, usize) {
    let mut out = String::from("  - interval: 1m\n    input_series:\n");
    let mut firing = BTreeSet::new();
    for of in all.iter().filter(|of| of.by_day) {
        let name = format!(
            "http_server_requests_total{{job=\"{}\",operation=\"{}\",status=\"5xx\"}}",
            of.job, of.operation
        );
        series(&mut out, &name, &format!("0x3 {failures}x9"));
        if failures >= 3 {
            firing.insert(of.watch.clone());
        }
    }
    out += "    promql_expr_test:\n      - expr: max by (watch) (ALERTS{alertstate=\"firing\",alertname=\"FailuresInADay\"})\n        eval_time: 10m\n        exp_samples:\n";
    for watch in &firing {
        writeln!(out, "          - labels: '{{watch=\"{watch}\"}}'\n            value: 1").unwrap();
    }
    (out, firing.len())
}

/// `every`: minutes between evaluations.
fn test_file(files: &Files, every: u32, tests: &str) {
    let mut rules: Vec<String> = Vec::new();
    for folder in [files.0.clone(), files.0.join("alerts")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(&files.0).unwrap().display().to_string();
            if name.ends_with(".yaml") && !["prometheus.yaml", "tests.yaml"].contains(&&*name) {
                rules.push(name);
            }
        }
    }
    rules.sort();
    let text = format!("rule_files: {rules:?}\nevaluation_interval: {every}m\ntests:\n{tests}");
    std::fs::write(files.0.join("tests.yaml"), text).unwrap();
}

#[test]
fn prometheus_takes_every_file() {
    let Some(tool) = promtool() else { return };
    for (name, checked) in models() {
        let files = Files::of(&checked, "slo", &format!("{name}-check"));
        run(&tool, &files.0, &["check", "config", "prometheus.yaml"])
            .unwrap_or_else(|text| panic!("{name}: {text}"));
    }
}

#[test]
fn budgets_burn_one_unit_above_their_thresholds_and_not_one_below() {
    let Some(tool) = promtool() else { return };
    for (name, checked) in models() {
        let all = watched(checked.design.as_deref().unwrap());
        let (mut tests, mut firing) = (String::new(), 0);
        for signal in [Signal::Failed, Signal::Slow] {
            for level in [14.4, 6.0, 1.0] {
                for unit in [1, -1] {
                    let (test, count) = burn_test(&all, signal, level, unit);
                    tests += &test;
                    firing += count;
                }
            }
        }
        for failures in [3, 2] {
            let (test, count) = day_test(&all, failures);
            tests += &test;
            firing += count;
        }
        assert!(firing > 20, "{name}: only {firing} alerts are told apart");
        let files = Files::of(&checked, "slo", &format!("{name}-burn"));
        test_file(&files, 1, &tests);
        run(&tool, &files.0, &["test", "rules", "tests.yaml"])
            .unwrap_or_else(|text| panic!("{name}: {text}"));
    }
}

/// One alert with series on either side of its threshold: name, labels, series that make it fire,
/// series that do not.
type Case = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [(&'static str, &'static str)],
);

fn case_tests(cases: &[Case]) -> String {
    let mut out = String::new();
    for (alert, above, below) in cases {
        for (inputs, count) in [(above, 1), (below, 0)] {
            out += "  - interval: 1m\n    input_series:\n";
            for (name, values) in *inputs {
                series(&mut out, name, values);
            }
            writeln!(
                out,
                "    promql_expr_test:\n      - expr: count(ALERTS{{alertstate=\"firing\",alertname=\"{alert}\"}}) or vector(0)\n        eval_time: 24m\n        exp_samples: [{{ value: {count} }}]"
            )
            .unwrap();
        }
    }
    out
}

/// What the shop states: 500 calls a second to its processor, of which 90 % are used, and 99.9 %
/// availability of it; 5 minutes of recovery point.
const CASES: &[Case] = &[
    ("ServiceDown", &[("up{job=\"shop\"}", "0x50")], &[("up{job=\"shop\"}", "1x50")]),
    (
        "ProcessorsBusy",
        &[
            ("process_cpu_seconds_total{job=\"shop\"}", "0+103.2x50"),
            ("process_available_cores{job=\"shop\"}", "2x50"),
        ],
        &[
            ("process_cpu_seconds_total{job=\"shop\"}", "0+100.8x50"),
            ("process_available_cores{job=\"shop\"}", "2x50"),
        ],
    ),
    (
        "RequestsPileUp",
        &[
            ("http_server_requests_in_flight{job=\"shop\"}", "871x50"),
            ("http_server_requests_limit{job=\"shop\"}", "1024x50"),
        ],
        &[
            ("http_server_requests_in_flight{job=\"shop\"}", "870x50"),
            ("http_server_requests_limit{job=\"shop\"}", "1024x50"),
        ],
    ),
    (
        "RequestsTurnedAway",
        &[("http_server_shed_total{job=\"shop\"}", "0+1x50")],
        &[("http_server_shed_total{job=\"shop\"}", "7x50")],
    ),
    (
        "DefectCaught",
        &[("http_server_panics_total{job=\"shop\"}", "0x8 1x30")],
        &[("http_server_panics_total{job=\"shop\"}", "1x50")],
    ),
    (
        "OutboxLags",
        &[("outbox_oldest_event_seconds{job=\"shop\"}", "61x50")],
        &[("outbox_oldest_event_seconds{job=\"shop\"}", "60x50")],
    ),
    (
        "DeadLetters",
        &[("dead_letter_events{job=\"shop\",event=\"ordering.OrderPlaced\"}", "1x50")],
        &[("dead_letter_events{job=\"shop\",event=\"ordering.OrderPlaced\"}", "0x50")],
    ),
    (
        "DurableCallsLate",
        &[("durable_calls_late_seconds{job=\"shop\"}", "11x50")],
        &[("durable_calls_late_seconds{job=\"shop\"}", "10x50")],
    ),
    (
        "DurableCallsFail",
        &[("durable_calls_failing{job=\"shop\"}", "1x50")],
        &[("durable_calls_failing{job=\"shop\"}", "0x50")],
    ),
    (
        "ExternalFails",
        &[
            (
                "external_calls_total{external=\"cardProcessor\",operation=\"charge\",outcome=\"done\"}",
                "0+60x50",
            ),
            (
                "external_calls_total{external=\"cardProcessor\",operation=\"charge\",outcome=\"unreachable\"}",
                "0+61x50",
            ),
        ],
        &[
            (
                "external_calls_total{external=\"cardProcessor\",operation=\"charge\",outcome=\"done\"}",
                "0+61x50",
            ),
            (
                "external_calls_total{external=\"cardProcessor\",operation=\"charge\",outcome=\"unreachable\"}",
                "0+60x50",
            ),
        ],
    ),
    (
        "ExternalBelowPromise",
        &[
            (
                "external_calls_total{external=\"cardProcessor\",operation=\"charge\",outcome=\"done\"}",
                "0+9989x50",
            ),
            (
                "external_calls_total{external=\"cardProcessor\",operation=\"charge\",outcome=\"unreachable\"}",
                "0+11x50",
            ),
        ],
        &[
            (
                "external_calls_total{external=\"cardProcessor\",operation=\"charge\",outcome=\"done\"}",
                "0+9991x50",
            ),
            (
                "external_calls_total{external=\"cardProcessor\",operation=\"charge\",outcome=\"unreachable\"}",
                "0+9x50",
            ),
        ],
    ),
    (
        "ExternalNearLimit",
        &[(
            "external_calls_total{external=\"cardProcessor\",operation=\"charge\",outcome=\"done\"}",
            "0+27060x50",
        )],
        &[(
            "external_calls_total{external=\"cardProcessor\",operation=\"charge\",outcome=\"done\"}",
            "0+26940x50",
        )],
    ),
    ("StoreDown", &[("pg_up{instance=\"a\"}", "0x50")], &[("pg_up{instance=\"a\"}", "1x50")]),
    (
        "StoreConnections",
        &[
            ("pg_stat_activity_count{instance=\"a\"}", "81x50"),
            ("pg_settings_max_connections{instance=\"a\"}", "100x50"),
        ],
        &[
            ("pg_stat_activity_count{instance=\"a\"}", "80x50"),
            ("pg_settings_max_connections{instance=\"a\"}", "100x50"),
        ],
    ),
    (
        "StoreReplicaLags",
        &[("pg_replication_lag_seconds{instance=\"a\"}", "301x50")],
        &[("pg_replication_lag_seconds{instance=\"a\"}", "300x50")],
    ),
    (
        "ProbesMissing",
        &[("up{job=\"shop\"}", "1x50")],
        &[("probe_success{job=\"shop-probes\"}", "1x50")],
    ),
];

#[test]
fn what_fills_up_is_told_on_one_side_of_its_limit_alone() {
    let Some(tool) = promtool() else { return };
    let shop = example("shop");
    let files = Files::of(&shop, "slo", "cases");
    test_file(&files, 2, &case_tests(CASES));
    run(&tool, &files.0, &["test", "rules", "tests.yaml"]).unwrap_or_else(|text| panic!("{text}"));
    // Every alert has a case, but those on objectives.
    let tested: BTreeSet<&str> = CASES.iter().map(|case| case.0).collect();
    for artifact in shop.artifacts().iter().filter(|of| of.path.starts_with("slo/")) {
        for line in artifact.contents.lines() {
            let Some(name) = line.trim().strip_prefix("- alert: ") else { continue };
            let objective = name.ends_with("BudgetBurn") || name == "FailuresInADay";
            assert!(objective || tested.contains(name), "{name} has no test");
        }
    }
}

/// A minute of all events at the peak: what a consumer may be behind.
#[test]
fn a_queue_that_grows_is_told() {
    let Some(tool) = promtool() else { return };
    let text = include_str!("../models/fleet.yaml").to_owned()
        + "  broker: { choose: nats-jetstream, because: It is there already. }\n";
    let fleet = check(&BTreeMap::from([("firmitas.yaml".to_owned(), text)]));
    let design = fleet.design.as_deref().unwrap();
    let peak: f64 = decide::crossings::emitted(design.facts()).iter().map(|of| of.peak).sum();
    let most = (peak * 60.0).ceil();
    let files = Files::of(&fleet, "slo", "queue");
    let mut tests = String::new();
    for (waiting, count) in [(most + 1.0, 1), (most, 0)] {
        tests += "  - interval: 1m\n    input_series:\n";
        let name = "jetstream_consumer_num_pending{stream_name=\"events\",consumer_name=\"a\"}";
        series(&mut tests, name, &format!("{waiting}x50"));
        writeln!(
            tests,
            "    promql_expr_test:\n      - expr: count(ALERTS{{alertstate=\"firing\",alertname=\"QueueGrows\"}}) or vector(0)\n        eval_time: 24m\n        exp_samples: [{{ value: {count} }}]"
        )
        .unwrap();
    }
    test_file(&files, 2, &tests);
    run(&tool, &files.0, &["test", "rules", "tests.yaml"]).unwrap_or_else(|text| panic!("{text}"));
}

/// Ten minutes in which one request of ten fails: told while it lasts, by the fast alert until the
/// short window is clean, by the slower one for half an hour.
#[test]
fn an_alert_ends_soon_after_the_trouble() {
    let Some(tool) = promtool() else { return };
    let files = Files::of(&example("shop"), "slo", "trouble");
    let mut test = String::from("  - interval: 1m\n    input_series:\n");
    let name = |status: &str| {
        format!(
            "http_server_requests_total{{job=\"shop\",operation=\"catalog.viewProduct\",status=\"{status}\"}}"
        )
    };
    series(&mut test, &name("2xx"), "0+1000x60 60900+900x9 70000+1000x80");
    series(&mut test, &name("5xx"), "0x60 100+100x9 1000x80");
    test += "    promql_expr_test:\n";
    let course = [(60, &[][..]), (70, &["14.4x", "1x", "6x"]), (77, &["1x", "6x"]), (103, &["1x"])];
    for (minute, firing) in course {
        writeln!(
            test,
            "      - expr: max by (burn) (ALERTS{{alertstate=\"firing\",alertname=\"ErrorBudgetBurn\",watch=\"viewProduct\"}})\n        eval_time: {minute}m\n        exp_samples:"
        )
        .unwrap();
        for burn in firing {
            test += &format!("          - labels: '{{burn=\"{burn}\"}}'\n            value: 1\n");
        }
    }
    test_file(&files, 1, &test);
    run(&tool, &files.0, &["test", "rules", "tests.yaml"]).unwrap_or_else(|text| panic!("{text}"));
}
