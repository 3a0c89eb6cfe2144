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
fn another_number_is_compared_pair_by_pair() {
    let set = simulated(&["--duration", "8s", "--set", "browseProducts.rate=2400/s"]);
    assert_eq!((set.code, set.stderr.as_str()), (0, ""), "{set:?}");
    let mut lines = set.stdout.lines();
    let title = lines.next().unwrap();
    assert_eq!(title, "Shop at its stated peak  ->  Shop (browseProducts.rate=2400/s)");
    let cores = set.stdout.lines().find(|line| line.starts_with("cores of shop ")).unwrap();
    assert!(cores.contains(" -> ") && cores.contains(" points \u{b1}"), "{cores}");
    let wrong = simulated(&["--set", "browseProduct.rate=2400/s"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(wrong.stderr.contains("browseProducts"), "the nearest name is told: {wrong:?}");
}

#[test]
fn another_model_is_compared_and_the_same_one_does_not_differ() {
    let same = simulated(&["--duration", "8s", "--compare", SHOP, "--json"]);
    assert_eq!(same.code, 0, "{same:?}");
    let document = same.json();
    let operations = document["comparison"]["phases"][0]["operations"].as_array().unwrap();
    assert!(operations.len() > 20 && operations.iter().all(|of| of["differs"] == false));
    assert_eq!(document["comparison"]["costPerMonth"]["difference"], 0.0);
    assert_eq!(document["changed"], serde_json::json!([]));
    let none = simulated(&["--compare", "no-such-folder"]);
    assert_eq!(none.code, 2, "{none:?}");
}

#[test]
fn colours_are_for_those_who_want_them_and_nothing_is_drawn_where_there_is_no_terminal() {
    // A promise that is broken brings a finding, which is the part with colours.
    let scratch = Scratch::new("simulate-colours");
    let model = std::fs::read_to_string(format!("{SHOP}/firmitas.yaml")).unwrap();
    scratch.write("firmitas.yaml", model.replacen("latency: p95 100ms", "latency: p95 4ms", 1));
    let asked = |more: &[&str]| {
        let plain = ["simulate", "--duration", "8s"];
        scratch.firm(&[&plain[..], more].concat())
    };
    let coloured = asked(&["--color", "always"]);
    assert_eq!(coloured.code, 1, "{coloured:?}");
    assert!(coloured.stderr.contains("\u{1b}["), "{coloured:?}");
    for plain in [asked(&["--color", "never"]), asked(&[]), asked(&["--quiet"])] {
        assert_eq!(plain.code, 1, "{plain:?}");
        assert!(!(plain.stderr + &plain.stdout).contains('\u{1b}'));
    }
    let quiet = asked(&["--quiet"]);
    assert!(quiet.stdout.contains("BROKEN") && quiet.stderr.contains("objective-missed"));
}

#[test]
fn a_design_is_written_with_what_a_simulation_says_unless_nobody_wants_it() {
    let scratch = Scratch::new("simulate-design");
    for (more, simulated) in [(&[][..], true), (&["--no-simulation"][..], false)] {
        let arguments = ["design", SHOP, "--out", "design", "--quiet"];
        let written = scratch.firm(&[&arguments[..], more].concat());
        assert_eq!(written.code, 0, "{written:?}");
        let capacity = scratch.read("design/capacity.md");
        assert_eq!(capacity.contains("## Simulated"), simulated, "{more:?}");
    }
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
    let late = simulated(&["--surge", "3x@10s for 2s", "--duration", "5s"]);
    assert_eq!(late.code, 2);
    assert!(late.stderr.contains("only 5s are watched"), "{late:?}");
    let zone = simulated(&["--lose-zone", "soon"]);
    assert_eq!(zone.code, 2);
    assert!(zone.stderr.contains("`soon` is no time"), "{zone:?}");
    let precision = simulated(&["--precision", "0"]);
    assert_eq!(precision.code, 2);
    assert!(precision.stderr.contains("from 0.01 to 100"), "{precision:?}");
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

/// A scrape after so many thousand requests of `catalog.viewProduct`, each 400 to 500 microseconds,
/// of which the store takes 250.
fn scrape(thousands: u32) -> String {
    let (few, all) = (thousands * 100, thousands * 1000);
    let family = |name: &str, labels: &str, counts: [u32; 3], mean: f64| {
        let labels = format!("operation=\"catalog.viewProduct\"{labels}");
        let [low, middle, high] = counts;
        let sum = f64::from(all) * mean;
        format!(
            "{name}_bucket{{{labels},le=\"0.00025\"}} {low}\n\
             {name}_bucket{{{labels},le=\"0.0005\"}} {middle}\n\
             {name}_bucket{{{labels},le=\"0.001\"}} {high}\n\
             {name}_bucket{{{labels},le=\"+Inf\"}} {all}\n\
             {name}_sum{{{labels}}} {sum}\n{name}_count{{{labels}}} {all}\n"
        )
    };
    let store = [few * 6, few * 9, all];
    family("http_server_request_duration_seconds", "", [few, few * 6, all], 0.00045)
        + &family("store_duration_seconds", ",system=\"sqlite\"", store, 0.00025)
}

#[test]
fn times_that_were_measured_stand_in_the_place_of_the_tables() {
    let scratch = Scratch::new("simulate-calibrate");
    scratch.write("before.txt", scrape(1));
    scratch.write("after.txt", scrape(5));
    let asked = |more: &[&str]| {
        let mut arguments = vec!["simulate", SHOP, "--replications", "2", "--duration", "2s"];
        arguments.extend(more);
        scratch.firm(&arguments)
    };
    let both = ["--calibrate", "before.txt", "--calibrate", "after.txt"];
    let text = asked(&[&both[..], &["--one-server", "8", "--save-times", "times.json"]].concat());
    let line = |start: &str| text.stdout.lines().find(|line| line.starts_with(start));
    assert!(line("catalog.viewProduct").is_some_and(|line| line.contains("4000")), "{text:?}");
    assert!(line("cores of the server").is_some(), "{text:?}");
    assert!(text.stdout.contains("2 times were measured"), "{text:?}");

    let used = |document: serde_json::Value, what: &str| {
        let times = document["simulation"]["times"].as_array().unwrap().clone();
        let wanted =
            |of: &&serde_json::Value| of["name"] == "catalog.viewProduct" && of["what"] == what;
        let found = times.iter().find(wanted).unwrap();
        (found["mean"].as_f64().unwrap(), found["provenance"].as_str().unwrap().to_owned())
    };
    let saved = asked(&["--times", "times.json", "--one-server", "8", "--json"]).json();
    let (application, provenance) = used(saved.clone(), "application");
    assert!((application - 0.0002).abs() < 1e-6 && provenance == "measured", "{application}");
    let (store, provenance) = used(saved, "store");
    assert!((store / 0.00025 - 1.0).abs() < 0.1 && provenance == "measured", "{store}");

    // The design decides PostgreSQL: times of SQLite say nothing about it.
    let decided = asked(&["--times", "times.json", "--json"]);
    assert!(decided.stderr.contains("were measured on sqlite"), "{decided:?}");
    assert_eq!(used(decided.json(), "store").1, "default");
    assert_eq!(used(decided.json(), "application").1, "measured");
}

#[test]
fn measurements_that_say_nothing_are_refused_with_their_line() {
    let scratch = Scratch::new("simulate-calibrate-wrong");
    scratch.write("wrong.txt", "up 1\nup up\n");
    scratch.write("bytes.txt", b"\xff\xfe");
    for (file, wanted) in [
        ("wrong.txt", "wrong.txt:2: its value is no number"),
        ("bytes.txt", "is not text"),
        ("none.txt", "cannot read `none.txt`"),
    ] {
        let refused = scratch.firm(&["simulate", SHOP, "--calibrate", file]);
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.stderr.contains(wanted), "{refused:?}");
    }
}
