//! Every short form refuses what it does not mean, and underlines exactly that.

use crate::expect::{lines, source, with_header};

/// `key: value` of an entity, operation, actor or the needs: the diagnostic's id and place.
#[track_caller]
fn refused(place: &str, cases: &[(&str, &str, &str)]) {
    for (value, id, underlined) in cases {
        let text = with_header(&place.replace("VALUE", value));
        let (sources, root) = source(&text);
        let (_, diagnostics) = model::syntax::parse(&sources, root);
        assert_eq!(lines(&sources, &diagnostics), [format!("{id} {underlined:?}")], "{text}");
        let help = diagnostics[0].help.as_deref().unwrap_or("");
        assert!(!help.is_empty(), "no help for {value}");
    }
}

const ENTITY: &str = "entities:\n  Thing:\n    VALUE\n";
const FIELD: &str = "entities:\n  Thing:\n    fields:\n      a: VALUE\n";
const OPERATION: &str = "operations:\n  look:\n    list: Thing\n    by: [visitor]\n    VALUE\n";
const NEEDS: &str = "contexts:\n  shop:\n    needs:\n      VALUE\n";

#[test]
fn volumes() {
    refused(
        ENTITY,
        &[
            ("rows: many", "vague-number", "many"),
            ("rows: 5 million", "unexpected-text", "million"),
            ("rows: 5m", "bad-unit", "m"),
            ("rows: 5k + 60k", "missing-unit", "60k"),
            ("rows: 5k + 60k/m", "bad-unit", "m"),
            ("rows: 5k + 60k/moth", "bad-unit", "moth"),
            ("rows: 60k/month", "missing-number", "60k"),
            ("rows: 3 per order-line!", "unexpected-text", "!"),
            ("rows: -5", "missing-number", "-5"),
            ("rows: 9_000_000G", "implausible-number", "9_000_000G"),
            ("rows: 99999999999999999999999G", "implausible-number", "99999999999999999999999G"),
        ],
    );
}

#[test]
fn rates() {
    refused(
        OPERATION,
        &[
            ("rate: fast", "vague-number", "fast"),
            ("rate: 5", "missing-unit", "5"),
            ("rate: 5/sec", "bad-unit", "sec"),
            ("rate: 5 / s", "missing-unit", "5"),
            ("rate: 5/s peak 1/s", "peak-below-mean", "1/s"),
            ("rate: 5/s peak high", "vague-number", "high"),
            ("rate: 5/s in 40h", "bad-unit", "40h"),
            ("rate: 5/s in 400h/week", "implausible-number", "400"),
            ("rate: 5k open x 3", "missing-unit", "3"),
            ("rate: 5k open fan-out many", "vague-number", "many"),
            ("rate: 5G/s", "implausible-number", "5G/s"),
            ("rate: 5/s and more", "unexpected-text", "and more"),
        ],
    );
}

#[test]
fn durations() {
    refused(
        OPERATION,
        &[
            ("stale: soon", "vague-number", "soon"),
            ("stale: 5", "missing-unit", "5"),
            ("stale: 5m", "bad-unit", "m"),
            ("stale: 5 min", "bad-unit", "5 min"),
            ("stale: 5days", "bad-unit", "days"),
            ("stale: 0s", "implausible-number", "0s"),
            ("stale: 2y", "implausible-number", "2y"),
            ("reauth: 5mins", "bad-unit", "mins"),
        ],
    );
    refused(ENTITY, &[("retain: 200y", "implausible-number", "200y")]);
}

#[test]
fn latencies() {
    refused(
        OPERATION,
        &[
            ("latency: fast", "vague-number", "fast"),
            ("latency: 200ms", "missing-percentile", "200ms"),
            ("latency: p95 200", "missing-unit", "200"),
            ("latency: p95", "missing-number", ""),
            ("latency: p94 200ms", "bad-percentile", "p94"),
            ("latency: p99 1s p95 2s", "falling-percentiles", "p95 2s"),
            ("latency: p95 2s p99 1s", "falling-percentiles", "p99 1s"),
            ("latency: p95 2h", "implausible-number", "2h"),
        ],
    );
}

#[test]
fn sizes_pages_and_batches() {
    refused(
        OPERATION,
        &[
            ("payload: small", "vague-number", "small"),
            ("payload: 5", "missing-unit", "5"),
            ("payload: 5kb", "bad-unit", "kb"),
            ("payload: 0B", "implausible-number", "0B"),
            ("page: 1.5", "implausible-number", "1.5"),
            ("page: 20rows", "bad-unit", "rows"),
        ],
    );
    refused(
        &OPERATION.replace("list", "act"),
        &[
            ("batch: 10 in 20..30", "implausible-number", "10"),
            ("batch: 1..", "implausible-number", "1.."),
            ("batch: 5..1", "empty-range", "5..1"),
        ],
    );
}

#[test]
fn shares_factors_and_prices() {
    refused(
        NEEDS,
        &[
            ("availability: high", "vague-number", "high"),
            ("availability: 99.9", "missing-unit", "99.9"),
            ("availability: 100%", "implausible-number", "100"),
            ("availability: 5%", "implausible-number", "5"),
            ("growth: 80%", "missing-unit", "80%"),
            ("growth: 80%/yr", "bad-unit", "yr"),
            ("headroom: 10", "missing-unit", "10"),
            ("headroom: 0.5x", "implausible-number", "0.5"),
            ("budget: 4000", "missing-unit", "4000"),
            ("budget: 4000 euro/month", "bad-unit", "euro"),
            ("budget: 4000 EUR/moon", "bad-unit", "moon"),
            ("concurrent_users: lots", "vague-number", "lots"),
            ("concurrent_users: 50k/s", "unexpected-text", "/s"),
            ("assurance: L4", "unknown-word", "L4"),
        ],
    );
}

#[test]
fn retentions_and_skews() {
    refused(
        ENTITY,
        &[
            ("retain: forever", "vague-number", "forever"),
            ("retain: 2y after", "unexpected-text", ""),
            ("retain: 2y then anonymize", "unknown-word", "anonymize"),
            ("retain: 2y before x", "unexpected-text", "before x"),
            ("skew: zipf", "missing-number", ""),
            ("skew: zipf 9", "implausible-number", "9"),
            ("skew: hot 9", "missing-unit", "9"),
            ("skew: high", "unexpected-text", "high"),
            ("audit: { retain: 6y }", "missing-key", "audit"),
            ("audit: { reads, retain: 6y }", "unknown-key", "reads"),
        ]
        .into_iter()
        .filter(|case| case.0 != "audit: { reads, retain: 6y }")
        .collect::<Vec<_>>(),
    );
}

#[test]
fn fields() {
    refused(
        FIELD,
        &[
            ("strin", "unknown-type", "strin"),
            ("integer", "unknown-type", "integer"),
            ("string uniqe", "unknown-modifier", "uniqe"),
            ("string (1..2)", "unknown-modifier", "(1..2)"),
            ("string(1..2 search", "unexpected-text", "search"),
            ("string(5..1)", "empty-range", "5..1"),
            ("string(..)", "missing-number", ".."),
            ("string(0..99M)", "implausible-number", "(0..99M)"),
            ("string = 'open", "unclosed-quote", "'open"),
            ("string pii pii", "duplicate-modifier", "pii"),
            ("string sequence(", "unexpected-text", ""),
            ("int sequence", "bad-type", "sequence"),
            ("int(0.5..)", "implausible-number", "0.5"),
            ("int = 5s", "bad-unit", "s"),
            ("decimal", "bad-type", "decimal"),
            ("decimal(19,2)", "bad-type", "decimal(19,2)"),
            ("decimal(2,3)", "bad-type", "decimal(2,3)"),
            ("decimal(3)", "unexpected-text", ")"),
            ("file", "bad-type", "file"),
            ("file(..5)", "missing-unit", "5"),
            ("enum", "bad-type", "enum"),
            ("enum(a b)", "unexpected-text", "b)"),
            ("list", "bad-type", "list"),
            ("list(strin)", "unknown-type", "strin"),
            ("email(5)", "bad-type", "(5)"),
            ("Order(5)", "bad-type", "(5)"),
            ("snapshot", "bad-type", "snapshot"),
            ("catalog.", "unexpected-text", ""),
            ("5", "unexpected-text", "5"),
        ],
    );
    let nested = format!("{}string{}", "list(".repeat(1000), ")".repeat(1000));
    refused(FIELD, &[(&nested, "too-deep", "list")]);
}

#[test]
fn long_fields() {
    refused(
        FIELD,
        &[
            ("{ typ: string, type: string }", "unknown-key", "typ"),
            ("{ doc: x }", "missing-key", "a"),
            ("{ type: list }", "missing-key", "a"),
        ],
    );
}

#[test]
fn schedules_and_windows() {
    let schedule = "schedules:\n  nightly:\n    call: a.b\n    VALUE\n";
    refused(
        schedule,
        &[
            ("every: often", "vague-number", "often"),
            ("every: 1d at 2:00", "bad-time", "2:00"),
            ("every: month at 24:00", "bad-time", "24:00"),
            ("every: 5min at 02:00", "unexpected-text", "5min"),
        ],
    );
    let view = "views:\n  busy:\n    from: Order\n    fields: { n: count() }\n    VALUE\n";
    refused(view, &[("window: 5min", "unexpected-text", "")]);
    let decision = "decisions:\n  cache: { choose: none, because: x, until: VALUE }\n";
    refused(decision, &[("soon", "bad-date", "soon"), ("2026-13-01", "bad-date", "2026-13-01")]);
    let tenancy = "contexts: {}\n".to_owned() + "actors:\n  a: { auth: user, tenants: VALUE }\n";
    refused(&tenancy, &[("some", "unknown-word", "some")]);
}
