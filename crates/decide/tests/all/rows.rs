//! What is decided about rows and fields by what they hold, and what no table or row takes.

use std::sync::Arc;

use decide::numbers::{self, Numbers};

use crate::text::{choice, decided, loaded, parameter, verdict};

/// Cards that clerks write; words in capitals are filled in.
const CARDS: &str = "
firmitas: 1
system:
  name: Cards
  summary: Cards.
  needs: { headroom: 10x, growth: 0%/year, NEEDS }
actors:
  clerk: { auth: user, is: cards.Clerk }
contexts:
  cards:
    entities:
      Clerk: { rows: 1k, fields: { name: string(1..9) } }
      Card: { rows: ROWS, ENTITY fields: { FIELD: string(1..40) MARK, count_of: int(0..1000) = 0 readonly, owner: Clerk? readonly } }
    operations:
      join: { create: Clerk, by: [clerk], input: [name], rate: 1/year }
      addCard: { create: Card, by: [clerk], input: [FIELD], rate: ADDS, do: [{ set: { owner: actor.id } }] }
      change: { act: Card, by: [clerk], do: [CHECK { set: { count_of: self.count_of + 1 } }], rate: CHANGES }
      cards: { list: Card, by: [clerk], rate: 1/s }
";

fn cards(filled: &[(&str, &str)]) -> String {
    let defaults = [
        (", NEEDS", ""),
        ("ROWS", "1k"),
        ("ENTITY", ""),
        ("FIELD", "text_of_it"),
        ("MARK", ""),
        ("ADDS", "1/day"),
        ("CHECK", ""),
        ("CHANGES", "1/day"),
    ];
    let all = filled.iter().chain(&defaults);
    all.fold(CARDS.to_owned(), |text, (place, value)| text.replace(place, value))
}

fn of(id: &str, filled: &[(&str, &str)]) -> &'static str {
    choice(&cards(filled), id)
}

/// Whether a conflict is found.
fn conflict(id: &str, filled: &[(&str, &str)]) -> bool {
    let (_, found) = decide::decide(Arc::new(loaded(&cards(filled))));
    found.iter().any(|found| found.id == id)
}

#[test]
fn a_row_is_too_hot_when_one_worker_cannot_write_it() {
    let with = |rate: &str, check: &str| {
        let filled = [("ENTITY", "skew: hot 100%,"), ("CHANGES", rate), ("CHECK", check)];
        (of("concurrency.Card", &filled), conflict("row-too-hot", &filled))
    };
    let check = "{ require: self.count_of < 999, else: too-many },";
    // 0.1 ms each in a transaction of many, ten times the peak: 600 a second take 60 % of the time.
    assert_eq!(with("599/s", check), ("queue", false));
    assert_eq!(with("601/s", check), ("queue", true));
    assert_eq!(with("601/s", ""), ("slots", false), "what only adds is spread");
}

#[test]
fn writers_spread_over_rows_by_the_law_of_zipf_unless_the_model_says_otherwise() {
    // Of 1,000 rows the first takes 1 of 1 + 2^-0.6 + .. + 1000^-0.6; 4 ms each, ten times the peak.
    let sum: f64 = (1..=1000).map(|rank| f64::from(rank).powf(-0.6)).sum();
    let rate = 0.6 * sum / (0.004 * 10.0);
    let with = |rate: f64, skew: &str| {
        let rate = format!("{rate:.3}/s");
        of("concurrency.Card", &[("CHANGES", rate.as_str()), ("ENTITY", skew)])
    };
    assert_eq!(with(rate * 0.998, ""), "row-lock");
    assert_eq!(with(rate * 1.002, ""), "slots");
    assert_eq!(with(rate * 1.002, "skew: zipf 0.5,"), "row-lock");
}

#[test]
fn a_table_with_a_unique_key_must_fit_on_one_server() {
    let with = |filled: &[(&str, &str)]| conflict("table-beyond-one-server", filled);
    // 200 bytes with indexes x 1.6: 12.5 G rows are 4 TB.
    let rows = |rows, mark| with(&[("ROWS", rows), ("MARK", mark)]);
    assert!(!rows("12.5G", "unique"));
    assert!(rows("12.501G", "unique"));
    assert!(!rows("12.501G", ""), "it is divided");
    // 85 % of eight times 10,000 writes a second, and ten times the peak.
    let writes = |rate, mark| with(&[("CHANGES", rate), ("MARK", mark)]);
    assert!(!writes("6799/s", "unique"));
    assert!(writes("6801/s", "unique"));
    assert!(!writes("6801/s", ""), "it is divided");
}

#[test]
fn a_partition_is_the_longest_period_that_is_small_enough_and_a_quarter_of_the_time() {
    let by = |rows: &str, retain: &str| {
        let verdicts = decided(&cards(&[("ROWS", rows), ("ENTITY", retain)]));
        parameter(verdict(&verdicts, "partitioning.Card"), "by")
    };
    // 320 bytes with indexes: 62.5 M rows are 20 GB.
    assert_eq!(by("1k + 62.4M/month", ""), "range of `id`, one month");
    assert_eq!(by("1k + 62.6M/month", ""), "range of `id`, one week");
    assert_eq!(by("1k + 62.4M/week", ""), "range of `id`, one week");
    assert_eq!(by("1k + 62.6M/week", ""), "range of `id`, one day");
    let due = |days: u32| by("1k + 2M/day", &format!("retain: {days}d,"));
    assert_eq!(due(120), "range of `id`, one month");
    assert_eq!(due(119), "range of `id`, one week");
    assert_eq!(due(28), "range of `id`, one week");
    assert_eq!(due(27), "range of `id`, one day");
}

#[test]
fn rows_that_one_server_does_not_hold_are_spread_by_key() {
    assert_eq!(of("partitioning.Card", &[("ROWS", "12.5G")]), "time");
    assert_eq!(of("partitioning.Card", &[("ROWS", "12.501G")]), "hash");
}

#[test]
fn a_table_that_memory_does_not_hold_is_divided() {
    let with = |memory: f64| {
        let numbers = Numbers::default().with(&numbers::PLANNED_MEMORY, memory);
        let text = cards(&[("ROWS", "100M")]);
        let (design, _) = decide::decide_with(Arc::new(loaded(&text)), numbers);
        verdict(&design.verdicts, "partitioning.Card").choice
    };
    // 32 GB with indexes.
    assert_eq!(with(3.21e10), "none");
    assert_eq!(with(3.19e10), "time");
}

#[test]
fn a_record_of_who_wrote_takes_600_bytes() {
    let verdicts = decided(&cards(&[
        ("ENTITY", "audit: writes,"),
        ("ADDS", "1M/year"),
        ("CHANGES", "2M/year"),
    ]));
    // Three million writes in the 365 days for which records are kept.
    assert_eq!(parameter(verdict(&verdicts, "audit.Card"), "kept at once"), "1.8 GB");
}

#[test]
fn who_reads_is_recorded_where_a_law_wants_it() {
    let with = |law: &str, field: &str, mark: &str| {
        let needs = format!(", compliance: [{law}]");
        let verdicts = decided(&cards(&[(", NEEDS", &needs), ("FIELD", field), ("MARK", mark)]));
        let audit = verdict(&verdicts, "audit.Card");
        (audit.choice, (audit.choice != "none").then(|| parameter(audit, "kept for")))
    };
    assert_eq!(with("hipaa", "note", "sensitive"), ("all", Some("2190 d".to_owned())));
    assert_eq!(with("hipaa", "note", "pii"), ("none", None));
    assert_eq!(with("gdpr", "note", "sensitive"), ("none", None));
    assert_eq!(with("pci", "pan", ""), ("all", Some("365 d".to_owned())));
    assert_eq!(with("pci", "pin", ""), ("none", None));
    assert_eq!(with("gdpr", "pan", ""), ("none", None));
}

#[test]
fn a_model_may_ask_for_more_records_than_a_law_but_not_for_fewer() {
    let health = [(", NEEDS", ", compliance: [hipaa]"), ("MARK", "sensitive")];
    let with = |audit, more: &[(&str, &str)]| {
        let filled: Vec<_> = more.iter().copied().chain([("ENTITY", audit)]).collect();
        let below = conflict("audit-below-law", &filled);
        let verdicts = decided(&cards(&filled));
        let audit = verdict(&verdicts, "audit.Card");
        (audit.choice, parameter(audit, "kept for"), below)
    };
    assert_eq!(with("audit: writes,", &[]), ("writes", "365 d".to_owned(), false));
    assert_eq!(with("audit: all,", &[]), ("all", "365 d".to_owned(), false));
    assert_eq!(with("audit: writes,", &health), ("all", "2190 d".to_owned(), true));
    assert_eq!(with("audit: all,", &health), ("all", "2190 d".to_owned(), false));
}

#[test]
fn rows_are_not_removed_before_the_time_is_over_for_which_they_are_kept() {
    let with = |retain: &str| {
        let entity =
            format!("retain: {retain}, subject: owner, keep: {{ for: 90d, because: Tax. }},");
        conflict("retained-shorter-than-kept", &[("ENTITY", &entity), ("MARK", "pii")])
    };
    assert!(with("89d"));
    assert!(!with("90d"));
    assert!(with("89d then anonymise"));
    assert!(!with("89d then archive"));
}

#[test]
fn how_a_field_is_encrypted_follows_its_mark() {
    let with = |field: &str, mark: &str, law: &str| {
        let needs = format!(", compliance: [{law}]");
        let verdicts = decided(&cards(&[(", NEEDS", &needs), ("FIELD", field), ("MARK", mark)]));
        let mut found = verdicts.iter().filter(|verdict| verdict.family == "encryption");
        found.next().map(|verdict| verdict.choice)
    };
    assert_eq!(with("note", "", "gdpr"), None);
    assert_eq!(with("note", "pii", "gdpr"), Some("at-rest"));
    assert_eq!(with("note", "sensitive", "gdpr"), Some("field"));
    assert_eq!(with("note", "secret", "gdpr"), Some("field"));
    assert_eq!(with("note", "pii", "pci"), Some("at-rest"));
    for number in ["pan", "card_number", "primary_account_number", "cvv", "cvc"] {
        assert_eq!(with(number, "sensitive", "pci"), Some("vault"));
        assert_eq!(with(number, "sensitive", "gdpr"), Some("field"));
    }
}

#[test]
fn what_is_encrypted_by_itself_is_found_by_equality_only() {
    let with = |chosen: &str, more: &str| {
        let text = cards(&[("MARK", "pii")]).replace("list: Card,", &format!("list: Card, {more}"))
            + &format!(
                "decisions:\n  encryption.Card.text_of_it: {{ choose: {chosen}, because: A test. }}\n"
            );
        let (_, found) = decide::decide(Arc::new(loaded(&text)));
        found.iter().any(|found| found.id == "encrypted-field-in-clear")
    };
    assert!(with("field", "sort: [text_of_it],"));
    assert!(!with("field", "filter: [text_of_it],"));
    assert!(!with("at-rest", "sort: [text_of_it],"));
}

#[test]
fn rows_that_may_be_lost_are_written_on_both_sides_of_a_partition() {
    let with = |point: &str, rate: &str, more: &str| {
        let needs = format!(", recovery: {{ rto: 1h, rpo: {point} }}");
        let entity = format!("volatile: true, ttl: 1h, {more}");
        let filled = [(", NEEDS", needs.as_str()), ("ENTITY", &entity), ("CHANGES", rate)];
        (of("store.cards", &filled), of("cap.cards", &filled))
    };
    // Memory pays above 5,000 such writes a second, and D2 is ten times the peak.
    assert_eq!(with("1s", "499/s", ""), ("postgresql", "consistent"));
    assert_eq!(with("1s", "501/s", ""), ("redis", "available"));
    assert_eq!(with("0s", "501/s", ""), ("redis", "consistent"));
    assert_eq!(with("1s", "501/s", "consistency: strong,"), ("redis", "consistent"));
}
