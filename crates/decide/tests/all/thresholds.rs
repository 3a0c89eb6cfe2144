//! One unit on either side of numbers that no other file is about.

use crate::text::choice;

/// A shelf of things; the places marked with a word in capitals are filled in.
const SHELF: &str = "
firmitas: 1
system:
  name: Shelf
  summary: Things and where they lie.
  needs: { headroom: 2x, growth: 0%/year, latency: p95 LATENCY }
  teams: { all: { people: 6, on_call: true } }
actors:
  keeper: { auth: user, client: CLIENTS, COUNT }
contexts:
  shelf:
    team: all
    entities:
      Room: { rows: 10k, fields: { name: string(1..40) } }
      Shelf: { rows: 10k, fields: { room: PLACED, name: string(1..40) } }
      Thing: { rows: ROWS, fields: { shelf: Shelf, name: string(1..40) search } }
    operations:
      things: { list: Thing, by: [keeper], SEARCH sort: [name], rate: THINGS }
      shelves: { list: Shelf, by: [keeper], rate: 1/s }
      LISTED
      addThing: { create: Thing, by: [keeper], input: [shelf, name], rate: WRITES }
      STREAM
SCHEDULE
";

fn shelf(filled: &[(&str, &str)]) -> String {
    let defaults = [
        ("LATENCY", "200ms"),
        ("CLIENTS", "[browser, mobile]"),
        ("COUNT", ""),
        ("ROWS", "10k"),
        ("LISTED", "rooms: { list: Room, by: [keeper], rate: 2/s }"),
        ("PLACED", "Room"),
        ("SEARCH", ""),
        ("THINGS", "1/s"),
        ("WRITES", "1/s"),
        ("      STREAM\n", ""),
        ("SCHEDULE\n", ""),
    ];
    let all = filled.iter().chain(&defaults);
    all.fold(SHELF.to_owned(), |text, (place, value)| text.replace(place, value))
}

fn paradigm(filled: &[(&str, &str)]) -> &'static str {
    choice(&shelf(filled), "paradigm.keeper->shelf")
}

#[test]
fn searches_that_take_half_of_the_largest_server_get_an_engine() {
    // A fifth of the requests search for 5 ms, at twice the peak: half of 64 cores.
    let with =
        |rate| choice(&shelf(&[("SEARCH", "search: true,"), ("THINGS", rate)]), "store.shelf");
    assert_eq!(with("16000/s"), "postgresql");
    assert_eq!(with("16001/s"), "search-engine");
}

#[test]
fn functions_take_rare_bursts_patience_and_short_runs() {
    let rare = [("LISTED", ""), ("THINGS", "1/year"), ("LATENCY", "500ms")];
    let with = |more: &[(&str, &str)]| {
        let filled: Vec<_> = more.iter().chain(&rare).copied().collect();
        let text =
            shelf(&filled).replace("by: [keeper], rate: 1/s }", "by: [keeper], rate: 1/year }");
        choice(&text, "style.system")
    };
    let burst = ("WRITES", "10/s peak 201/s");
    assert_eq!(with(&[burst]), "serverless");
    assert_eq!(with(&[("WRITES", "10/s peak 200/s")]), "monolith");
    assert_eq!(with(&[burst, ("LATENCY", "499ms")]), "monolith");
    let stream = "      watch: { stream: Thing, by: [keeper], rate: 1 open }\n";
    assert_eq!(with(&[burst, ("      STREAM\n", stream)]), "monolith");
    let nightly = |minutes: u32| {
        format!(
            "schedules:\n  sweep: {{ every: 1d at 02:00, for: shelf.Room, call: shelf.dropRoom, within: {minutes}min }}\n"
        )
    };
    let drop = ("      STREAM\n", "      dropRoom: { delete: Room, by: [system], rate: 1/year }\n");
    assert_eq!(with(&[burst, drop, ("SCHEDULE\n", &nightly(15))]), "serverless");
    assert_eq!(with(&[burst, drop, ("SCHEDULE\n", &nightly(16))]), "monolith");
}

#[test]
fn clients_shape_answers_where_screens_hold_much_and_differ() {
    // 1 + 1 + 2 reads a second and one write: 80 %.
    assert_eq!(paradigm(&[]), "graphql");
    assert_eq!(paradigm(&[("CLIENTS", "browser")]), "rest");
    assert_eq!(paradigm(&[("WRITES", "1.01/s")]), "rest", "below 80 % of reads");
    assert_eq!(paradigm(&[("LISTED", "")]), "rest", "two entities");
    assert_eq!(paradigm(&[("PLACED", "string(1..9)")]), "rest", "references one deep");
    let stream = "      watch: { stream: Thing, by: [keeper], rate: 100 open }\n";
    assert_eq!(paradigm(&[("      STREAM\n", stream)]), "rest", "streams are followed beside it");
}

#[test]
fn who_writes_often_on_what_is_followed_keeps_one_connection() {
    let with = |writes: &str, open: &str, accepts: &str| {
        let stream = format!(
            "      watch: {{ stream: Thing, by: [keeper], {accepts} rate: {open} open }}\n"
        );
        paradigm(&[("      STREAM\n", &stream), ("WRITES", writes), ("COUNT", "count: 40k")])
    };
    // Of 40,000 keepers 100 are connected.
    assert_eq!(with("10/s", "100", ""), "websocket");
    assert_eq!(with("9.9/s", "100", ""), "rest");
    assert_eq!(with("1/s", "100", "accepts: [addThing],"), "websocket");
}

#[test]
fn what_most_contexts_hold_is_no_reason_to_keep_one_apart() {
    let with = |audited: usize, contexts: usize| {
        let mut text = "firmitas: 1\nsystem: { name: Ward, summary: Wards., needs: { compliance: [hipaa] }, teams: { all: { people: 6, on_call: true } } }\nactors:\n  nurse: { auth: user }\ncontexts:\n".to_owned();
        for at in 0..contexts {
            let mark = if at < audited { "text? sensitive" } else { "text?" };
            text += &format!(
                "  ward{at}:\n    team: all\n    entities:\n      Bed{at}: {{ rows: 1k, fields: {{ note: {mark} }} }}\n    operations:\n      beds{at}: {{ list: Bed{at}, by: [nurse], rate: 1/s }}\n      addBed{at}: {{ create: Bed{at}, by: [nurse], input: [note], rate: 1/day }}\n"
            );
        }
        choice(&text, "service.ward0")
    };
    assert_eq!(with(1, 2), "own");
    assert_eq!(with(2, 6), "own");
    assert_eq!(with(2, 5), "shared");
    assert_eq!(with(2, 2), "shared");
}

#[test]
fn more_people_than_fifteen_let_a_team_speak_for_its_context() {
    let with = |people: u32| {
        let text = format!(
            "firmitas: 1\nsystem: {{ name: Two, summary: Two., teams: {{ a: {{ people: 8, on_call: true, deploys: 12/day }}, b: {{ people: {people}, on_call: true }} }} }}\nactors:\n  one: {{ auth: user }}\ncontexts:\n  left:\n    team: a\n    entities: {{ L: {{ rows: 1k, fields: {{ name: string(1..9) }} }} }}\n    operations: {{ ls: {{ list: L, by: [one], rate: 1/s }}, addL: {{ create: L, by: [one], input: [name], rate: 1/day }} }}\n  right:\n    team: b\n    entities: {{ R: {{ rows: 1k, fields: {{ name: string(1..9) }} }} }}\n    operations: {{ rs: {{ list: R, by: [one], rate: 1/s }}, addR: {{ create: R, by: [one], input: [name], rate: 1/day }} }}\n"
        );
        choice(&text, "service.left")
    };
    // Twelve deployments of half an hour fill three quarters of a day: that is the other reason.
    assert_eq!(with(7), "shared");
    assert_eq!(with(8), "own");
}

#[test]
fn small_tables_have_no_index_at_a_thousand_rows() {
    let with = |rows: &str| choice(&shelf(&[("ROWS", rows)]), "index.things");
    assert_eq!(with("1000"), "none");
    assert_eq!(with("1001"), "b-tree");
}

#[test]
fn a_table_has_six_indexes_and_three_when_it_is_busy() {
    let indexes = |writes: &str| {
        let (mut fields, mut lists) = (String::new(), String::new());
        for at in 1..=7 {
            fields += &format!("field{at}: string(1..9), ");
            lists += &format!(
                "      by{at}: {{ list: Thing, route: by{at}, by: [keeper], sort: [field{at}], rate: {at}/s }}\n"
            );
        }
        let text = shelf(&[("WRITES", writes), ("      STREAM\n", &lists)])
            .replace("name: string(1..40) search", &fields)
            .replace("sort: [name], ", "filter: [shelf], ")
            .replace(
                "input: [shelf, name]",
                "input: [shelf, field1, field2, field3, field4, field5, field6, field7]",
            );
        let all = crate::text::decided(&text);
        let chosen = (1..=7).map(|at| crate::text::verdict(&all, &format!("index.by{at}")).choice);
        chosen.collect::<Vec<_>>()
    };
    let of = |none: usize| [vec!["none"; none], vec!["b-tree"; 7 - none]].concat();
    // Those that most requests use stay.
    assert_eq!(indexes("1000/s"), of(1));
    assert_eq!(indexes("1001/s"), of(4));
}

#[test]
fn more_than_twelve_replicas_become_half_as_many_of_twice_the_size() {
    let with = |rate: &str| {
        let model = std::sync::Arc::new(crate::text::loaded(&shelf(&[("THINGS", rate)])));
        decide::decide(model).0.sizing.services[0].replica_cores
    };
    // 0.8 ms of a core for each page, at 60 % of two cores: 1,500 pages a second each.
    assert_eq!((with("17990/s"), with("18001/s")), (2, 4));
    assert_eq!((with("35990/s"), with("36001/s")), (4, 8));
    assert_eq!((with("71990/s"), with("72001/s")), (8, 16));
    assert_eq!(with("144001/s"), 16, "there are none with more");
}

#[test]
fn what_comes_every_second_is_told_by_the_second() {
    let told = [38.2, 1200.0, 0.1, 12.5, 100_000.0 / 2_592_000.0].map(decide::facts::per_second);
    assert_eq!(told, ["38.2/s", "1200/s", "6/min", "750/min", "100k/month"]);
}
