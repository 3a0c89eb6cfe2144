//! Many who write what they have read: the rows of a part, and whether there are other rows.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::support::{World, refusal};

const LIBRARY: &str = r#"
firmitas: 1
system: { name: Library, summary: Books that are lent. }
actors:
  clerk: { auth: user, role: clerk }
entities:
  Cart:
    fields: { total: 'int(0..100000) = 0 readonly', n: 'int(0..100000) = 0 readonly' }
    parts: { lines: { size: ..50, fields: { n: 'int(0..10000)' } } }
    invariants: { total-is-sum: 'self.total == self.lines.map(l, l.n).sum()' }
  Book: { fields: { title: string(1..40) } }
  Loan: { fields: { book: Book, back: 'bool = false readonly' } }
  Bin: { fields: { left: 'int(0..1000) = 1000 readonly' } }
  Order:
    fields: { note: string? }
    parts: { lines: { size: 1..20, fields: { bin: Bin } } }
  Seat: { fields: { row: 'int(1..9)' } }
  Show: { fields: { title: string(1..40) } }
  Ticket:
    fields: { show: Show, nobody: 'bool = false' }
    invariants: { sold-out: 'self.nobody || Ticket.filter(t, t.show == self.show).size() <= 5' }
  Badge:
    fields: { name: string(1..40) }
    invariants: { no-badges-left: 'Badge.size() <= 6' }
operations:
  addCart: { create: Cart, by: [clerk], input: [lines.n], rate: 1/s }
  bump:
    act: Cart
    by: [clerk]
    do:
      - set: { lines.n: each.n + 1 }
      - set: { total: 'self.lines.map(l, l.n).sum()', n: self.n + 1 }
    rate: 1/s
  touch: { act: Cart, by: [clerk], do: [{ set: { n: self.n + 1 } }], rate: 1/s }
  viewCart: { get: Cart, by: [clerk], rate: 1/s }
  viewBook: { get: Book, by: [clerk], rate: 1/s }
  addBook: { create: Book, by: [clerk], input: [title], rate: 1/s }
  lend:
    create: Loan
    by: [clerk]
    input: [book]
    do:
      - require: '!Loan.exists(l, l.book == self.book && l.back == false && l.id != self.id)'
        else: is-lent
    rate: 1/s
  giveBack: { act: Loan, by: [clerk], do: [{ set: { back: true } }], rate: 1/s }
  lendAgain:
    act: Loan
    by: [clerk]
    do:
      - require: '!Loan.exists(l, l.book == self.book && l.back == false)'
        else: is-lent
      - set: { back: false }
    rate: 1/s
  loans: { list: Loan, by: [clerk], filter: [book, back], rate: 1/s }
  addBin: { create: Bin, by: [clerk], input: [], rate: 1/s }
  viewBin: { get: Bin, by: [clerk], rate: 1/s }
  take: { act: Bin, by: [system], do: [{ set: { left: self.left - 1 } }], rate: 1/s }
  place:
    create: Order
    by: [clerk]
    input: [lines.bin]
    do: [{ call: take, with: { self: line.bin }, each: line in self.lines }]
    rate: 1/s
  sit:
    create: Seat
    by: { clerk: 'Seat.filter(s, s.row < 5).size() < 3' }
    input: [row]
    rate: 1/s
  viewShow: { get: Show, by: [clerk], rate: 1/s }
  addShow: { create: Show, by: [clerk], input: [title], rate: 1/s }
  buy: { create: Ticket, by: [clerk], input: [show], rate: 1/s }
  swap: { update: Ticket, by: [clerk], input: [show], rate: 1/s }
  refund: { delete: Ticket, by: [clerk], rate: 1/s }
  tickets: { list: Ticket, by: [clerk], filter: [show], rate: 1/s }
  takeBadge: { create: Badge, by: [clerk], input: [name], rate: 1/s }
  seats: { list: Seat, by: [clerk], rate: 1/s }
"#;

/// The answers of so many at once.
async fn at_once(
    world: &Arc<World>,
    calls: impl IntoIterator<Item = (&'static str, Option<String>, Json)>,
) -> (usize, Vec<(u16, String)>) {
    let mut tasks = tokio::task::JoinSet::new();
    for (operation, address, input) in calls {
        let (world, clerk) = (world.clone(), world.user("carla", &["clerk"]));
        tasks.spawn(async move { world.call(&clerk, operation, address.as_deref(), input).await });
    }
    let (mut done, mut refused) = (0, Vec::new());
    while let Some(answer) = tasks.join_next().await {
        match answer.unwrap() {
            Ok(_) => done += 1,
            answer => refused.push(refusal(answer)),
        }
    }
    (done, refused)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_computed_from_parts_is_computed_from_those_of_the_locked_row() {
    let world = Arc::new(World::start(LIBRARY));
    let clerk = world.user("carla", &["clerk"]);
    for _ in 0..5 {
        let lines = json!({ "lines": [{ "n": 0 }, { "n": 0 }] });
        let cart = world.call(&clerk, "library.addCart", None, lines).await.unwrap().id();
        let calls = (0..16).map(|at| {
            let operation = if at % 2 == 0 { "library.bump" } else { "library.touch" };
            (operation, Some(cart.clone()), Json::Null)
        });
        assert_eq!(at_once(&world, calls).await, (16, Vec::new()));
        let cart = world.get(&clerk, "library.viewCart", &cart).await.unwrap();
        assert_eq!((&cart["n"], &cart["total"]), (&json!(16), &json!(16)), "{cart}");
        assert_eq!(cart["lines"][0]["n"], 8, "{cart}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_about_other_rows_is_so_when_the_row_is_written() {
    let world = Arc::new(World::start(LIBRARY));
    let clerk = world.user("carla", &["clerk"]);
    let lent = |refused: &[(u16, String)]| {
        refused.iter().all(|(status, code)| (*status, code.as_str()) == (422, "is-lent"))
    };
    for round in 0..5 {
        let title = json!({ "title": format!("Book {round}") });
        let book = world.call(&clerk, "library.addBook", None, title).await.unwrap().id();
        let lend = || ("library.lend", None, json!({ "book": book }));
        let (done, refused) = at_once(&world, (0..12).map(|_| lend())).await;
        assert_eq!((done, refused.len()), (1, 11), "{refused:?}");
        assert!(lent(&refused), "{refused:?}");
        // Those that are changed meanwhile count as well.
        let loans = world.list(&clerk, "library.loans").await.unwrap();
        let loan = loans.iter().find(|of| of["book"] == json!(book)).unwrap();
        let id = loan["id"].as_str().unwrap().to_owned();
        let back = ("library.giveBack", Some(id.clone()), Json::Null);
        assert_eq!(at_once(&world, [back]).await.0, 1);
        let again = (0..6).map(|_| ("library.lendAgain", Some(id.clone()), Json::Null));
        let (done, refused) = at_once(&world, again.chain((0..6).map(|_| lend()))).await;
        assert_eq!(done, 1, "{refused:?}");
        assert!(lent(&refused), "{refused:?}");
    }
}

/// Two that went through the same rows in another order would wait for each other until the database
/// ends one.
#[tokio::test(flavor = "multi_thread")]
async fn calls_over_many_rows_lock_them_in_one_order() {
    let world = Arc::new(World::start(LIBRARY));
    let clerk = world.user("carla", &["clerk"]);
    let mut bins = Vec::new();
    for _ in 0..8 {
        bins.push(world.call(&clerk, "library.addBin", None, json!({})).await.unwrap().id());
    }
    let orders = (0..40_usize).map(|at| {
        let from = |line: usize| if at % 2 == 0 { line } else { 7 - line };
        let lines = (0..8).map(|line| json!({ "bin": bins[(from(line) + at) % 8] }));
        ("library.place", None, json!({ "lines": lines.collect::<Vec<_>>() }))
    });
    assert_eq!(at_once(&world, orders).await, (40, Vec::new()));
    for bin in &bins {
        assert_eq!(world.get(&clerk, "library.viewBin", bin).await.unwrap()["left"], 960);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_is_asked_in_turn_also_where_no_field_says_about_which_rows() {
    let world = Arc::new(World::start(LIBRARY));
    let sit = (0..16).map(|at| ("library.sit", None, json!({ "row": at % 4 + 1 })));
    let (done, refused) = at_once(&world, sit).await;
    // Each counts itself.
    assert_eq!((done, refused.len()), (2, 14), "{refused:?}");
    assert!(refused.iter().all(|(status, _)| *status == 403), "{refused:?}");
}

/// Nobody is told to come again for what others do at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn invariants_ask_in_turn() {
    let world = Arc::new(World::start(LIBRARY));
    let clerk = world.user("carla", &["clerk"]);
    let all = |refused: &[(u16, String)], code: &str| {
        refused.iter().all(|(status, found)| *status == 409 && found == code)
    };
    for round in 0..4 {
        let mut shows = Vec::new();
        for at in 0..4 {
            let title = json!({ "title": format!("Show {round} {at}") });
            shows.push(world.call(&clerk, "library.addShow", None, title).await.unwrap().id());
        }
        let buy = (0..60_usize).map(|at| ("library.buy", None, json!({ "show": shows[at % 4] })));
        let (done, refused) = at_once(&world, buy).await;
        assert_eq!((done, refused.len()), (20, 40), "{refused:?}");
        assert!(all(&refused, "sold-out"), "{refused:?}");
        // Those that come from elsewhere, and go, count as well: two that go, three that want to come.
        let sold = world.list(&clerk, "library.tickets").await.unwrap();
        let of = |show: &String| {
            let of = sold.iter().filter(|ticket| ticket["show"] == json!(show));
            of.map(|ticket| ticket["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let (first, second) = (of(&shows[0]), of(&shows[1]));
        let refund = first[..2].iter().map(|id| ("library.refund", Some(id.clone()), Json::Null));
        let to = json!({ "show": shows[0] });
        let swap = second[..3].iter().map(|id| ("library.swap", Some(id.clone()), to.clone()));
        let (_, refused) = at_once(&world, refund.chain(swap)).await;
        assert!(all(&refused, "sold-out"), "{refused:?}");
        let now = world.list(&clerk, "library.tickets").await.unwrap();
        let there = now.iter().filter(|ticket| ticket["show"] == to["show"]).count();
        assert_eq!(there, 3 + 3 - refused.len(), "{refused:?}");
    }
    let badges = (0..40).map(|at| ("library.takeBadge", None, json!({ "name": at.to_string() })));
    let (done, refused) = at_once(&world, badges).await;
    assert_eq!((done, refused.len()), (6, 34), "{refused:?}");
    assert!(all(&refused, "no-badges-left"), "{refused:?}");
}
