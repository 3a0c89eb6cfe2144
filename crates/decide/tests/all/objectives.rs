//! What is promised of operations, and which alerts there are.

use decide::design::Verdict;

use crate::text::{decided, parameter, verdict};

fn slo_of(needs: &str, rates: (&str, &str)) -> Verdict {
    let text = format!(
        "
firmitas: 1
system: {{ name: Notes, summary: Notes., needs: {{ {needs} }} }}
actors: {{ clerk: {{ auth: user }} }}
contexts:
  notes:
    entities: {{ Note: {{ rows: 1k, fields: {{ text: string(1..9) }} }} }}
    operations:
      add: {{ create: Note, by: [clerk], input: [text], rate: {} }}
      notes: {{ list: Note, by: [clerk], rate: {} }}
",
        rates.0, rates.1
    );
    verdict(&decided(&text), "slo.add").clone()
}

fn counted(needs: &str, rates: (&str, &str)) -> (String, &'static str) {
    let verdict = slo_of(needs, rates);
    (parameter(&verdict, "counted"), verdict.choice)
}

const STRICT: &str = "availability: 99.95%, latency: p95 200ms";

#[test]
fn ten_bad_requests_in_an_hour_are_counted_alone() {
    // 10 / (3600 s x 14.4 x 0.0005) = 0.3858 a second.
    assert_eq!(counted(STRICT, ("0.386/s", "0.001/s")).0, "alone");
    assert_eq!(counted(STRICT, ("0.385/s", "0.001/s")).0, "with the rare operations of notes");
}

#[test]
fn rare_operations_are_counted_together_then_with_probes_then_by_the_day() {
    let with_probes = "with the rare operations of notes, and a probe every 10 s";
    // Together 0.386 is enough; 0.1 a second comes from probes.
    assert_eq!(counted(STRICT, ("0.1/s", "0.2859/s")).0, "with the rare operations of notes");
    assert_eq!(counted(STRICT, ("0.1/s", "0.2857/s")).0, with_probes);
    assert_eq!(counted(STRICT, ("0.1/s", "0.1859/s")), (with_probes.into(), "burn-rate"));
    assert_eq!(counted(STRICT, ("0.1/s", "0.1857/s")), ("by the day".into(), "ticket"));
    let verdict = slo_of(STRICT, ("0.001/s", "0.001/s"));
    assert_eq!(parameter(&verdict, "ticket"), "3 failures in a day");
}

#[test]
fn what_is_frequent_enough_alone_lends_nothing_to_the_rare() {
    assert_eq!(counted(STRICT, ("0.01/s", "100/s")).1, "ticket");
}

#[test]
fn thresholds_are_burn_rate_times_budget() {
    let verdict = slo_of(STRICT, ("10/s", "1/s"));
    assert_eq!(parameter(&verdict, "answered"), "99.95 %");
    assert_eq!(parameter(&verdict, "fast"), "95 % within 200ms");
    let page = parameter(&verdict, "page at 14.4x");
    assert_eq!(page, "more than 0.72 % failed or 72 % slow over 1 h and 5 min");
    let page = parameter(&verdict, "page at 6x");
    assert_eq!(page, "more than 0.3 % failed or 30 % slow over 6 h and 30 min");
    let ticket = parameter(&verdict, "ticket at 1x");
    assert_eq!(ticket, "more than 0.05 % failed or 5 % slow over 3 d and 6 h");
}

#[test]
fn a_threshold_that_nothing_can_exceed_is_left_out() {
    let page = |latency: &str| {
        let needs = format!("availability: 99.95%, latency: {latency} 200ms");
        parameter(&slo_of(&needs, ("10/s", "1/s")), "page at 14.4x")
    };
    // 14.4 times 5 % is 72 %, times 10 % is 144 %.
    assert!(page("p95").contains("slow"));
    assert!(!page("p90").contains("slow"));
    let failed = |availability: &str| {
        let needs = format!("availability: {availability}, latency: p95 200ms");
        parameter(&slo_of(&needs, ("10/s", "1/s")), "page at 14.4x").contains("failed")
    };
    assert!(failed("93.06%"));
    assert!(!failed("93.05%"));
}
