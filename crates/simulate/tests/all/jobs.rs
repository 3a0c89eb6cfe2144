//! Operations that are `async`: the client waits for no more than that its work is accepted.

use simulate::design::{Disturbance, Happening, Kind};

use crate::designs::{asked, operation, question, shop, shop_with};

const ACT: &str = "changePrice: { act: Product,";
const LATER: &str = "changePrice: { async: true, act: Product,";

#[test]
fn a_client_waits_for_the_acceptance_and_the_work_is_done_later() {
    let (plain, later) = (shop(), shop_with(ACT, LATER));
    let at_once = asked(&plain, &question(Vec::new()), 100, 2);
    let answer = asked(&later, &question(Vec::new()), 100, 2);
    let phase = &answer.phases[0];
    let accepted = operation(phase, "changePrice");
    let median = |of: &simulate::design::OperationAnswer| of.quantiles[0].unwrap().value;
    let usual = median(operation(&at_once.phases[0], "changePrice"));
    assert!((median(accepted) / usual - 1.0).abs() < 0.2, "one write: {accepted:?} for {usual}");
    // Somebody looks for due jobs once a second: half of it in the mean, and then the work.
    let work = operation(phase, "work of changePrice");
    assert!((work.goodput.value / accepted.goodput.value - 1.0).abs() < 0.15, "{work:?}");
    assert!((median(work) - 0.5 - usual).abs() < 0.1, "{work:?}");
    assert!(operation(phase, "work of changePrice").sum_of_p99.unwrap() > 0.99);
    let workers = phase.resources.iter().find(|of| of.name == "workers of changePrice").unwrap();
    assert_eq!((workers.kind, workers.deepest), (Kind::Workers, Some(0)));
}

#[test]
fn work_that_was_accepted_is_done_when_its_store_is_back() {
    let later = shop_with(ACT, LATER);
    let down = Happening::Down("store.catalog".to_owned());
    let down = Disturbance { what: down, from: 20.0, until: Some(25.0) };
    let answer = asked(&later, &question(vec![down]), 120, 2);
    let (accepted, worked) = answer.phases.iter().fold((0.0, 0.0), |(accepted, worked), phase| {
        let seconds = phase.to - phase.from;
        let done = |name: &str| operation(phase, name).goodput.value * seconds;
        (accepted + done("changePrice"), worked + done("work of changePrice"))
    });
    // Its rate is its own, whatever was accepted: what came meanwhile is worked off as well.
    assert!(worked >= 0.95 * accepted, "{worked} of {accepted}");
    let failed: f64 =
        answer.phases.iter().map(|of| operation(of, "work of changePrice").failed.value).sum();
    assert!(failed < 1e-9, "{failed}");
}
