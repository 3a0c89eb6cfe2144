//! Calls that outlive whoever asked: a client is told 202, the call is tried until it is done, and
//! what has piled up asks a lot of an external that is back.

use decide::Design;
use simulate::design::{Answer, Disturbance, Happening, Kind, OperationAnswer, Phase};
use simulate::experiment::{Plan, simulate};
use simulate::kernel::Distribution;
use simulate::network::{Arrivals, Builder, END, Network, Policy, PutBack, Station};
use simulate::output;

use crate::designs::{asked, operation, question};
use crate::feedback::credit;
use crate::networks::SECOND;

const MILLISECOND: f64 = 1e6;

fn time(seconds: f64) -> u64 {
    (seconds * SECOND) as u64
}

/// Somebody asks once a second, without chance; the call takes 100 ms.
fn once_a_second(
    policy: Policy,
    changed: impl Fn(&mut Builder, simulate::network::StationId),
) -> Network {
    let mut builder = Builder::new();
    let external = builder.station(Station { servers: None, ..Station::new("external") });
    let asked = builder.serve(external, Distribution::Constant(100.0 * MILLISECOND), END);
    let each = Distribution::Constant(SECOND);
    let arrivals = Arrivals::Open { between: each, batch: Distribution::Constant(1.0) };
    let entry = builder.forward();
    builder.source("clients", arrivals, 0, entry);
    let calls = builder.source("calls", Arrivals::Begun, 0, END);
    let program = builder.call("external".to_owned(), &[asked], policy, END);
    let accepted = builder.accept(END);
    let told = Policy { timeout: Some(time(0.9)), from_start: true, ..Policy::default() };
    let begun = builder.begin("calls".to_owned(), (program, calls), told, END, Some(accepted));
    builder.define(entry, begun);
    changed(&mut builder, external);
    builder.finish()
}

/// Pauses of 100 ms that double, put back after three, without chance.
fn doubling() -> Policy {
    Policy {
        timeout: Some(time(2.0)),
        cancel: true,
        retries: 1000,
        backoff: time(0.1),
        longest_backoff: time(300.0),
        put_back: Some(PutBack { tries: 3, look: 0 }),
        ..Policy::default()
    }
}

fn until(network: &Network, seconds: f64) -> simulate::experiment::Report {
    let duration = Some(time(seconds));
    let plan = Plan { replications: 2, duration, warm_up: Some(0), ..Plan::default() };
    simulate(network, &plan, |_| ()).unwrap()
}

/// Everything by hand: whoever asks at t finds the external away at t, t + 0.1 and t + 0.3, is told
/// 202 then, and the call is made again at t + 0.7, 1.5, 3.1, 6.3 and 12.7.
#[test]
fn what_an_external_that_is_away_does_to_calls_is_what_can_be_computed_by_hand() {
    let (away, back) = (9.5, 19.55);
    let network = once_a_second(doubling(), |builder, external| {
        builder.change_failures(external, time(away), 1.0);
        builder.change_slowness(external, time(away), 0.0);
        builder.change_failures(external, time(back), 0.0);
        builder.change_slowness(external, time(back), 1.0);
    });
    let report = until(&network, 40.5);
    let [before, during, after] = report.windows.as_slice() else { panic!("{report:?}") };
    let length = back - away;
    let [clients, calls] = during.sources.as_slice() else { panic!("{during:?}") };
    // Ten ask meanwhile; each is told within 0.3 s, and none fails.
    assert!((clients.goodput.value * length - 10.0).abs() < 1e-6, "{clients:?}");
    assert!((clients.accepted.value - 1.0).abs() < 1e-9, "{clients:?}");
    assert!((clients.latency.unwrap().value - 0.3).abs() < 1e-6, "{clients:?}");
    assert!(before.sources[0].accepted.value < 1e-9 && after.sources[0].accepted.value < 1e-9);
    assert!((calls.open.value - 10.0).abs() < 1e-9, "{calls:?}");
    // Of those who ask at 10, 11, .. 19: 7, 7, 7, 7, 6, 6, 6, 5, 5 and 3 attempts.
    assert!((calls.attempts.unwrap().value - 5.9).abs() < 1e-9, "{calls:?}");
    assert!((during.stations[0].arrivals.value * length - 59.0).abs() < 1e-6);
    // They are done when the next attempt of each is.
    let done = [22.8, 23.8, 24.8, 25.8, 20.4, 21.4, 22.4, 20.2, 21.2, 19.8];
    let calls = &after.sources[1];
    let later = (20..=40).map(|_| 0.1);
    let took = done.iter().zip(10..).map(|(done, asked)| done - f64::from(asked)).chain(later);
    let took: Vec<f64> = took.collect();
    let mean = took.iter().sum::<f64>() / took.len() as f64;
    assert!((calls.latency.unwrap().value / mean - 1.0).abs() < 1e-3, "{calls:?} for {mean}");
    assert!(calls.open.value < 1e-9, "{calls:?}");
    // And so the last is caught up with at 25.8.
    let open = |at: f64| {
        let point = report.series.iter().rev().find(|point| point.time <= time(at)).unwrap();
        point.open[1]
    };
    assert!((open(19.5) - 10.0).abs() < 1e-9 && (open(23.0) - 3.0).abs() < 1e-9);
    assert!(open(25.75) >= 1.0 && open(25.9) < 1e-9);
}

/// One that hangs keeps nobody longer than it is waited for: the call goes on after that.
#[test]
fn a_client_waits_for_a_call_that_hangs_as_long_as_it_waits_for_anything() {
    let network = once_a_second(doubling(), |builder, external| {
        builder.change_slowness(external, time(9.5), 1e6);
        builder.change_slowness(external, time(19.5), 1.0);
    });
    let report = until(&network, 40.5);
    let clients = &report.windows[1].sources[0];
    assert!((clients.latency.unwrap().value - 0.9).abs() < 1e-3, "{clients:?}");
    // Who asks at 10 is at it until 12, 14.1, 16.3, 18.7, and for the fifth time at 19.5: until 21.5
    // nothing is done, as services that began go on as they were.
    let failed: f64 =
        report.windows.iter().flat_map(|of| &of.sources[1].failed).map(|of| of.1.value).sum();
    assert!(failed < 1e-9, "nothing is lost");
    assert!(report.windows[2].sources[1].open.value < 1e-9);
}

/// What must not be repeated is made once: where it may have been done, it waits for an operator.
#[test]
fn a_call_that_may_have_been_done_is_not_made_again_where_that_would_do_harm() {
    let failing = |share: f64, slowness: f64| {
        let policy = Policy { once: true, ..doubling() };
        let network = once_a_second(policy, |builder, external| {
            builder.change_failures(external, time(9.5), share);
            builder.change_slowness(external, time(9.5), slowness);
            builder.change_failures(external, time(19.5), 0.0);
            builder.change_slowness(external, time(19.5), 1.0);
        });
        let report = until(&network, 60.5);
        let lost = |of: &simulate::experiment::WindowReport| {
            let share: f64 = of.sources[1].failed.iter().map(|(_, share)| share.value).sum();
            share
        };
        report.windows.iter().map(lost).fold(0.0, f64::max)
    };
    assert!(failing(1.0, 1.0) > 0.99, "it answered with a failure");
    assert!(failing(1.0, 0.0) < 1e-9, "it was never reached");
}

/// The score as something that is written down before it is asked for.
fn durable_credit(changes: &[(&str, &str)]) -> Design {
    let mut all = vec![("safe: true", "idempotent: true")];
    all.extend(changes);
    credit(&all)
}

fn phases(answer: &Answer) -> [&Phase; 3] {
    let [before, during, after] = answer.phases.as_slice() else { panic!("{answer:?}") };
    [before, during, after]
}

fn median(of: &OperationAnswer) -> f64 {
    of.quantiles[0].unwrap().value
}

#[test]
fn an_external_that_is_down_costs_a_202_and_what_is_left_is_caught_up_with() {
    let design = durable_credit(&[]);
    let down = Happening::Down("scorer".to_owned());
    let down = Disturbance { what: down, from: 40.0, until: Some(70.0) };
    let question = question(vec![down]);
    let answer = asked(&design, &question, 160, 2);
    let [before, during, after] = phases(&answer);
    let score = |phase| operation(phase, "score");
    let calls = |phase| operation(phase, "calls of score");
    for phase in [before, during, after] {
        assert!(score(phase).failed.value < 1e-4, "nothing fails: {:?}", score(phase));
        assert!(calls(phase).failed.value < 1e-9, "nothing is lost: {:?}", calls(phase));
    }
    assert!(score(before).accepted.value < 0.01 && score(during).accepted.value > 0.97);
    // Three attempts with pauses of 75 and 150 ms in the mean, and then it is told.
    let told = median(score(during));
    assert!((0.15..0.35).contains(&told), "{told}");
    // Thirty seconds of five a second.
    let left = calls(during).backlog.unwrap();
    assert!((left.open / 150.0 - 1.0).abs() < 0.15, "{left:?}");
    // The next attempt comes at the latest after a pause as long as what has passed, and a look.
    let caught_up = calls(after).backlog.unwrap().caught_up.unwrap();
    assert!((3.0..35.0).contains(&caught_up), "{caught_up}");
    let done: f64 = [before, during, after]
        .iter()
        .map(|phase| calls(phase).goodput.value * (phase.to - phase.from))
        .sum();
    assert!((done / (5.0 * 160.0) - 1.0).abs() < 0.05, "{done}");

    let text = output::answer_text("Credit", &answer);
    assert!(text.contains("  score answers 202: "), "{text}");
    assert!(text.contains("  calls of score: caught up with after "), "{text}");
    let json = output::answer_json(&answer);
    let of = |phase: usize| {
        let all = json["phases"][phase]["operations"].as_array().unwrap();
        all.iter().find(|of| of["name"] == "calls of score").unwrap().clone()
    };
    assert!(of(1)["backlog"]["open"].as_f64().unwrap() > 100.0, "{json}");
    assert!(of(2)["backlog"]["caughtUpAfter"].as_f64().unwrap() > 3.0, "{json}");
}

#[test]
fn an_external_that_hangs_is_not_waited_for_once_its_breaker_is_open() {
    let design = durable_credit(&[]);
    let hangs = Happening::Hanging("scorer".to_owned());
    let hangs = Disturbance { what: hangs, from: 20.0, until: Some(60.0) };
    let answer = asked(&design, &question(vec![hangs]), 120, 2);
    let [_, during, _] = phases(&answer);
    // Most are not even asked for, three times, and told at once; the first wait, but no longer than
    // they do over HTTP: p95 3s makes a deadline of ten seconds.
    let score = operation(during, "score");
    let told = median(score);
    assert!((0.15..0.4).contains(&told) && score.accepted.value > 0.95, "{told} {score:?}");
    assert!(operation(during, "score").failed.value < 1e-3);
}

/// The bulkhead that was decided is that of each replica.
#[test]
fn bulkheads_are_as_decided() {
    for design in [durable_credit(&[]), credit(&[])] {
        let verdict = design.verdict("resilience", "score->scorer.score").unwrap();
        let decided = verdict.parameters.iter().find(|(name, _)| name == "bulkhead").unwrap();
        let decided: u32 = decided.1.split(' ').next().unwrap().parse().unwrap();
        let compiled = simulate::design::compile(&design, &question(Vec::new()), 0.0).unwrap();
        let named = "bulkhead of score->scorer.score";
        let bulkhead = compiled.resources.iter().find(|of| of.name == named).unwrap();
        assert_eq!(bulkhead.servers, Some(decided));
        let cores = compiled.resources.iter().find(|of| of.kind == Kind::Cores).unwrap();
        assert_eq!(bulkhead.stations.len(), cores.stations.len());
    }
}

#[test]
fn a_fallback_is_taken_before_the_client_goes() {
    let design = durable_credit(&[(
        "            else: no-score",
        "            else: no-score\n            fallback: [{ set: { score: 500 } }]",
    )]);
    let hangs = Happening::Hanging("scorer".to_owned());
    let hangs = Disturbance { what: hangs, from: 20.0, until: Some(60.0) };
    let answer = asked(&design, &question(vec![hangs]), 120, 2);
    let [_, during, after] = phases(&answer);
    let score = operation(during, "score");
    assert!(score.failed.value < 1e-3, "{score:?}");
    let calls = operation(after, "calls of score");
    assert!(calls.backlog.unwrap().open < 20.0, "{calls:?}");
}
