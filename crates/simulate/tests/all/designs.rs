//! Designs as networks: the shop of the examples at its peak, and when things go wrong.

use std::sync::Arc;

use decide::Design;
use decide::sizing::{Level, Service};
use simulate::calibrate::{Fit, Measured, OperationTimes, Shape};
use simulate::design::{
    Amount, Answer, Clients, Disturbance, Happening, Kind, OneServer, OperationAnswer, Phase,
    Question, answer, compile, stability,
};
use simulate::experiment::{Plan, Steadiness, simulate};

const SECOND: u64 = 1_000_000_000;

/// The shop, decided.
pub fn shop() -> Design {
    shop_with("", "")
}

/// The shop with something else in the place of a text that it holds.
pub fn shop_with(part: &str, other: &str) -> Design {
    let text = include_str!("../../../../examples/shop/firmitas.yaml");
    assert!(text.contains(part), "{part}");
    let text = if part.is_empty() { text.to_owned() } else { text.replacen(part, other, 1) };
    let mut sources = base::SourceMap::default();
    let file = sources.add("shop.yaml", text);
    let (model, diagnostics) = model::load(&sources, file);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    decide::decide(Arc::new(model)).0
}

pub fn question(disturbances: Vec<Disturbance>) -> Question {
    let clients = Clients { attempts: 3, backoff: 0.1, jitter: true, budget: None };
    let amount = Amount::Level(Level::Peak);
    Question {
        amount,
        busier: 1.0,
        clients,
        closed: None,
        disturbances,
        measured: Measured::default(),
        server: None,
    }
}

pub fn asked(design: &Design, question: &Question, seconds: u64, threads: usize) -> Answer {
    let compiled = compile(design, question, 0.0).unwrap();
    let duration = Some(seconds * SECOND);
    let plan = Plan { replications: 4, threads, duration, ..Plan::default() };
    let report = simulate(&compiled.network, &plan, |_| ()).unwrap();
    answer(&compiled, &report, 0.0)
}

pub fn operation<'p>(phase: &'p Phase, name: &str) -> &'p OperationAnswer {
    phase.operations.iter().find(|of| of.name == name).unwrap()
}

fn busy(phase: &Phase, kind: Kind) -> f64 {
    phase.resources.iter().find(|of| of.kind == kind).unwrap().utilisation.unwrap()
}

#[test]
fn at_its_peak_a_design_is_as_busy_as_it_was_sized_for() {
    let design = shop();
    let answer = asked(&design, &question(Vec::new()), 20, 2);
    assert_eq!(answer.steadiness, Steadiness::Steady);
    let phase = &answer.phases[0];
    let service: &Service = &design.sizing.services[0];
    let cores = service.cores.peak / f64::from(service.replicas * service.replica_cores);
    assert!((busy(phase, Kind::Cores) / cores - 1.0).abs() < 0.03, "{}", busy(phase, Kind::Cores));
    // Answers that processes keep are not in the sizing, so that the store is less busy.
    let store = &design.sizing.stores[0];
    let sized = store.cores.peak / f64::from(store.node.cores);
    let simulated = busy(phase, Kind::Store);
    assert!(simulated > 0.7 * sized && simulated < 1.1 * sized, "{simulated} for {sized}");
    assert!(phase.keeps_promises());
    let page = operation(phase, "browseProducts");
    assert!(page.quantiles[2].unwrap().value > 0.003, "{:?}", page.quantiles);
    // The parts of a request are not all slow at once: their p99, waits included, add up to more.
    for of in &phase.operations {
        let Some(p99) = of.quantiles[3] else { continue };
        let sum = of.sum_of_p99.unwrap();
        assert!(p99.value < sum, "{}: {p99:?} and {sum}", of.name);
    }
    // Work that flows do is not asked for by clients a second time.
    assert!(phase.operations.iter().all(|of| of.name != "charge"));
    assert!(operation(phase, "flow checkout").goodput.value > 0.0);
}

#[test]
fn an_answer_does_not_depend_on_threads() {
    let design = shop();
    let question = question(Vec::new());
    assert_eq!(asked(&design, &question, 2, 1), asked(&design, &question, 2, 4));
}

#[test]
fn an_external_that_hangs_harms_who_needs_it_and_nobody_else() {
    let design = shop();
    let hangs = Happening::Hanging("cardProcessor".to_owned());
    let hangs = Disturbance { what: hangs, from: 10.0, until: Some(20.0) };
    let answer = asked(&design, &question(vec![hangs]), 80, 2);
    let [before, during, after] = answer.phases.as_slice() else { panic!("{answer:?}") };
    let share = |phase: &Phase, name| {
        let of = operation(phase, name);
        of.goodput.value / of.offered.value
    };
    assert!(share(before, "flow checkout") > 0.9, "{:?}", operation(before, "flow checkout"));
    assert!(share(during, "flow checkout") < 0.2, "{}", share(during, "flow checkout"));
    // What got no answer is tried again, and ends well once the external does.
    let text = simulate::output::answer_text("Shop", &answer);
    assert!(text.contains("  flow checkout goes on: 40"), "{text}");
    let late = share(after, "flow checkout");
    assert!(late > 0.95, "{late}");
    for phase in [before, during, after] {
        assert!(share(phase, "browseProducts") > 0.99);
    }
}

#[test]
fn a_surge_beyond_what_the_store_bears_shows_there() {
    let design = shop();
    let surge = Disturbance { what: Happening::Surge(6.0), from: 5.0, until: Some(10.0) };
    let answer = asked(&design, &question(vec![surge]), 20, 2);
    let during = &answer.phases[1];
    let first = during.bottlenecks().next().unwrap();
    assert!(first.utilisation.unwrap() > 0.97, "{first:?}");
    assert!(!during.keeps_promises());
}

#[test]
fn a_zone_that_is_lost_takes_a_share_of_requests_until_it_is_noticed() {
    let design = shop();
    let lost = Disturbance { what: Happening::ZoneLost, from: 5.0, until: None };
    let answer = asked(&design, &question(vec![lost]), 200, 2);
    let last = answer.phases.last().unwrap();
    let page = operation(last, "viewProduct");
    // The standby took over, and the replicas that are left serve everybody.
    assert!(page.goodput.value / page.offered.value > 0.999, "{page:?}");
    // Cores that are gone are neither there nor idle: of three replicas one is, and two more came.
    let cores = |phase: &simulate::design::Phase| {
        let of = phase.resources.iter().find(|of| of.name == "cores of shop").unwrap();
        of.servers.unwrap()
    };
    assert_eq!((cores(&answer.phases[0]), cores(last)), (6, 8));
    let second = operation(&answer.phases[1], "viewProduct");
    assert!(second.goodput.value / second.offered.value < 0.5, "{second:?}");
}

#[test]
fn a_disturbance_of_what_is_not_there_names_what_is() {
    let slow = Happening::Slow("store.orderz".to_owned(), 3.0);
    let slow = Disturbance { what: slow, from: 0.0, until: None };
    let unknown = compile(&shop(), &question(vec![slow]), 0.0).unwrap_err();
    assert_eq!(unknown.name, "store.orderz");
    let known =
        ["cancellation", "cardProcessor", "checkout", "fulfilment", "shop", "shop-postgresql"];
    assert_eq!(unknown.known, known);
    let known = Happening::Slow("store.ordering".to_owned(), 3.0);
    let known = Disturbance { what: known, from: 0.0, until: None };
    assert!(compile(&shop(), &question(vec![known]), 0.0).is_ok());
}

#[test]
fn work_that_ends_with_its_deadline_lets_a_store_recover_until_there_is_too_much_of_it() {
    let design = shop();
    let slow = Happening::Slow("store.ordering".to_owned(), 20.0);
    let slow = Disturbance { what: slow, from: 5.0, until: Some(10.0) };
    let plan = Plan { replications: 2, threads: 2, ..Plan::default() };
    let stability = stability(&design, &question(vec![slow]), &plan, |_, _| ()).unwrap();
    let recovery = stability.recovery;
    assert!(recovery.returns() && recovery.during < 0.7 * recovery.offered, "{recovery:?}");
    assert_eq!(stability.lengths.turn, None);
    assert!(stability.lengths.trials.iter().all(|trial| trial.returns));
    // What processes keep leaves the store room for four times the peak.
    let turn = stability.loads.turn.unwrap();
    assert!(turn.good < turn.bad && !stability.loads.cut, "{turn:?}");
    let load = turn.middle();
    assert!(load > 2.0 && load < 6.0, "{load}");
}

#[test]
fn replicas_come_with_a_surge_after_their_delay() {
    let design = shop();
    let service: &Service = &design.sizing.services[0];
    assert!(service.most > service.replicas);
    // More than the replicas of the peak can do, less than the most can.
    let there = service.replicas * service.replica_cores;
    let factor = 1.15 * f64::from(there) / service.cores.peak;
    let surge = |from| Disturbance { what: Happening::Surge(factor), from, until: None };
    // A store that is fast enough, so that only the service gives way; and a second look at the
    // surge, when new replicas serve.
    let fast = Happening::Slow("shop-postgresql".to_owned(), 0.05);
    let fast = Disturbance { what: fast, from: 0.0, until: None };
    let question = question(vec![fast, surge(5.0), surge(150.0)]);
    let answer = asked(&design, &question, 250, 2);
    let [_, early, late] = answer.phases.as_slice() else { panic!("{:?}", answer.phases.len()) };
    let cores = late.resources.iter().find(|of| of.kind == Kind::Cores).unwrap();
    let (servers, busy) = (cores.servers.unwrap(), cores.utilisation.unwrap());
    assert!(servers > there, "{servers}");
    assert!((0.4..0.7).contains(&busy), "{busy}");
    let p99 = |phase: &Phase| operation(phase, "placeOrder").quantiles[3].unwrap().value;
    assert!(p99(early) > 2.0 * p99(late), "{} {}", p99(early), p99(late));
}

#[test]
fn on_one_server_everybody_shares_the_cores_and_measured_times_are_taken() {
    let design = shop();
    let fit = |mean: f64, variation: f64| Fit {
        shape: Shape::spread(mean, variation),
        count: 1000,
        mean: (mean, mean),
        p95: (mean, mean),
        mean_alone: false,
        mean_error: None,
        errors: Vec::new(),
    };
    let (view, add) = ("catalog.viewProduct".to_owned(), "payments.addCard".to_owned());
    let times = |application: f64, store: f64, busy: f64| OperationTimes {
        requests: 1000,
        application: Some(fit(application, 0.5)),
        store: Some(fit(store, 1.0)),
        busy: Some(busy),
        besides: Some(Shape::Constant(0.001)),
        kept: Some(0.0),
    };
    let mut measured =
        Measured { whole: true, system: Some("sqlite".to_owned()), ..Measured::default() };
    measured.operations.insert(view.clone(), times(0.0002, 0.0003, 1.0));
    measured.operations.insert(add.clone(), times(0.0004, 0.002, 0.25));
    let rates = [(view, 1000.0), (add, 200.0)].into_iter().collect();
    let server = OneServer {
        store: simulate::design::StoreHere::Beside,
        switch: 0.0,
        commit: None,
        stalls: None,
        cores: 2,
        connections: 8,
        setup: 0.0,
        client: 0.0001,
        client_setup: 0.0,
        client_cores: None,
        rates: Some(rates),
    };
    let question = Question {
        amount: Amount::Times(1.5),
        measured,
        server: Some(server),
        ..question(Vec::new())
    };
    let answer = asked(&design, &question, 20, 2);
    let phase = &answer.phases[0];
    let names: Vec<&str> = phase.operations.iter().map(|of| of.name.as_str()).collect();
    assert_eq!(names.len(), 2, "nothing but what has a rate: {names:?}");
    // Core-seconds a second: 1500 of the one at 0.6 ms and 300 of the other at 1.0 ms, on two cores.
    let wanted = (1500.0 * 0.0006 + 300.0 * 0.001) / 2.0;
    assert!((busy(phase, Kind::Cores) / wanted - 1.0).abs() < 0.02, "{}", busy(phase, Kind::Cores));
    let view = operation(phase, "viewProduct").quantiles[0].unwrap().value;
    assert!(view > 0.0014 && view < 0.0022, "{view}");
    let used = |what: &str| {
        let found = answer.times.iter().find(|of| of.name == "payments.addCard" && of.what == what);
        found.unwrap().clone()
    };
    assert!((used("store").mean - 0.002).abs() < 1e-9 && used("store").measured.is_some());
    assert!(answer.times.iter().any(|of| of.measured.is_none()), "the others are the table's");
}

/// What a read took in a store within the process is work, none of it a wait for the network: a
/// prediction of what was measured, at little load, is what was measured.
#[test]
fn a_read_within_the_process_is_predicted_to_take_what_it_took() {
    let design = shop();
    let fit = |mean: f64| Fit {
        shape: Shape::Constant(mean),
        count: 1000,
        mean: (mean, mean),
        p95: (mean, mean),
        mean_alone: false,
        mean_error: None,
        errors: Vec::new(),
    };
    let view = "catalog.viewProduct".to_owned();
    let times = OperationTimes {
        requests: 1000,
        application: Some(fit(0.0003)),
        store: Some(fit(0.0015)),
        busy: None,
        besides: None,
        kept: None,
    };
    let mut measured =
        Measured { whole: true, system: Some("sqlite".to_owned()), ..Measured::default() };
    measured.operations.insert(view.clone(), times);
    let server = OneServer {
        store: simulate::design::StoreHere::Embedded,
        switch: 0.0,
        commit: None,
        stalls: None,
        cores: 2,
        connections: 8,
        setup: 0.0,
        client: 0.0,
        client_setup: 0.0,
        client_cores: None,
        rates: Some([(view, 5.0)].into_iter().collect()),
    };
    let question = Question { measured, server: Some(server), ..question(Vec::new()) };
    let answer = asked(&design, &question, 20, 2);
    let took = operation(&answer.phases[0], "viewProduct").quantiles[0].unwrap().value;
    assert!((took / 0.0018 - 1.0).abs() < 0.05, "{took}");
}

/// The interactive response law: clients who think and wait are asked for as often as both allow.
#[test]
fn so_many_clients_ask_as_often_as_they_think_and_wait() {
    let design = shop();
    let closed = Some(simulate::design::Closed { clients: 500, think: 1.0 });
    let question = Question { closed, ..question(Vec::new()) };
    let compiled = compile(&design, &question, 0.0).unwrap();
    let plan = Plan { replications: 4, duration: Some(20 * SECOND), ..Plan::default() };
    let report = simulate(&compiled.network, &plan, |_| ()).unwrap();
    let window = &report.windows[0];
    let at = compiled.operations.iter().position(|of| of.name == "viewProduct").unwrap();
    let (of, source) = (&compiled.operations[at], &window.sources[at]);
    let all: f64 = compiled.operations.iter().filter(|of| of.clients).map(|of| of.rate).sum();
    let clients = (500.0 * of.rate / all).round();
    let wanted = clients / (1.0 + source.latency.unwrap().value);
    assert!(
        (source.goodput.value / wanted - 1.0).abs() < 0.02,
        "{} {wanted}",
        source.goodput.value
    );
}
