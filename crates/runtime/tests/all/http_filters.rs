//! Filters of lists over HTTP: any of several values, none of them, without a value.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::http_support::{Ask, Reply, Server};

const PATH: &str = "/billing/v1/invoices";

const INVOICES: &str = r"
firmitas: 1
system: { name: Billing, currency: [EUR, USD] }
actors: { clerk: { auth: service } }
contexts:
  billing:
    entities:
      Invoice:
        rows: 1k + 100/month
        fields:
          code: string(1..9) unique
          mail: email unique
          status: enum(draft, open, overdue, paid)
          due_on: date?
          total: money
          tip: money?
          share: float?
          kind: enum(goods, work)?
          note: string(1..20)?
          contact: email?
          tags: list(string(1..9), ..5)
          days: list(int(0..9), ..5)?
    operations:
      addInvoice: { create: Invoice, by: [clerk], input: [code, mail, status, due_on, total, tip, share, kind, note, tags, days, contact], rate: 100/month }
      invoices: { list: Invoice, by: [clerk], filter: [code, mail, status, due_on, total, tip, share, kind, note, tags, days, contact], sort: [code, status, due_on], rate: 100/month }
";

/// Status, day of the month, total, tip, share, kind.
type Row = (
    &'static str,
    Option<u8>,
    &'static str,
    Option<&'static str>,
    Option<f64>,
    Option<&'static str>,
);

const ROWS: [Row; 6] = [
    ("draft", None, "1.00 EUR", None, None, None),
    ("open", Some(1), "1.00 USD", Some("0.50 EUR"), Some(0.5), Some("goods")),
    ("open", Some(2), "2.00 EUR", Some("0.50 USD"), None, Some("work")),
    ("overdue", Some(1), "2.00 USD", None, Some(0.25), Some("goods")),
    ("overdue", None, "3.00 EUR", Some("1.00 EUR"), None, None),
    ("paid", Some(3), "1.00 EUR", None, Some(0.75), Some("work")),
];

const TAGS: [&[&str]; 6] = [&["a"], &["a", "b"], &["b", "c"], &["%a\""], &[], &["ab"]];
const NOTES: [Option<&str>; 6] =
    [Some("a"), Some("abc"), Some("äx"), Some("%a"), Some("\u{10ffff}b"), None];

fn amount(text: &str) -> Json {
    let (amount, currency) = text.split_once(' ').unwrap();
    json!({ "amount": amount, "currency": currency })
}

async fn fixture() -> (Server, String) {
    let server = Server::start(INVOICES).await;
    let token = server.token("clerk", "erp");
    for (number, (status, due, total, tip, share, kind)) in (1usize..).zip(ROWS) {
        let body = json!({
            "code": number.to_string(), "mail": format!("Row{number}@Example.com"), "status": status,
            "due_on": due.map(|day| format!("2026-12-{day:02}")), "total": amount(total),
            "tip": tip.map(amount), "share": share, "kind": kind, "note": NOTES[number - 1],
            "contact": (number < 4).then(|| format!("Sales{}@Example.com", number % 2)),
            "tags": TAGS[number - 1], "days": (number > 3).then(|| vec![number, 1]),
        })
        .to_string();
        let key = format!("k{number}");
        let ask = Ask::new("POST", PATH).bearer(&token).key(&key).json(&body);
        let reply = server.ask(ask).await;
        assert_eq!(reply.status, 201, "{}", String::from_utf8_lossy(&reply.body));
    }
    (server, token)
}

fn codes(reply: &Reply) -> String {
    let page = reply.json();
    let items = page["items"].as_array().unwrap_or_else(|| panic!("{page}"));
    items.iter().map(|item| item["code"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn several_values_none_of_them_and_no_value() {
    let (server, token) = fixture().await;
    for (query, expected) in [
        ("status=open&status=overdue", "2345"),
        ("status=open&status=open", "23"),
        ("status=open&status=overdue&status=draft", "12345"),
        ("status.ne=open", "1456"),
        ("status.ne=open&status.ne=paid", "145"),
        ("status=open&status=overdue&status.ne=open", "45"),
        ("due_on.null=true", "15"),
        ("due_on.null=false", "2346"),
        ("due_on=2026-12-01&due_on=2026-12-03", "246"),
        // What is not there is none of these, as it is not this.
        ("due_on.ne=2026-12-01", "1356"),
        ("due_on.ne=2026-12-01&due_on.null=false", "36"),
        ("due_on.ne=2026-12-01&due_on.ne=2026-12-02&due_on.lt=2027-01-01", "6"),
        ("status=open&status=overdue&due_on.null=true", "5"),
        // Amounts are of one currency each.
        ("total=1.00%20EUR&total=2.00%20USD", "146"),
        ("total=1.00%20EUR&total=2.00%20EUR&total=3.00%20EUR", "1356"),
        ("total.gte=2.00%20EUR", "35"),
        ("total.ne=1.00%20EUR", "2345"),
        ("total.ne=1.00%20EUR&total.ne=1.00%20USD&total.ne=2.00%20EUR", "45"),
        ("tip.null=true", "146"),
        ("tip.null=false", "235"),
        ("tip.ne=0.50%20EUR", "13456"),
        ("tip=0.50%20EUR&tip=0.50%20USD", "23"),
        ("share.null=false", "246"),
        ("share.gte=0.5&share.null=false", "26"),
        ("kind=goods&kind=work", "2346"),
        ("kind.ne=goods", "1356"),
        ("kind.ne=goods&kind.ne=work", "15"),
        // Unique addresses have no case.
        ("mail=ROW1%40example.COM&mail=row2%40example.com", "12"),
        ("mail.ne=ROW1%40example.COM&mail.ne=row2%40example.com", "3456"),
        ("contact=sales1%40EXAMPLE.com", "13"),
        ("contact.ne=sales1%40example.com", "2456"),
        ("contact=sales1%40example.com&contact=SALES0%40example.com", "123"),
        ("code=1&code=3&code=5&code=9", "135"),
        // Lists are asked for what they hold.
        ("tags=a", "12"),
        ("tags=a&tags=c", "123"),
        ("tags=%25a%22", "4"),
        ("tags.ne=a", "3456"),
        ("tags.ne=a&tags.ne=b", "456"),
        ("tags=b&tags.ne=a", "3"),
        ("days=4", "4"),
        ("days=1", "456"),
        ("days.ne=4", "12356"),
        ("days.null=true", "123"),
        ("note.prefix=a", "12"),
        ("note.prefix=ab", "2"),
        ("note.prefix=%C3%A4", "3"),
        ("note.prefix=%25", "4"),
        ("note.prefix=%F4%8F%BF%BF", "5"),
        ("note.prefix=A", ""),
    ] {
        let reply = server.ask(Ask::new("GET", &format!("{PATH}?{query}")).bearer(&token)).await;
        assert_eq!((reply.status, codes(&reply).as_str()), (200, expected), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_all_pages_are_counted_where_that_is_asked_for() {
    let (server, token) = fixture().await;
    for (query, count) in [
        ("count=true", json!(6)),
        ("count=true&limit=1", json!(6)),
        ("count=true&status=open&status=overdue&limit=2", json!(4)),
        ("count=true&due_on.null=true", json!(2)),
        ("count=true&note.prefix=none", json!(0)),
    ] {
        let path = format!("{PATH}?{query}");
        let page = server.ask(Ask::new("GET", &path).bearer(&token)).await.json();
        assert_eq!(page["count"], count, "{query}: {page}");
        // All of it, also from a later page, which goes on with or without.
        let Some(next) = page["next"].as_str().filter(|next| !next.is_empty()) else { continue };
        let later =
            server.ask(Ask::new("GET", &format!("{path}&after={next}")).bearer(&token)).await;
        assert_eq!(later.json()["count"], count, "{query}");
        let without = path.replace("count=true&", "count=false&");
        let later =
            server.ask(Ask::new("GET", &format!("{without}&after={next}")).bearer(&token)).await;
        assert_eq!((later.status, later.json().get("count")), (200, None), "{query}");
    }
    let reply = server.ask(Ask::new("GET", &format!("{PATH}?count=exact")).bearer(&token)).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "invalid-parameter"));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_fields_order_a_list() {
    let (server, token) = fixture().await;
    for (sort, expected) in [
        ("status,-due_on", "132456"),
        ("-status,due_on", "645231"),
        ("-due_on,-status,-code", "634251"),
        ("due_on,code", "243615"),
        ("due_on,-due_on,code", "243615"),
    ] {
        // A page at a time.
        let (mut seen, mut after) = (String::new(), String::new());
        loop {
            let path = format!("{PATH}?sort={sort}&limit=2{after}");
            let reply = server.ask(Ask::new("GET", &path).bearer(&token)).await;
            assert_eq!(reply.status, 200, "{path}: {}", String::from_utf8_lossy(&reply.body));
            seen.push_str(&codes(&reply));
            match reply.json()["next"].as_str() {
                Some("") | None => break,
                Some(next) => after = format!("&after={next}"),
            }
        }
        assert_eq!(seen, expected, "{sort}");
    }
    for sort in ["status,", "status,total", "code,status,due_on,code", "--code"] {
        let path = format!("{PATH}?sort={sort}");
        let reply = server.ask(Ask::new("GET", &path).bearer(&token)).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "invalid-parameter"), "{sort}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_filter_does_not_take_is_refused() {
    let (server, token) = fixture().await;
    let twenty: Vec<String> = (0..20).map(|number| format!("code={number}")).collect();
    let twenty = twenty.join("&");
    let ask = async |query: &str| {
        server.ask(Ask::new("GET", &format!("{PATH}?{query}")).bearer(&token)).await
    };
    assert_eq!(codes(&ask(&twenty).await), "123456");
    for (query, code) in [
        (format!("{twenty}&code=20"), "invalid-parameter"),
        ("status=open&status=lost".to_owned(), "invalid-parameter"),
        ("status.ne=lost".to_owned(), "invalid-parameter"),
        ("due_on.null=yes".to_owned(), "invalid-parameter"),
        ("due_on.null=true&due_on.null=true".to_owned(), "invalid-parameter"),
        ("due_on.lt=2026-12-01&due_on.lt=2026-12-01".to_owned(), "invalid-parameter"),
        ("limit=1&limit=1".to_owned(), "invalid-parameter"),
        ("days=x".to_owned(), "invalid-parameter"),
        ("tags.gt=a".to_owned(), "unknown-parameter"),
        ("note.prefix=".to_owned(), "invalid-parameter"),
        ("note.prefix=a%00".to_owned(), "invalid-parameter"),
        (format!("note.prefix={}", "a".repeat(201)), "invalid-parameter"),
        ("mail.prefix=row".to_owned(), "unknown-parameter"),
        ("status.prefix=o".to_owned(), "unknown-parameter"),
        // None of several currencies is meant by itself.
        ("total=1.00".to_owned(), "invalid-parameter"),
        ("total.gte=2.00".to_owned(), "invalid-parameter"),
        ("sort=code&sort=code".to_owned(), "invalid-parameter"),
        // What always has a value, and what equals nothing exactly.
        ("status.null=true".to_owned(), "unknown-parameter"),
        ("share=0.5".to_owned(), "unknown-parameter"),
        ("share.ne=0.5".to_owned(), "unknown-parameter"),
    ] {
        let reply = ask(&query).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, code), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_is_of_its_values_in_whatever_order() {
    let (server, token) = fixture().await;
    let ask = async |query: &str| {
        server.ask(Ask::new("GET", &format!("{PATH}?{query}")).bearer(&token)).await
    };
    let mut seen = BTreeSet::new();
    let first = ask("limit=2&status=open&status=overdue").await;
    seen.extend(codes(&first).chars());
    let next = first.json()["next"].as_str().unwrap().to_owned();
    let second = ask(&format!("status=overdue&status=open&status=open&after={next}")).await;
    seen.extend(codes(&second).chars());
    assert_eq!(seen.into_iter().collect::<String>(), "2345");
    for other in ["status=open", "status=open&status=paid", "status.ne=open&status.ne=overdue", ""]
    {
        let reply = ask(&format!("{other}&after={next}")).await;
        assert_eq!(reply.code(), "invalid-cursor", "{other}");
    }
}
