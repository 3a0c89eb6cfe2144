//! What is decided about rows, events and answers: one unit on either side of each number.

use std::sync::Arc;

use decide::delivery::round_up;
use decide::numbers::{self, Numbers};

use crate::text::{choice, decided, loaded, parameter, verdict};

/// A model of notes with parts to fill in.
struct Notes {
    system: &'static str,
    needs: &'static str,
    note: String,
    operations: String,
    more: String,
}

impl Notes {
    fn new() -> Self {
        let (note, operations, more) = (String::new(), String::new(), String::new());
        Self { system: "", needs: "headroom: 10x", note, operations, more }
    }

    fn text(&self) -> String {
        format!(
            "
firmitas: 1
system: {{ name: Notes, summary: Notes., needs: {{ {} }}{} }}
actors: {{ anyone: {{ auth: none }}, clerk: {{ auth: user }} }}
contexts:
  notes:
    entities:
      Note: {{ fields: {{ text: string(1..9), likes: int(0..) = 0 readonly }}, {} }}
      {}
    operations:
      add: {{ create: Note, by: [clerk], input: [text], do: [{{ emit: Added }}], rate: 1/s }}
      {}
    events: {{ Added: {{ key: note, payload: {{ note: Note }} }} }}
",
            self.needs, self.system, self.note, self.more, self.operations
        )
    }
}

fn with_note(note: &str, operations: &str) -> String {
    let (note, operations) = (note.to_owned(), operations.to_owned());
    Notes { note, operations, ..Notes::new() }.text()
}

#[test]
fn a_row_is_hot_when_it_is_held_six_tenths_of_the_time() {
    // 100 % of the changes, 4 ms each, ten times the peak: 15 a second hold it 60 % of the time.
    let text = |rate: &str, set: &str| {
        let operation = format!(
            "like: {{ act: Note, by: [clerk], do: [{{ set: {{ {set} }} }}], rate: {rate} }}"
        );
        with_note("rows: 1k, skew: hot 100%", &operation)
    };
    let adds = "likes: self.likes + 1";
    assert_eq!(choice(&text("14.9/s", adds), "concurrency.Note"), "row-lock");
    assert_eq!(choice(&text("15/s", adds), "concurrency.Note"), "slots");
    // What replaces the value cannot be added up.
    assert_eq!(choice(&text("15/s", "likes: 1"), "concurrency.Note"), "queue");
}

#[test]
fn a_table_is_divided_above_a_hundred_gigabytes() {
    // 200 bytes with indexes x 1.6: 312.5M rows are 100 GB.
    let partitioning = |rows: &str| {
        choice(&with_note(&format!("rows: {rows} + 1/month"), ""), "partitioning.Note")
    };
    assert_eq!(partitioning("312499000"), "none");
    assert_eq!(partitioning("312501000"), "time");
}

#[test]
fn a_unique_key_keeps_a_table_whole() {
    let more = |key: &str| {
        let other =
            format!("Tag: {{ rows: 400M + 1M/month, fields: {{ name: string(1..9){key} }} }}");
        Notes {
            more: other,
            operations: "tag: { create: Tag, by: [clerk], input: [name], rate: 1M/month }"
                .to_owned(),
            ..Notes::new()
        }
        .text()
    };
    assert_eq!(choice(&more(""), "partitioning.Tag"), "time");
    let verdicts = decided(&more(" unique"));
    let verdict = verdict(&verdicts, "partitioning.Tag");
    assert_eq!(verdict.choice, "none");
    let time = verdict.rejected.iter().find(|rejected| rejected.option == "time").unwrap();
    assert!(time.reason.contains("name-taken"), "{}", time.reason);
}

#[test]
fn rows_are_dropped_with_their_partition_from_a_million_a_day() {
    let partitioning = |a_day: &str| {
        choice(
            &with_note(&format!("rows: 10M + {a_day}/day, retain: 10d"), ""),
            "partitioning.Note",
        )
    };
    assert_eq!(partitioning("1M"), "none");
    assert_eq!(partitioning("1000001"), "time");
}

#[test]
fn one_worker_handles_events_of_4_ms_until_it_is_busy_seven_tenths_of_the_time() {
    let delivery = |rate: &str| {
        let text = with_note("rows: 1k", "").replace("rate: 1/s", &format!("rate: {rate}"));
        let verdicts = decided(&text);
        let verdict = verdict(&verdicts, "delivery.Added");
        (verdict.choice, parameter(verdict, "workers"))
    };
    // D2 is ten times that: 175/s x 4 ms / 0.7 = 1.
    assert_eq!(delivery("17.5/s"), ("single", "1".to_owned()));
    assert_eq!(delivery("17.6/s"), ("partitioned", "3".to_owned()));
    assert_eq!(delivery("52.6/s"), ("partitioned", "6".to_owned()));
}

#[test]
fn the_number_of_workers_goes_up_by_steps() {
    let workers = |rate: f64| {
        let text = with_note("rows: 1k", "").replace("rate: 1/s", &format!("rate: {rate}/s"));
        parameter(verdict(&decided(&text), "delivery.Added"), "workers")
    };
    // One takes 17.5 a second at ten times that.
    let steps = [(17.5, 1, 3), (52.5, 3, 6), (105.0, 6, 12), (210.0, 12, 24), (420.0, 24, 48)];
    for (rate, upto, above) in steps {
        assert_eq!(workers(rate), upto.to_string(), "{rate}/s");
        assert_eq!(workers(rate + 0.1), above.to_string(), "{rate}/s and a tenth");
    }
    // Beyond 48, ten events in a transaction take 0.5 ms each: a worker takes 140 a second.
    assert_eq!(workers(840.0), "48");
    assert_eq!(workers(840.1), "12");
    assert_eq!((round_up(48.0), round_up(48.1), round_up(96.0), round_up(96.1)), (48, 96, 96, 144));
}

#[test]
fn large_events_need_partitions_for_their_bytes() {
    let partitions = |rate: &str, bytes: f64| {
        let text = with_note("rows: 1k", "").replace("rate: 1/s", &format!("rate: {rate}"));
        let numbers = Numbers::default().with(&numbers::EVENT_BYTES, bytes);
        let (design, _) = decide::decide_with(Arc::new(loaded(&text)), numbers);
        decide::delivery::of(&design)[0].partitions
    };
    // 15,000 a second of 8 kB are twelve times 10 MB/s; handling them takes 10.7 workers.
    assert_eq!(partitions("1500/s", 8_000.0), 12);
    assert_eq!(partitions("1500/s", 8_001.0), 24);
    assert_eq!(partitions("1501/s", 1_000.0), 12);
}

#[test]
fn events_inside_one_deployable_need_a_broker_when_an_outbox_cannot_hold_them() {
    let broker = |rate: &str, retain: &str| {
        let text = with_note("rows: 1k", "")
            .replace("rate: 1/s", &format!("rate: {rate}"))
            .replace("key: note,", &format!("key: note, retain: {retain},"));
        choice(&text, "broker.system")
    };
    // An outbox commits 10,000 a second, three NATS servers store 50,000; D2 is ten times that.
    assert_eq!(broker("1000/s", "1h"), "none");
    assert_eq!(broker("1000.1/s", "1h"), "nats-jetstream");
    assert_eq!(broker("5000/s", "1h"), "nats-jetstream");
    assert_eq!(broker("5000.1/s", "1h"), "kafka");
    // 20,000 a second of 1 kB: 50,000 s of them are 1 TB.
    assert_eq!(broker("2000/s", "50000s"), "nats-jetstream");
    assert_eq!(broker("2000/s", "50001s"), "kafka");
}

#[test]
fn a_broker_tells_replicas_what_a_store_cannot() {
    let broker = |rate: &str| {
        let watch = "watch: { stream: Note, by: [clerk], rate: 1 open }";
        let text = with_note("rows: 1k", watch).replace("do: [{ emit: Added }], rate: 1/s", rate);
        let text =
            text.replace("    events: { Added: { key: note, payload: { note: Note } } }\n", "");
        let verdicts = decided(&text);
        (verdict(&verdicts, "broker.system").choice, verdict(&verdicts, "telemetry.system").choice)
    };
    // A store tells 2,000 changes a second; D2 is ten times the peak. Who passes them on is traced.
    assert_eq!(broker("rate: 200/s"), ("none", "metrics"));
    assert_eq!(broker("rate: 200.1/s"), ("nats-jetstream", "traces"));
}

#[test]
fn a_log_takes_rows_that_are_only_added_before_a_store_does() {
    let with = |rate: &str, point: &str| {
        let text = format!(
            "
firmitas: 1
system: {{ name: Notes, summary: Notes., needs: {{ headroom: 10x, recovery: {{ rto: 1h, rpo: {point} }} }} }}
actors: {{ clerk: {{ auth: user }} }}
contexts:
  notes:
    entities: {{ Note: {{ rows: 1k, append_only: true, fields: {{ text: string(1..9) }} }} }}
    operations:
      add: {{ create: Note, by: [clerk], input: [text], rate: {rate} }}
      notes: {{ list: Note, by: [clerk], rate: 1/s }}
"
        );
        (choice(&text, "broker.system"), choice(&text, "cap.notes"))
    };
    assert_eq!(with("5000/s", "1s"), ("none", "consistent"));
    // More than three NATS servers store as well.
    assert_eq!(with("5000.1/s", "1s"), ("kafka", "available"));
    assert_eq!(with("5000.1/s", "0s"), ("kafka", "consistent"));
}

#[test]
fn a_hundredth_of_the_logs_is_kept_however_small_the_budget() {
    let kept = |budget: &str| {
        let list = "all: { list: Note, by: [clerk], rate: 1000/s }";
        let text = with_note("rows: 1k", list)
            .replace("headroom: 10x", &format!("headroom: 10x, budget: {budget} EUR/month"));
        decide::decide(Arc::new(loaded(&text))).0.sizing.logs_kept
    };
    // 1,001/s x 500 B x 30 d are 778.38 EUR; a tenth of 77.84 EUR is a hundredth of that.
    assert!((kept("77") - 0.01).abs() < 1e-9);
    assert!(kept("78") > 0.01);
}

#[test]
fn answers_are_kept_where_they_may_be_old_and_half_a_core_is_saved() {
    let cache = |by: &str, rate: &str, stale: &str| {
        let operation = format!("all: {{ list: Note, by: [{by}], rate: {rate}{stale} }}");
        choice(&with_note("rows: 10", &operation), "cache.all")
    };
    assert_eq!(cache("anyone", "1/s", ", stale: 60s"), "http");
    assert_eq!(cache("anyone", "1/s", ""), "none");
    // One question, 0.6 ms of a core, ten times the rate: 83.3 a second are half a core.
    assert_eq!(cache("clerk", "83/s", ", stale: 60s"), "none");
    assert_eq!(cache("clerk", "85/s", ", stale: 60s"), "l1");
    // A replica may lag a second: nothing is left for a cache.
    assert_eq!(cache("anyone", "85/s", ", stale: 1s"), "none");
    assert_eq!(cache("anyone", "85/s", ", stale: 2s"), "http");
}

#[test]
fn ages_of_all_layers_stay_within_what_is_allowed() {
    let verdicts = decided(crate::text::SHOP);
    let of = |name: &str| parameter(verdict(&verdicts, "cache.viewProduct"), name);
    let seconds: f64 = of("public, max-age").split(' ').next().unwrap().parse().unwrap();
    assert!(seconds <= 59.0);
    assert!(of("dropped after").contains("changePrice"));
}

#[test]
fn partners_get_two_years() {
    let window = |client: &str| {
        let text = with_note("rows: 1k", "")
            .replace("clerk: { auth: user }", &format!("clerk: {{ auth: user{client} }}"));
        parameter(verdict(&decided(&text), "versioning.notes"), "deprecation window")
    };
    assert_eq!(window(""), "180 d");
    assert_eq!(window(", client: partner"), "730 d");
}

#[test]
fn the_order_of_writing_changes_nothing() {
    let one =
        "like: { act: Note, by: [clerk], do: [{ set: { likes: self.likes + 1 } }], rate: 9/s }";
    let two = "all: { list: Note, by: [anyone], rate: 90/s, stale: 60s }";
    let said = |operations: String| {
        let verdicts = decided(&with_note("rows: 1k, retain: 30d", &operations));
        let all = verdicts
            .iter()
            .map(|of| format!("{} {} {:?} {:?}", of.id(), of.choice, of.parameters, of.rejected));
        all.collect::<Vec<_>>()
    };
    assert_eq!(said(format!("{one}\n      {two}")), said(format!("{two}\n      {one}")));
}
