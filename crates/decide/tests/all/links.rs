//! How contexts reach each other, and how flows hang together.

use crate::text::{choice, decided, parameter, verdict};

/// Orders that read prices and are booked by a flow.
const ORDERS: &str = "
firmitas: 1
system:
  name: Orders
  summary: Orders and prices.
actors:
  clerk: { auth: user }
contexts:
  orders:
    entities:
      Order:
        rows: 1k
        fields:
          price: prices.Price
          total: money(0..) readonly
        parts:
          lines: { rows: LINES per Order, fields: { what: string(1..9) } }
    operations:
      place:
        create: Order
        by: [clerk]
        uses: USES
        input: [price, lines.what]
        do:
          - set: { total: self.price.amount }
          - emit: Placed
        rate: 1/s
      orders: { list: Order, by: [clerk], rate: 1/s }
    events:
      Placed: { key: order, payload: { order: Order, lines: Order.lines } }
  prices:
    needs: { latency: p95 200ms }
    entities:
      Price: { rows: 1k, fields: { amount: money(0..) } }
    operations:
      addPrice: { create: Price, by: [clerk], input: [amount], rate: 1/day }
      prices: { list: Price, by: [clerk], rate: 1/s }
  books:
    entities:
      Entry: { rows: 1k, fields: { order: orders.Order, told: bool = false readonly } }
    operations:
      book:
        create: Entry
        by: [system]
        input: [order]
        do:
          - set: { told: false }
          CALL
        rate: 1/s
      drop: { delete: Entry, by: [system], rate: 1/s }
externals:
  bank:
    operations:
      tell: { latency: p50 50ms p99 100ms, idempotent: true }
flows:
  booking:
    after: orders.Placed
    steps:
      book:
        call: books.book
        each: event.lines
        STEP
    FAILED
decisions:
  DECISIONS
";

fn orders(filled: &[(&str, &str)]) -> String {
    let defaults = [
        ("LINES", "3"),
        ("USES", "[prices.Price.amount]"),
        ("          CALL\n", ""),
        ("STEP", "pivot: true"),
        ("    FAILED\n", ""),
        ("DECISIONS", "authorisation: { choose: role, because: It is the rule here. }"),
    ];
    let all = filled.iter().chain(&defaults);
    all.fold(ORDERS.to_owned(), |text, (place, value)| text.replace(place, value))
}

const APART: (&str, &str) =
    ("DECISIONS", "service: { choose: own, because: They are to be apart. }");

#[test]
fn a_shared_deployable_needs_no_network() {
    let verdicts = decided(&orders(&[]));
    for id in ["link.orders->prices", "link.orders->books"] {
        assert_eq!(verdict(&verdicts, id).choice, "in-process", "{id}");
    }
    let links = verdicts.iter().filter(|verdict| verdict.family == "link");
    assert_eq!(links.count(), 2, "what the system itself passes on is not checked again");
}

#[test]
fn what_may_be_old_is_copied() {
    let copied = |stale: &str| {
        let uses = format!("{{ prices.Price.amount: {stale} }}");
        let verdicts = decided(&orders(&[APART, ("USES", &uses)]));
        let link = verdict(&verdicts, "link.orders->prices");
        assert_eq!(link.choice, "sync", "the reference that the clerk sends is checked");
        link.parameters.iter().any(|(name, callers)| name == "copy" && callers == "place")
    };
    assert!(copied("2s"));
    assert!(!copied("1999ms"));
}

#[test]
fn what_somebody_waits_for_is_called_if_time_allows() {
    let verdicts = decided(&orders(&[APART]));
    let link = verdict(&verdicts, "link.orders->prices");
    assert_eq!((link.choice, link.price), ("sync", 1));
    assert_eq!(parameter(link, "sync"), "place");
    // 1 s is the shortest deadline. At 99.5 % a timeout may cut off one good answer in 2,000; with
    // a spread of 0.5 that is 2.277 times p95, so 439 ms fit and 440 ms do not.
    let sync = |p95| choice(&orders(&[APART, ("p95 200ms", p95)]), "link.orders->prices");
    assert_eq!(sync("p95 439ms"), "sync");
    assert_eq!(sync("p95 440ms"), "async");
}

#[test]
fn only_calls_over_the_network_need_resilience() {
    let calls = |text: &str| {
        let verdicts = decided(text);
        let calls = verdicts.into_iter().filter(|verdict| verdict.family == "resilience");
        calls.map(|verdict| verdict.subject).collect::<Vec<_>>()
    };
    assert_eq!(calls(&orders(&[])), [""; 0]);
    assert_eq!(calls(&orders(&[APART])), ["place->prices.Price"]);
}

#[test]
fn nobody_waits_for_the_steps_of_a_flow() {
    assert_eq!(choice(&orders(&[APART]), "link.orders->books"), "async");
}

/// Contexts that call each other in a row, each apart.
fn chain(length: usize) -> String {
    let mut text = "
firmitas: 1
system: { name: Chain, summary: One calls the next. }
actors: { clerk: { auth: user } }
decisions:
  service: { choose: own, because: They are to be apart. }
contexts:"
        .to_owned();
    let names = ["a", "b", "c", "d"];
    for (at, name) in names.iter().enumerate().take(length) {
        let upper = name.to_uppercase();
        let by = if at == 0 { "clerk" } else { "system" };
        let next = names.get(at + 1).filter(|_| at + 1 < length);
        let calls =
            next.map_or(String::new(), |next| format!(", do: [{{ call: {next}.{next}Go }}]"));
        text += &format!(
            "
  {name}:
    entities: {{ {upper}Row: {{ rows: 1k, fields: {{ size: int(0..9) }} }} }}
    operations:
      {name}Go: {{ create: {upper}Row, by: [{by}], input: [size], rate: 1/s{calls} }}"
        );
    }
    text + "\n"
}

#[test]
fn chains_cross_two_deployables_and_no_more() {
    for link in ["link.a->b", "link.b->c"] {
        assert_eq!(choice(&chain(3), link), "sync", "{link}");
        assert_eq!(choice(&chain(4), link), "async", "{link}");
    }
}

fn saga(filled: &[(&str, &str)]) -> &'static str {
    choice(&orders(filled), "saga.booking")
}

#[test]
fn one_store_and_short_steps_are_one_transaction() {
    assert_eq!(saga(&[]), "transaction");
    // 4 ms for each of the entries: 25 of them take 100 ms.
    assert_eq!(saga(&[("LINES", "24")]), "transaction");
    assert_eq!(saga(&[("LINES", "25")]), "choreography");
    let documents = "store.books: { choose: document, because: We have one. }";
    assert_eq!(saga(&[("DECISIONS", documents)]), "transaction", "one context takes part");
}

#[test]
fn rows_are_not_locked_while_an_external_answers() {
    let call = ("CALL", "- call: bank.tell");
    assert_eq!(saga(&[call]), "choreography");
    let failing = ("FAILED", "failed: FAILED");
    let failing_call =
        ("failed: FAILED", "failed: { call: books.fail, with: { order: event.order } }");
    let fails = (
        "      drop:",
        "      fail: { create: Entry, by: [system], input: [order], rate: 1/s }\n      drop:",
    );
    assert_eq!(saga(&[call, failing, failing_call, fails]), "orchestration");
    let undo = "undo: books.drop";
    let verdicts = decided(&orders(&[call, ("STEP", undo)]));
    let saga = verdict(&verdicts, "saga.booking");
    assert_eq!((saga.choice, saga.price), ("orchestration", 1));
    assert_eq!(parameter(saga, "undone in reverse"), "book");
    let reason = saga.rejected.iter().find(|other| other.option == "transaction").unwrap();
    assert!(reason.reason.contains("bank.tell (called by books.book)"), "{}", reason.reason);
}

/// A flow with a step in each of so many contexts, which are long enough not to be one transaction.
fn steps_in(contexts: usize) -> &'static str {
    let mut text = "
firmitas: 1
system: { name: Chain, summary: One event for all. }
actors: { clerk: { auth: user } }
flows:
  all:
    after: c0.Begun
    steps:
"
    .to_owned();
    for at in 0..contexts {
        text += &format!(
            "      s{at}: {{ call: c{at}.go{at}, each: event.items{} }}\n",
            if at == 0 { ", pivot: true" } else { "" }
        );
    }
    text += "contexts:\n";
    for at in 0..contexts {
        let first = at == 0;
        let begin = if first {
            "
      begin: { create: Start, by: [clerk], input: [items.what], do: [{ emit: Begun }], rate: 1/s }
    events:
      Begun: { key: start, payload: { start: Start, items: Start.items } }"
        } else {
            ""
        };
        let start = if first {
            "
      Start: { rows: 1k, parts: { items: { rows: 90 per Start, fields: { what: string(1..9) } } } }"
        } else {
            ""
        };
        text += &format!(
            "
  c{at}:
    entities:{start}
      Row{at}: {{ rows: 1k, fields: {{ what: string(1..9) }} }}
    operations:
      go{at}: {{ create: Row{at}, by: [system], input: [what], rate: 1/s }}{begin}
"
        );
    }
    choice(&text, "saga.all")
}

#[test]
fn events_alone_keep_two_contexts_in_step_and_no_more() {
    assert_eq!(steps_in(2), "choreography");
    assert_eq!(steps_in(3), "orchestration");
}
