//! Files of networks: the examples are sound and say what they claim, and every kind of mistake is
//! told.

use base::SourceMap;
use simulate::experiment::{Plan, Report, Steadiness, simulate};
use simulate::file::{NetworkFile, read};
use simulate::output::{json, text};

/// Reads a text, which must be sound.
pub fn network(text: &str) -> NetworkFile {
    let mut sources = SourceMap::new();
    let file = sources.add("network.yaml", text);
    let (network, diagnostics) = read(&sources, file);
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    network.unwrap()
}

/// Simulates a text on two threads.
pub fn report(text: &str) -> Report {
    let file = network(text);
    let plan =
        Plan { duration: file.duration, warm_up: file.warm_up, threads: 2, ..Plan::default() };
    simulate(&file.network, &plan, |_| ()).unwrap()
}

fn example(name: &str) -> String {
    let path = format!("{}/../../examples/networks/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn four_servers_are_the_textbooks() {
    let report = report(&example("four-servers"));
    assert_eq!(report.steadiness, Steadiness::Steady);
    let source = &report.windows[0].sources[0];
    assert!(source.latency.unwrap().covers(1.745_540_589_734_26, 0.999));
    let shown = text(Some("One line"), &report);
    println!("{shown}");
    assert!(shown.contains("desk") && shown.contains("80.") && !shown.contains("not steady"));
    let machine = json(None, &report);
    assert!(
        machine["windows"][0]["sources"][0]["quantiles"]["p999"]["value"].as_f64().unwrap() > 8.0
    );
}

#[test]
fn a_card_processor_makes_a_checkout_wait() {
    let report = report(&example("checkout"));
    println!("{}", text(None, &report));
    let [shoppers, _] = &report.windows[0].sources[..] else { panic!("{report:?}") };
    assert!(shoppers.goodput.value > 55.0);
    assert!(shoppers.quantiles[3].unwrap().value > 0.5);
}

#[test]
fn retries_keep_a_pause_going() {
    let storm = example("retry-storm");
    let goodput = |text: &str| {
        let report = report(text);
        println!("{}", simulate::output::text(None, &report));
        report.windows.last().unwrap().sources[0].goodput.value
    };
    assert!(goodput(&storm) < 1.0);
    let budget = "backoff: 100ms\n    budget: { share: 10%, burst: 5 }";
    let healed = storm.replace("backoff: 100ms", budget);
    assert!(goodput(&healed) > 3.0);
}

#[test]
fn two_at_once_take_as_long_as_theory_says() {
    let report = report(&example("fork-join"));
    println!("{}", text(None, &report));
    // Flatto and Hahn: (12 - rho) / 8 * 1 / (mu - lambda).
    assert!(report.windows[0].sources[0].latency.unwrap().covers(0.7, 0.999));
}
