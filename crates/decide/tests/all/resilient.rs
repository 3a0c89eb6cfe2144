//! How callers stand what they call.

use decide::design::Verdict;

use crate::text::{SHOP, decided, parameter, verdict};

/// Something that is paid by a card processor; by default as if that were a lookup, which somebody
/// waits for.
fn pay(filled: &[(&str, &str)]) -> Verdict {
    let text = "
firmitas: 1
system: { name: Dues, summary: Dues and who pays them., needs: { availability: 99.95% } }
actors: { clerk: { auth: user } }
contexts:
  dues:
    entities: { Due: { rows: 1k, fields: { paid: bool = false readonly } } }
    operations:
      pay:
        create: Due
        by: [clerk]
        input: []
        do:
          - set: { paid: false }
          - call: bank.pay
        rate: RATE
        latency: p95 OBJECTIVE
externals:
  bank:
    limit: LIMIT
    operations: { pay: { latency: TIMES, idempotent: REPEATED } }
";
    let defaults = [
        ("RATE", "40/s"),
        ("OBJECTIVE", "1500ms"),
        ("LIMIT", "500/s"),
        ("REPEATED", "true, safe: true"),
        ("TIMES", "p50 180ms p99 900ms"),
    ];
    let all = filled.iter().chain(&defaults);
    let text = all.fold(text.to_owned(), |text, (place, value)| text.replace(place, value));
    verdict(&decided(&text), "resilience.pay->bank.pay").clone()
}

#[test]
fn the_numbers_follow_from_the_percentiles() {
    // sigma = ln(900/180)/2.3263 = 0.6918; the 99.9th percentile is 180 ms x e^(3.0902 sigma).
    let pay = pay(&[]);
    assert_eq!(pay.choice, "breaker");
    assert_eq!(parameter(&pay, "timeout"), "1.53 s");
    assert_eq!(parameter(&pay, "good answers cut off"), "0.1 %");
    assert_eq!(parameter(&pay, "attempts"), "3");
    // Twice 40 within reach, of 0.2287 s: 18.3 Erlangs, of which 37 places turn less than 5e-5 away
    // (Erlang B).
    assert_eq!(parameter(&pay, "bulkhead"), "37 calls at once in each process");
    assert_eq!(parameter(&pay, "outbound limit"), "450/s over all replicas");
    assert_eq!(parameter(&pay, "backoff"), "100 ms, doubled up to 1.88 s, full jitter");
    assert_eq!(parameter(&pay, "retry budget"), "10 % of its calls");
}

#[test]
fn what_may_not_be_repeated_gets_more_time_instead() {
    let pay = pay(&[("REPEATED", "false")]);
    assert_eq!(parameter(&pay, "attempts"), "1");
    // 1 - 0.1 x 0.0005: 180 ms x e^(3.8906 sigma).
    assert_eq!(parameter(&pay, "timeout"), "2.66 s");
    assert_eq!(parameter(&pay, "good answers cut off"), "0.005 %");
}

#[test]
fn retries_fit_the_deadline() {
    let attempts = |objective| parameter(&pay(&[("OBJECTIVE", objective)]), "attempts");
    // Two attempts: 1.527 s, a wait of 0.1 s, 0.18 s; three: 2 x 1.527 s, 0.3 s, 0.18 s.
    assert_eq!(attempts("361ms"), "1");
    assert_eq!(attempts("362ms"), "2");
    assert_eq!(attempts("706ms"), "2");
    assert_eq!(attempts("707ms"), "3");
}

#[test]
fn a_deadline_is_five_times_the_objective_within_bounds() {
    // Waits before a retry go up to a quarter of it.
    let cap = |objective| parameter(&pay(&[("OBJECTIVE", objective)]), "backoff");
    assert!(cap("1999ms").contains("up to 2.5 s"), "{}", cap("1999ms"));
    assert!(cap("1000ms").contains("up to 1.25 s"));
    assert!(cap("3s").contains("up to 2.5 s"));
    let deadline = |objective| {
        let pay = pay(&[("OBJECTIVE", objective)]);
        let told = pay.drivers.into_iter().find(|driver| driver.fact.starts_with("objective"));
        told.unwrap().weight
    };
    assert_eq!(deadline("199ms"), "its deadline is 1 s");
    assert_eq!(deadline("202ms"), "its deadline is 1.01 s");
    assert_eq!(deadline("1990ms"), "its deadline is 9.95 s");
    assert_eq!(deadline("2010ms"), "its deadline is 10 s");
}

#[test]
fn a_timeout_keeps_to_the_deadline() {
    let pay = pay(&[("OBJECTIVE", "100ms")]);
    assert_eq!(parameter(&pay, "timeout"), "1 s");
    assert_eq!(parameter(&pay, "attempts"), "1");
    let late = |verdict: &Verdict| verdict.drivers.iter().any(|of| of.fact.contains("too late"));
    assert!(late(&pay));
    assert!(!late(&self::pay(&[])));
}

#[test]
fn a_breaker_opens_where_calls_that_hang_would_fill_the_bulkhead() {
    let of = |rate| {
        let pay = pay(&[("RATE", rate)]);
        (pay.choice, parameter(&pay, "bulkhead"))
    };
    // At 2.619 a second, twice that within reach, 7.997 calls hang; 8 places turn less than 5e-5 of
    // 1.2 Erlangs away.
    assert_eq!(of("2.619/s"), ("retry", "8 calls at once in each process".into()));
    assert_eq!(of("2.622/s"), ("breaker", "8 calls at once in each process".into()));
}

#[test]
fn a_breaker_needs_twenty_calls_in_ten_seconds_to_see_a_share() {
    let slow = [("TIMES", "p50 180ms p99 3s"), ("OBJECTIVE", "3s")];
    let breaker = |rate| parameter(&pay(&[("RATE", rate), slow[0], slow[1]]), "breaker");
    assert!(breaker("1.99/s").contains("5 failures in a row"));
    assert!(breaker("2/s").contains("50 % of at least 20 calls in 10 s"));
}

#[test]
fn the_limit_of_an_external_is_what_arrives_there() {
    let weight = |limit| {
        let pay = pay(&[("LIMIT", limit)]);
        let limit = pay.drivers.into_iter().find(|driver| driver.fact.starts_with("limit"));
        limit.unwrap().weight
    };
    // 40 a second, three attempts each.
    assert!(weight("119/s").starts_with("retries of everything would exceed it"));
    assert!(weight("120/s").ends_with("still be within it"));
    // No more than 10 a second get through: L = 2.287.
    assert_eq!(
        parameter(&pay(&[("LIMIT", "10/s")]), "bulkhead"),
        "11 calls at once in each process"
    );
}

#[test]
fn the_shop_charges_cards_with_care() {
    let verdicts = decided(SHOP);
    let charge = verdict(&verdicts, "resilience.charge->cardProcessor.charge");
    assert_eq!(charge.choice, "breaker");
    // Ten times 40 a second within reach, of 229 ms each.
    assert_eq!(parameter(charge, "bulkhead"), "129 calls at once in each process");
    assert!(charge.drivers.iter().any(|driver| driver.provenance.span().is_some()));
}

/// What is written down first is tried until it is done: its caller's deadline cuts nothing off.
#[test]
fn a_durable_call_has_time_and_is_tried_until_it_is_done() {
    let durable = |more: &[(&str, &str)]| {
        let mut all = vec![("REPEATED", "true")];
        all.extend(more);
        pay(&all)
    };
    for objective in ["100ms", "1500ms"] {
        let pay = durable(&[("OBJECTIVE", objective)]);
        assert_eq!(parameter(&pay, "timeout"), "1.53 s", "{objective}");
        assert_eq!(parameter(&pay, "attempts"), "3 at once, then until it is done");
        assert!(parameter(&pay, "backoff").starts_with("100 ms, doubled up to "));
        assert!(parameter(&pay, "put back").starts_with("after 3, until a look every 1 s"));
        assert!(parameter(&pay, "the caller is told").starts_with("202 after 90 %"));
        assert_eq!(parameter(&pay, "bulkhead"), "37 calls at once in each process");
        assert!(pay.parameters.iter().all(|(name, _)| name != "retry budget"));
    }
    // Never less than a second, however fast the callee is.
    assert_eq!(parameter(&durable(&[("TIMES", "p50 5ms p99 20ms")]), "timeout"), "1 s");
    let once = pay(&[("REPEATED", "false"), ("OBJECTIVE", "100ms")]);
    assert_eq!(
        parameter(&once, "timeout"),
        "2.66 s",
        "nothing is cut off that may not be repeated"
    );
    assert_eq!(parameter(&once, "where it may have been done"), "an operator decides");
}
