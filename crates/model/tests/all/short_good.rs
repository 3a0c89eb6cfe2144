//! Every short form means what the language reference says.

use base::{Duration, Percentile, Price, Share};
use expression::Type;
use expression::types::TextFormat;
use model::model::RetainEnd;
use model::syntax::{
    Entity, Field, ListItem, Literal, Modifier, Needs, Operation, Period, RateSyntax, Skew,
    SyntaxTree, TypeKind, VolumeSyntax,
};
use rust_decimal::Decimal;

use crate::expect::{lines, source, with_header};

fn tree(text: &str) -> SyntaxTree {
    let text = with_header(text);
    let (sources, root) = source(&text);
    let (tree, diagnostics) = model::syntax::parse(&sources, root);
    assert_eq!(lines(&sources, &diagnostics), Vec::<String>::new(), "{text}");
    tree
}

fn entity(keys: &str) -> Entity {
    let tree = tree(&format!("entities:\n  Thing:\n    {keys}\n"));
    tree.unassigned.entities.into_iter().next().expect("an entity").1
}

fn operation(keys: &str) -> Operation {
    let kind = if keys.starts_with("batch") { "act" } else { "list" };
    let tree =
        tree(&format!("operations:\n  look:\n    {kind}: Thing\n    by: [visitor]\n    {keys}\n"));
    tree.unassigned.operations.into_iter().next().expect("an operation").1
}

fn needs(keys: &str) -> Needs {
    let tree = tree(&format!("contexts:\n  shop:\n    needs:\n      {keys}\n"));
    tree.contexts.into_iter().next().and_then(|(_, context)| context.needs).expect("needs")
}

fn field(text: &str) -> Field {
    let entity = entity(&format!("fields:\n      a: {text}"));
    entity.fields.into_iter().next().expect("a field").1
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * b.abs().max(1.0)
}

#[test]
fn volumes() {
    for (text, rows, inflow) in [
        ("2k", 2e3, None),
        ("1_000", 1e3, None),
        ("2.5M + 60k/month", 2.5e6, Some(60e3 / 2_592_000.0)),
        ("0 + 1/s", 0.0, Some(1.0)),
        ("'1G + 1/year'", 1e9, Some(1.0 / 31_536_000.0)),
    ] {
        match entity(&format!("rows: {text}")).rows.expect("rows").value {
            VolumeSyntax::Rows { rows: found, inflow: rate } => {
                assert!(near(found, rows), "{text}: {found}");
                let rate = rate.map(|rate| rate.mean);
                assert!(rate.zip(inflow).is_none_or(|(a, b)| near(a, b)), "{text}: {rate:?}");
                assert_eq!(rate.is_some(), inflow.is_some());
            }
            other => panic!("{other:?}"),
        }
    }
    match entity("rows: 3 per shop.Order").rows.expect("rows").value {
        VolumeSyntax::Per { count, entity } => {
            assert!(near(count, 3.0));
            assert_eq!(entity.to_string(), "shop.Order");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn rates() {
    for (text, mean, peak, stated) in [
        ("4/s peak 40/s", 4.0, 40.0, true),
        ("60/min", 1.0, 1.0, false),
        ("0.5/s", 0.5, 0.5, false),
        ("7/week in 42h/week", 7.0 / 604_800.0, 28.0 / 604_800.0, false),
        ("1/day peak 5/s in 40h/week", 1.0 / 86_400.0, 5.0, true),
    ] {
        match operation(&format!("rate: {text}")).rate.expect("a rate").value {
            RateSyntax::Requests { rate, peak_stated, .. } => {
                assert!(near(rate.mean, mean) && near(rate.peak, peak), "{text}: {rate:?}");
                assert_eq!(peak_stated, stated, "{text}");
            }
            RateSyntax::Open { .. } => panic!("{text}"),
        }
    }
    match operation("rate: 5k open x 2/s fan-out 3").rate.expect("a rate").value {
        RateSyntax::Open { count, per_stream, fan_out } => {
            assert!(near(count, 5000.0));
            assert!(per_stream.is_some_and(|rate| near(rate.mean, 2.0)));
            assert!(fan_out.is_some_and(|fan_out| near(*fan_out, 3.0)));
        }
        RateSyntax::Requests { .. } => panic!("open"),
    }
}

#[test]
fn durations_and_latencies() {
    for (text, millis) in [
        ("250ms", 250),
        ("1.5s", 1_500),
        ("2min", 120_000),
        ("1h", 3_600_000),
        ("1d", 86_400_000),
        ("1month", 2_592_000_000),
        ("1y", 31_536_000_000),
    ] {
        let stale = operation(&format!("stale: {text}")).stale.expect("a duration");
        assert_eq!(*stale, Duration::from_millis(millis), "{text}");
    }
    let latency = operation("latency: p50 180ms p99 900ms p999 2s").latency.expect("a latency");
    assert_eq!(latency.0.len(), 3);
    assert_eq!(latency.0[2], (Percentile(0.999), Duration::from_millis(2000)));
}

#[test]
fn shares_factors_sizes_and_prices() {
    let needs = needs(
        "{ availability: 99.95%, growth: 100%/year, headroom: 10x, budget: 4000 EUR/month, \
         concurrent_users: 50k, recovery: { rto: 1h, rpo: 5min }, assurance: L2 }",
    );
    assert!(needs.availability.is_some_and(|share| near(share.0, 0.9995)));
    assert!(needs.growth.is_some_and(|growth| near(growth.per_year.0, 1.0)));
    assert!(needs.headroom.is_some_and(|factor| near(*factor, 10.0)));
    assert!(needs.concurrent_users.is_some_and(|count| near(*count, 50e3)));
    let price =
        Price { micros: 4_000_000_000, currency: "EUR".to_owned(), per: Some("month".to_owned()) };
    assert_eq!(needs.budget.map(|budget| budget.value), Some(price));
    assert_eq!(operation("payload: 2.5KiB").payload.map(|size| size.0), Some(2560));
    assert_eq!(operation("page: 20").page.map(|page| page.value), Some(20));
    let batch = operation("batch: 10 in 1..720").batch.expect("a batch").value;
    assert_eq!((batch.mean, batch.min, batch.max), (Some(10.0), 1, 720));
    assert_eq!(entity("skew: hot 9%").skew.map(|skew| skew.value), Some(Skew::Hot(Share(0.09))));
    assert_eq!(entity("skew: zipf 1.0").skew.map(|skew| skew.value), Some(Skew::Zipf(1.0)));
}

#[test]
fn nothing_at_all_may_be_lost() {
    let point = |text: &str| {
        let needs = needs(&format!("recovery: {{ rto: 1h, rpo: {text} }}"));
        needs.recovery.expect("a recovery").point.expect("a point").value
    };
    assert_eq!(point("0s"), Duration::default());
    assert_eq!(point("0min"), Duration::default());
    assert_eq!(point("5min").as_secs_f64(), 300.0);
}

#[test]
fn retentions() {
    let retain = entity("retain: 2y after deleted_at then anonymise").retain.expect("a retention");
    assert_eq!(*retain.period, Duration::from_millis(63_072_000_000));
    assert_eq!(retain.after.as_deref().map(String::as_str), Some("deleted_at"));
    assert_eq!(retain.end, RetainEnd::Anonymise);
    assert_eq!(entity("retain: 90d").retain.expect("a retention").end, RetainEnd::Delete);
    let audit = entity("audit: { all, retain: 6y }").audit.expect("an audit");
    assert!(audit.retain.is_some());
    assert!(entity("audit: { \"all\": null }").audit.is_some());
    let keep = entity("keep: { for: 10y, because: tax law }").keep.expect("a hold");
    assert_eq!(keep.because.value, "tax law");
}

#[test]
fn built_in_types() {
    let text = |format, min, max| Type::Text { format, min, max };
    for (written, expected) in [
        ("string", Type::string(255)),
        ("string(4)", text(TextFormat::String, 4, 4)),
        ("string(1..200)", text(TextFormat::String, 1, 200)),
        ("string(..1k)", text(TextFormat::String, 0, 1000)),
        ("markdown", text(TextFormat::Markdown, 0, 65_536)),
        ("int", Type::INT),
        ("int(-5..5)", Type::Int { min: -5, max: 5 }),
        ("int(0..)", Type::Int { min: 0, max: (1 << 53) - 1 }),
        ("decimal(3,2)", Type::Decimal { precision: 3, scale: 2 }),
        ("decimal(10, 4)", Type::Decimal { precision: 10, scale: 4 }),
        ("money", Type::MONEY),
        ("money(0..)", Type::Money { min: Some(Decimal::ZERO), max: None }),
        ("file(..5MiB)", Type::File { max_bytes: 5 << 20 }),
        ("timestamp", Type::Timestamp),
        ("geo", Type::Geo),
    ] {
        match field(written).ty.kind {
            TypeKind::BuiltIn(ty) => assert_eq!(ty, expected, "{written}"),
            other => panic!("{written}: {other:?}"),
        }
    }
}

#[test]
fn composed_types() {
    match field("list(list(enum(a, b)), 1..3)").ty.kind {
        TypeKind::List { of, size } => {
            let size = size.expect("a size");
            assert_eq!((size.min, size.max), (Some(1), Some(3)));
            assert!(matches!(
                *of,
                ListItem::Type(ref ty) if matches!(ty.kind, TypeKind::List { .. })
            ));
        }
        other => panic!("{other:?}"),
    }
    for name in ["Order", "catalog.Product", "Order.lines", "catalog.Order.lines"] {
        assert!(matches!(field(name).ty.kind, TypeKind::Name(path) if path.to_string() == name));
    }
    assert!(matches!(field("snapshot(Order)").ty.kind, TypeKind::Snapshot(_)));
}

#[test]
fn defaults_and_modifiers() {
    let number = |n: i64| Literal::Number(Decimal::from(n));
    for (written, expected) in [
        ("int = 4", number(4)),
        ("int = -1_000", number(-1000)),
        ("bool = true", Literal::Bool(true)),
        ("timestamp = now", Literal::Now),
        ("enum(new, used) = new", Literal::Word("new".to_owned())),
        ("string = 'it''s'", Literal::Text("it's".to_owned())),
        ("{ type: string, default: \"two words\" }", Literal::Text("two words".to_owned())),
        ("{ type: int, default: 4 }", number(4)),
    ] {
        assert_eq!(
            field(written).default.map(|literal| literal.value),
            Some(expected),
            "{written}"
        );
    }
    let written = field("int? = 0 readonly sequence(channel) pii");
    assert!(written.optional.is_some());
    let modifiers: Vec<Modifier> = written.modifiers.into_iter().map(|m| m.value).collect();
    assert!(
        matches!(&modifiers[..], [Modifier::Readonly, Modifier::Sequence(field), Modifier::Pii]
        if field.value == "channel")
    );
    let long = field("{ type: list, of: { a: int }, size: 1..3, optional: true, unique: true }");
    assert!(long.optional.is_some() && long.modifiers.len() == 1);
    assert!(matches!(long.ty.kind, TypeKind::List { .. }));
}

#[test]
fn schedules() {
    let tree = tree(
        "schedules:\n  a: { every: 1d at 02:30, call: x.y }\n  b: { every: month, call: x.y }\n  \
         c: { at: self.due, for: x.Bill, call: x.y, within: 1h }\n",
    );
    let every = |at: usize| tree.schedules[at].1.every.as_ref().map(|every| every.value);
    let daily = every(0).expect("a period");
    assert_eq!(
        (daily.period, daily.at),
        (Period::Duration(Duration::from_millis(86_400_000)), Some(150))
    );
    assert_eq!(every(1).map(|every| every.period), Some(Period::Month));
    assert!(tree.schedules[2].1.at.is_some());
}
