//! Events on their way to those who follow them: how busy workers are, how long events wait, and
//! what happens where they cannot be handled.

use decide::{delivery, numbers};
use simulate::design::{Disturbance, Happening, Kind, Phase, ResourceAnswer};
use simulate::run::Failure;

use crate::designs::{asked, operation, question, shop, shop_with};

fn workers<'p>(phase: &'p Phase, of: &str) -> &'p ResourceAnswer {
    let named = |found: &&ResourceAnswer| found.kind == Kind::Workers && found.name.contains(of);
    phase.resources.iter().find(named).unwrap()
}

#[test]
fn workers_are_as_busy_as_their_events_take() {
    let design = shop();
    let placed = delivery::of(&design);
    let placed = placed.iter().find(|of| of.groups.iter().any(|group| group.name == "checkout"));
    let placed = placed.unwrap();
    let answer = asked(&design, &question(Vec::new()), 60, 2);
    let phase = &answer.phases[0];
    let workers = workers(phase, "checkout");
    assert_eq!(workers.servers, Some(placed.partitions));
    let wanted = placed.peak * placed.handler / f64::from(placed.partitions);
    let busy = workers.utilisation.unwrap();
    assert!((busy / wanted - 1.0).abs() < 0.05, "{busy} for {wanted}");
    // Nobody waits long at this load, and everything arrives.
    assert!(workers.waiting < 0.5, "{workers:?}");
    assert!(operation(phase, "flow checkout").failed.value < 0.01);
}

/// A view that follows an event has nothing but its worker, so that its lag is known.
#[test]
fn a_view_lags_by_the_relay_and_its_worker() {
    let view = "    views:
      placements: { from: OrderPlaced, group: [event.order], fields: { order: event.order, times: count() }, stale: 10min }
";
    let payments = "\n  payments:\n";
    let design = shop_with(payments, &format!("{view}{payments}"));
    let all = delivery::of(&design);
    let followed = all.iter().find(|of| of.groups.iter().any(|group| group.name == "placements"));
    let followed = followed.unwrap();
    let answer = asked(&design, &question(Vec::new()), 60, 2);
    let lag = operation(&answer.phases[0], "event OrderPlaced -> placements");
    let half = lag.quantiles[0].unwrap().value;
    let relay = design.facts().value(&numbers::RELAY_WAIT) / 1e3;
    // Half of the relay's interval and what a worker takes: less than both in full.
    assert!(half > relay / 2.0 && half < relay + followed.handler, "{half}");
    assert!((lag.offered.value / followed.peak - 1.0).abs() < 0.05);
}

#[test]
fn events_that_cannot_be_handled_hold_up_those_behind_them_and_are_set_aside() {
    let design = shop();
    let down = Happening::Failing("checkout".to_owned(), 1.0);
    let down = Disturbance { what: down, from: 20.0, until: Some(80.0) };
    let answer = asked(&design, &question(vec![down]), 200, 2);
    let [before, during, after] = answer.phases.as_slice() else { panic!("{answer:?}") };
    assert!(workers(before, "checkout").waiting < 0.5);
    assert!(workers(during, "checkout").waiting > 100.0, "{:?}", workers(during, "checkout"));
    let checkout = operation(during, "flow checkout");
    assert!(checkout.goodput.value < 0.1 * checkout.offered.value, "{checkout:?}");
    assert!(checkout.failures.iter().any(|(why, _)| *why == Failure::Error), "{checkout:?}");
    // They go on where they stopped.
    let late = operation(after, "flow checkout");
    assert!(late.goodput.value > late.offered.value, "{late:?}");
    // Who placed the order does not notice.
    assert!(operation(during, "placeOrder").failed.value < 0.01);
}
