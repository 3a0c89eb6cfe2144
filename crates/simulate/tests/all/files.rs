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

/// Times whose mean exists and whose variance does not: an interval from a few runs, none of which
/// may have met a time that matters, would be wrong far more often than it says.
#[test]
fn a_mean_without_a_finite_variance_has_no_interval_and_says_so() {
    let served = |service: &str, servers: &str| {
        let text = format!(
            "sources:
  clients: {{ rate: 10/s, to: desk }}
stations:
  desk: {{ servers: {servers}, service: {service} }}
duration: 200s
"
        );
        report(&text)
    };
    let pareto =
        |shape: f64, more: &str| format!("{{ pareto: {{ minimum: 10ms, shape: {shape}{more} }} }}");
    // Nobody waits: the time is that of the service.
    let heavy = served(&pareto(1.5, ""), "unlimited");
    let source = &heavy.windows[0].sources[0];
    assert!(source.infinite_variance && source.latency.unwrap().error.is_infinite());
    for quantile in source.quantiles.iter().flatten() {
        assert!(quantile.error.is_finite(), "{quantile:?}");
    }
    let told = "clients: its means have no interval";
    assert!(text(None, &heavy).contains(told), "{}", text(None, &heavy));
    let machine = &json(None, &heavy)["windows"][0]["sources"][0];
    assert!(machine["latency"]["plusOrMinus"].is_null() && machine["infiniteVariance"] == true);
    assert!(!machine["quantiles"]["p50"]["plusOrMinus"].is_null());
    let about = simulate::output::About { title: "", version: "", command: "" };
    assert!(simulate::output::network_page(&about, &heavy).contains(told));

    // Whoever waits for one that is served waits for the rest of it, whose tail is heavier by one.
    let finite = |service: &str, servers: &str| {
        let report = served(service, servers);
        let (source, desk) = (&report.windows[0].sources[0], &report.windows[0].stations[0]);
        let used = desk.utilisation.is_none_or(|of| of.error.is_finite());
        (!source.infinite_variance, desk.wait.is_none_or(|of| of.error.is_finite()), used)
    };
    assert_eq!(finite(&pareto(2.5, ""), "unlimited"), (true, true, true));
    assert_eq!(finite(&pareto(2.5, ""), "1"), (false, false, true));
    assert_eq!(finite(&pareto(1.5, ""), "1"), (false, false, false));
    assert_eq!(finite(&pareto(3.5, ""), "1"), (true, true, true));
    assert_eq!(finite(&pareto(1.5, ", maximum: 1s"), "1"), (true, true, true));
    assert_eq!(finite("{ exponential: 20ms }", "1"), (true, true, true));
}

#[test]
fn what_takes_longer_than_was_watched_at_first_is_no_growth() {
    let file = network(
        "sources: { callers: { rate: 200/s, to: hold } }
stations: { hold: { service: { exponential: 60s }, servers: unlimited } }
",
    );
    let plan = Plan { usual_events: 20_000, threads: 2, ..Plan::default() };
    let report = simulate(&file.network, &plan, |_| ()).unwrap();
    assert_eq!(report.steadiness, Steadiness::Steady);
    let source = &report.windows[0].sources[0];
    assert!(source.latency.unwrap().covers(60.0, 0.999), "{source:?}");
}

#[test]
fn what_is_too_much_for_a_station_grows_however_long_it_is_watched() {
    let file = network(
        "sources: { callers: { rate: 12/s, to: desk } }
stations: { desk: { service: { exponential: 100ms } } }
",
    );
    let plan = Plan { usual_events: 20_000, threads: 2, ..Plan::default() };
    let report = simulate(&file.network, &plan, |_| ()).unwrap();
    let Steadiness::Growing(rate) = report.steadiness else { panic!("{:?}", report.steadiness) };
    assert!((rate - 2.0).abs() < 0.5, "{rate}");
}
