//! Objectives that externals use up: alone, one after the other, and where something else is
//! answered instead.

use crate::pages::{findings, show};

fn model(latency: &str, effects: &str) -> String {
    format!(
        "firmitas: 1
system: {{ name: Example }}
actors:
  clerk: {{ auth: user }}
contexts:
  sales:
    entities: {{ Offer: {{ rows: 1k, fields: {{ note: string, tax: int readonly, fee: int readonly }} }} }}
    operations:
      offer:
        create: Offer
        by: [clerk]
        input: [note]
        rate: 1/min
        latency: {latency}
        do:
{effects}
      offers: {{ list: Offer, by: [clerk], rate: 1/min }}
externals:
  taxes:
    availability: 99.9%
    limit: 100/s
    operations:
      rate: {{ safe: true, output: {{ percent: int(0..100) }}, latency: p50 80ms p95 300ms p99 900ms, idempotent: true }}
      fee: {{ safe: true, output: {{ amount: int(0..100) }}, latency: p50 150ms, idempotent: true }}
"
    )
}

const BOTH: &str = "          - { call: taxes.rate, as: t, else: no-tax }
          - { call: taxes.fee, as: f, else: no-fee }
          - { set: { tax: t.percent, fee: f.amount } }";

fn found(latency: &str, effects: &str) -> String {
    let (sources, found) = findings(model(latency, effects));
    let (found, _): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|finding| finding.id == "objective-below-floor");
    show(&sources, &found)
}

#[test]
fn an_external_that_alone_takes_longer_is_named_with_both_percentiles() {
    assert_eq!(
        found("p95 280ms", BOTH),
        "objective-below-floor at `{ call: taxes.rate, as: t, else: no-tax }`: `offer` is to give \
         95 % of its answers in 280 ms, but `taxes.rate` alone gives only 95 % within 300 ms"
    );
    assert_eq!(
        found("p95 500ms p99 800ms", BOTH),
        "objective-below-floor at `{ call: taxes.rate, as: t, else: no-tax }`: `offer` is to give \
         99 % of its answers in 800 ms, but `taxes.rate` alone gives only 99 % within 900 ms"
    );
}

#[test]
fn medians_that_exceed_it_together_are_added_up() {
    let twice = "          - { call: taxes.fee, as: t, else: no-tax }
          - { call: taxes.fee, as: f, else: no-fee }
          - { set: { tax: t.amount, fee: f.amount } }";
    assert_eq!(
        found("p95 200ms", twice),
        "objective-below-floor at `offer`: `offer` is to answer in 200 ms, but its externals take \
         300 ms in half of all cases"
    );
}

#[test]
fn what_can_be_kept_or_given_up_in_time_is_not_reported() {
    assert_eq!(found("p95 310ms p99 1s", BOTH), "");
    let replaced = "          - { call: taxes.rate, as: t, else: no-tax, fallback: [{ set: { tax: 0, fee: 0 } }] }
          - { set: { tax: t.percent, fee: 0 } }";
    assert_eq!(found("p95 200ms", replaced), "");
}
