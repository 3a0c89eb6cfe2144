//! What is decided about the examples: one line for each verdict.

use crate::text::{RIDES, SHOP, decided};

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
        "resilience.refund->cardProcessor.refund: timeout",
    ];
    assert_eq!(pinned(SHOP), expected);
}

#[test]
fn rides() {
    let expected = [
        "style.system: monolith",
        "service.rides: shared",
        "saga.settlement: orchestration",
        "resilience.chargeTrip->processor.capture: breaker",
        "resilience.quoteFare->maps.route: breaker",
        "resilience.refundCharge->processor.refund: timeout",
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
        "register",
        "removeCard",
        "watchOrder",
    ];
    assert_eq!(tickets(SHOP), expected);
    assert_eq!(tickets(RIDES), [""; 0]);
}
