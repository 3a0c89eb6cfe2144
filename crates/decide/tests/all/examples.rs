//! What is decided about the examples: one line for each verdict.

use crate::text::{RIDES, SHOP, decided, parameter, verdict};

/// Families whose verdicts are pinned whole.
const PINNED: [&str; 6] = ["boundary", "link", "resilience", "saga", "service", "style"];

fn pinned(text: &str) -> Vec<String> {
    let verdicts = decided(text);
    let pinned = verdicts.iter().filter(|verdict| PINNED.contains(&verdict.family));
    pinned.map(|verdict| format!("{}: {}", verdict.id(), verdict.choice)).collect()
}

/// Operations whose objectives are watched by the day alone.
fn tickets(text: &str) -> Vec<String> {
    let verdicts = decided(text).into_iter().filter(|verdict| verdict.family == "slo");
    verdicts.filter(|verdict| verdict.choice == "ticket").map(|verdict| verdict.subject).collect()
}

#[test]
fn shop() {
    let expected = [
        "style.system: modular-monolith",
        "boundary.catalog: keep",
        "boundary.identity: keep",
        "boundary.inventory: keep",
        "boundary.ordering: keep",
        "boundary.payments: keep",
        "service.catalog: shared",
        "service.identity: shared",
        "service.inventory: shared",
        "service.ordering: shared",
        "service.payments: shared",
        "link.inventory->catalog: in-process",
        "link.ordering->catalog: in-process",
        "link.ordering->inventory: in-process",
        "link.ordering->payments: in-process",
        "saga.cancellation: orchestration",
        "saga.checkout: orchestration",
        "saga.fulfilment: transaction",
        "resilience.charge->cardProcessor.charge: breaker",
        "resilience.refund->cardProcessor.refund: breaker",
    ];
    assert_eq!(pinned(SHOP), expected);
}

#[test]
fn rides() {
    let expected = [
        "style.system: monolith",
        "boundary.drivers: split",
        "boundary.riders: split",
        "boundary.rides: split",
        "boundary.trips: split",
        "service.rides: shared",
        "saga.settlement: orchestration",
        "resilience.chargeTrip->processor.capture: breaker",
        "resilience.quoteFare->maps.route: breaker",
        "resilience.refundCharge->processor.refund: retry",
    ];
    assert_eq!(pinned(RIDES), expected);
}

#[test]
fn what_is_rare_in_the_shop_is_watched_by_the_day() {
    let expected = [
        "addCard",
        "addCategory",
        "addProduct",
        "cancelOrder",
        "changePrice",
        "closeAccount",
        "editProduct",
        "refund",
        "register",
        "removeCard",
        "watchOrder",
    ];
    assert_eq!(tickets(SHOP), expected);
    assert_eq!(tickets(RIDES), [""; 0]);
}

#[test]
fn rides_gets_contexts_proposed() {
    let verdicts = decided(RIDES);
    let entities = |id| parameter(verdict(&verdicts, id), "entities");
    assert_eq!(entities("boundary.riders"), "FareQuote, Rider");
    assert_eq!(entities("boundary.drivers"), "Driver, DriverLocation, Payout, Vehicle");
    assert_eq!(entities("boundary.trips"), "Charge, PaymentMethod, Trip");
    let trips = verdict(&verdicts, "boundary.trips");
    let cut = parameter(trips, "cut from riders");
    assert!(cut.contains("Trip.rider refers to Rider: no foreign key"), "{cut}");
    assert!(trips.drivers.iter().any(|driver| driver.fact.contains("chargeTrip")));
}
