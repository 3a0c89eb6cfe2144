//! `firm simulate` of a model.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::firm::{Finished, Scratch};

const SHOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/shop");

fn simulated(more: &[&str]) -> Finished {
    let mut arguments = vec!["simulate", SHOP, "--replications", "2", "--color", "never"];
    arguments.extend(more);
    // Tests run beside each other, each in a folder of its own.
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    Scratch::new(&format!("simulate-{run}")).firm(&arguments)
}

#[test]
fn each_operation_stands_beside_its_promise_and_the_bottleneck_is_named() {
    let text = simulated(&["--duration", "5s"]);
    assert_eq!(text.code, 0, "{text:?}");
    let line = |name: &str| {
        let found = text.stdout.lines().find(|line| line.starts_with(name));
        found.unwrap_or_else(|| panic!("no {name} in {text:?}")).to_owned()
    };
    assert!(line("browseProducts").ends_with("p95 100ms kept"), "{text:?}");
    assert!(line("gives way first: ").contains(" times this load; then "));
    assert!(line("costs ").contains("EUR a month"));
    // Progress is for terminals.
    assert_eq!(text.stderr, "");
}

#[test]
fn a_seed_replays_everything_byte_for_byte() {
    let asked = |seed| simulated(&["--duration", "2s", "--json", "--seed", seed]).stdout;
    assert_eq!(asked("7"), asked("7"));
    assert_ne!(asked("7"), asked("8"));
    let threads = |count| {
        let more = ["--duration", "2s", "--json", "--seed", "7", "--threads", count];
        simulated(&more).stdout
    };
    assert_eq!(threads("1"), threads("4"));
}

#[test]
fn a_disturbance_divides_the_run_into_phases() {
    let down = ["--fail", "cardProcessor=down@2s..4s", "--duration", "6s", "--json"];
    let document = simulated(&down).json();
    let phases = document["simulation"]["phases"].as_array().unwrap();
    assert_eq!(phases.len(), 3);
    let goodput = |phase: usize| {
        let operations = phases[phase]["operations"].as_array().unwrap();
        let flow = operations.iter().find(|of| of["name"] == "flow checkout").unwrap();
        flow["goodput"]["value"].as_f64().unwrap()
    };
    assert!(goodput(0) > 30.0 && goodput(1) < 5.0, "{} {}", goodput(0), goodput(1));
}

#[test]
fn what_cannot_be_asked_says_what_can() {
    let unknown = simulated(&["--slow", "store.orderng=3x"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
    assert!(unknown.stderr.contains("unknown-name"), "{unknown:?}");
    let wrong = simulated(&["--fail", "cardProcessor=gone"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("neither `down` nor `hang`"), "{wrong:?}");
    let never = simulated(&["--stability", "--fail", "cardProcessor=down@2s"]);
    assert_eq!(never.code, 2);
    assert!(never.stderr.contains("no-trigger"), "{never:?}");
    let load = simulated(&["--load", "much"]);
    assert_eq!(load.code, 2);
    assert!(load.stderr.contains("a multiple such as `2x`"), "{load:?}");
}

#[test]
fn a_network_is_read_from_a_file_and_what_is_wrong_is_shown_there() {
    let scratch = Scratch::new("simulate-network");
    let network =
        "sources: { all: { rate: 1/s, to: desk } }\nstations: { desk: { service: 500ms } }\n";
    scratch.write("queue.yaml", network);
    let steady = scratch.firm(&["simulate", "--network", "queue.yaml", "--json"]);
    assert_eq!(steady.code, 0, "{steady:?}");
    let document = steady.json();
    let source = &document["simulation"]["windows"][0]["sources"][0];
    // M/D/1 at half load: the wait is half of a service (Pollaczek and Khinchine).
    let mean = source["latency"]["value"].as_f64().unwrap();
    assert!((mean - 0.75).abs() < 0.02, "{mean}");

    scratch.write("queue.yaml", network.replace("1/s", "3/s"));
    let growing = scratch.firm(&["simulate", "--network", "queue.yaml"]);
    assert_eq!(growing.code, 1, "{growing:?}");
    assert!(growing.stdout.contains("not steady: "), "{growing:?}");

    scratch.write("queue.yaml", network.replace("to: desk", "to: dest"));
    let wrong = scratch.firm(&["simulate", "--network", "queue.yaml"]);
    assert_eq!(wrong.code, 1, "{wrong:?}");
    assert!(wrong.stderr.contains("did you mean `desk`?"), "{wrong:?}");

    let none = scratch.firm(&["simulate", "--network", "nothing.yaml"]);
    assert_eq!(none.code, 2, "{none:?}");
}

#[test]
fn replicas_admit_as_many_requests_as_firm_up_does() {
    let admitted = usize::try_from(simulate::design::REQUESTS_AT_ONCE).unwrap();
    assert_eq!(admitted, runtime::http::Limits::default().requests);
}
