//! Which answers are kept, and how: one unit on either side of each number.

use queueing::{Popularity, hit_ratio};

use crate::text::choice;

/// Things on shelves, and how many stand on each; words in capitals are filled in.
const COUNTS: &str = "
firmitas: 1
system:
  name: Counts
  summary: Things on shelves.
  needs: { headroom: 10x, growth: 0%/year, latency: p95 200ms }
actors:
  clerk: { auth: user }
contexts:
  things:
    entities:
      Shelf: { rows: 10, fields: { name: string(1..9) } }
      Thing: { rows: ROWS, fields: { shelf: Shelf, name: string(1..9), code: string(1..9), kind: string(1..9) } }
    operations:
      addShelf: { create: Shelf, by: [clerk], input: [name], rate: 1/day }
      addThing: { create: Thing, by: [clerk], input: [shelf, name, code, kind], rate: 1/day }
      things: { list: Thing, by: [clerk], LISTED rate: LISTS }
      thing: { get: Thing, by: [clerk], GOT rate: GETS }
      counts: { list: shelfCounts, by: [clerk], COUNTED rate: 1/day }
      count: { get: shelfCounts, by: [clerk], COUNTED rate: 1/day }
    views:
      shelfCounts: { from: Thing, group: [self.shelf], key: [shelf], fields: { shelf: self.shelf, things: count() } }
";

fn counts(filled: &[(&str, &str)]) -> String {
    let defaults = [
        ("ROWS", "1k"),
        ("LISTED", ""),
        ("LISTS", "1/day"),
        ("GOT", ""),
        ("GETS", "1/day"),
        ("COUNTED", ""),
    ];
    let all = filled.iter().chain(&defaults);
    all.fold(COUNTS.to_owned(), |text, (place, value)| text.replace(place, value))
}

#[test]
fn a_view_is_kept_when_its_query_takes_three_tenths_of_the_objective() {
    let with = |operation: &str, rows: &str, stale: &str| {
        let filled = [("ROWS", rows), ("COUNTED", stale)];
        choice(&counts(&filled), &format!("read-model.{operation}"))
    };
    // 0.5 us a row: 120,000 of them are 60 ms of 200 ms.
    assert_eq!(with("counts", "120000", ""), "none");
    assert_eq!(with("counts", "120001", ""), "projection");
    assert_eq!(with("counts", "120001", "stale: 1h,"), "materialised-view");
    // One shelf holds a tenth of them.
    assert_eq!(with("count", "1200000", ""), "none");
    assert_eq!(with("count", "1200010", ""), "projection");
    // Computing all of them anew takes 100 ms.
    assert_eq!(with("counts", "200k", "stale: 199ms,"), "projection");
    assert_eq!(with("counts", "200k", "stale: 201ms,"), "materialised-view");
}

/// Orders whose list shows prices of another context; words in capitals are filled in.
const PRICES: &str = "
firmitas: 1
system: { name: Orders, summary: Orders and prices. }
actors: { clerk: { auth: user } }
contexts:
  orders:
    entities:
      Order: { rows: 1k, fields: { price: prices.Price } }
    operations:
      place: { create: Order, by: [clerk], input: [price], rate: 1/day }
      orders:
        list: Order
        by: [clerk]
        uses: [prices.Price.amount]
        where: self.price.amount > 1
        STALE
        rate: READS
  prices:
    entities:
      Price: { rows: 1k, fields: { amount: int(0..) } }
    operations:
      addPrice: { create: Price, by: [clerk], input: [amount], rate: 1/s }
      prices: { list: Price, by: [clerk], rate: 1/s }
decisions:
  service: { choose: SERVICE, because: To see what follows. }
";

#[test]
fn what_another_deployable_holds_is_copied_for_more_than_twenty_reads_a_write() {
    let with = |service: &str, reads: &str, stale: &str| {
        let text = PRICES.replace("SERVICE", service).replace("READS", reads);
        choice(&text.replace("        STALE\n", stale), "read-model.orders")
    };
    let stale = "        stale: 1min\n";
    assert_eq!(with("own", "20/s", stale), "none");
    assert_eq!(with("own", "20.1/s", stale), "projection");
    assert_eq!(with("own", "20.1/s", ""), "none", "how old it may be is not stated");
    assert_eq!(with("shared", "20.1/s", stale), "none", "a join");
}

/// The hit ratio in one of so many processes, of questions as popular as is usual.
fn hits(items: f64, rate: f64, seconds: f64) -> f64 {
    hit_ratio(Popularity { items, exponent: 0.8 }, rate, seconds)
}

#[test]
fn half_a_core_saved_pays_for_a_cache_in_the_process() {
    let with = |rate: &str| {
        let filled = [("ROWS", "10"), ("GOT", "stale: 1h,"), ("GETS", rate)];
        choice(&counts(&filled), "cache.thing")
    };
    // 0.1 ms of a core, ten times the peak, and nearly every request hits.
    let saved = |rate: f64| rate * hits(10.0, rate / 2.0, 3599.0) * 1e-4;
    assert!(saved(5000.0) < 0.5 && saved(5002.0) > 0.5);
    assert_eq!(with("500/s"), "none");
    assert_eq!(with("500.2/s"), "l1");
}

/// A list that filters by texts: 3 pages, each once and 0.2 x 1,000 times more for each text.
fn list(filter: &str, page: u32, stale: u32, rate: &str) -> &'static str {
    let listed = format!("filter: [{filter}], page: {page}, stale: {stale}s,");
    let filled = [("ROWS", "10k"), ("LISTED", listed.as_str()), ("LISTS", rate)];
    choice(&counts(&filled), "cache.things")
}

const TWO: &str = "name, code";
const QUESTIONS_OF_TWO: f64 = 3.0 * 201.0 * 201.0;

#[test]
fn a_shared_cache_takes_four_replicas() {
    // 0.8 ms of a core for each page, ten times the peak, 85 % of two cores: 425 a second would be 2, and
    // one stands in for them.
    assert_eq!(list(TWO, 200, 11, "424/s"), "l1");
    assert_eq!(list(TWO, 200, 11, "426/s"), "l2");
}

#[test]
fn a_shared_cache_takes_fewer_than_half_of_the_hits_in_each_process() {
    // Four replicas; a second of what answers may be old is for a database that lags.
    let local = |stale: f64| hits(QUESTIONS_OF_TWO, 4260.0 / 4.0, stale - 1.0);
    assert!(local(35.0) < 0.5 && local(36.0) > 0.5);
    assert_eq!(list(TWO, 200, 35, "426/s"), "l2");
    assert_eq!(list(TWO, 200, 36, "426/s"), "l1");
}

#[test]
fn a_shared_cache_saves_a_quarter_of_a_node() {
    // 0.6 ms of a core for each usual page; two of eight cores.
    let saved = |rate: f64| rate * hits(QUESTIONS_OF_TWO, rate, 4.0) * 0.6e-3;
    assert!(saved(7130.0) < 2.0 && saved(7150.0) > 2.0);
    assert_eq!(list(TWO, 50, 5, "713/s"), "l1");
    assert_eq!(list(TWO, 50, 5, "715/s"), "l2");
}

#[test]
fn a_shared_cache_of_slow_answers_need_not_save_as_much() {
    let three = "name, code, kind";
    // 0.6 ms for 50 rows, against five times 0.31 ms: 129.2 rows. Neither saves two cores.
    assert!(6400.0 * hits(3.0 * 201_f64.powi(3), 6400.0, 3.0) * 1.56e-3 < 2.0);
    assert_eq!(list(three, 129, 4, "640/s"), "l1");
    assert_eq!(list(three, 130, 4, "640/s"), "l2");
}
