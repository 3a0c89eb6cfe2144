//! Pages: order, places to start, filters, search, distance.

use expression::ir::{Expression, Kind, VariableIndex};
use expression::{EntityId, FieldIndex, Type, Value, value::Geo};
use proptest::prelude::*;
use runtime::store::{
    Bound, Comparison, Condition, Cursor, Filter, Near, PageQuery, Snapshot, Sort, Store,
    StoreError,
};

use crate::small::{self, CUSTOMER, ORDER, PRODUCT};
use crate::store_support::{customer, euros, insert, order, product, shop, with};
use crate::stores::TestStore;

fn field(entity: EntityId, name: &str) -> FieldIndex {
    small::shop().shape(entity).field(name).unwrap()
}

async fn page(store: &TestStore, query: PageQuery) -> Result<(Vec<u128>, bool), StoreError> {
    let page = store
        .read(runtime::store::Terms::SERVER, move |session| {
            Box::pin(async move { session.page(&query).await })
        })
        .await?;
    let id = |row: &std::sync::Arc<expression::Row>| match row.fields[0] {
        Value::Uuid(id) => id,
        _ => panic!("no id"),
    };
    Ok((page.rows.iter().map(id).collect(), page.more))
}

/// All pages, one after the other.
async fn walk(store: &TestStore, mut query: PageQuery) -> Vec<u128> {
    let mut ids = Vec::new();
    loop {
        let asked = query.clone();
        let page: Result<_, StoreError> = store
            .read(runtime::store::Terms::SERVER, move |session| {
                Box::pin(async move { session.page(&asked).await })
            })
            .await;
        let page = page.unwrap();
        assert!(page.rows.len() <= query.limit as usize);
        let Some(last) = page.rows.last() else {
            assert!(!page.more);
            return ids;
        };
        let value = |sort: &Sort| last.fields[usize::from(sort.field.0)].clone();
        let Value::Uuid(id) = last.fields[0] else { panic!("no id") };
        query.after = Some(Cursor { values: query.sort.iter().map(value).collect(), id });
        for row in &page.rows {
            let Value::Uuid(id) = row.fields[0] else { panic!("no id") };
            ids.push(id);
        }
        if !page.more {
            return ids;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn pages_hold_every_row_once_in_order_with_ties_and_nulls(
        weights in prop::collection::vec(prop::option::of(0i64..4), 0..24),
        limit in 1u32..6,
        descending: bool,
    ) {
        let (_folder, store) = shop();
        let weight = |weight: &Option<i64>| weight.map_or(Value::Null, |w| {
            Value::Decimal(rust_decimal::Decimal::new(w, 3))
        });
        let rows = (1u128..).zip(&weights).map(|(id, w)| {
            with(&product(id, &format!("c{id}"), "x", 1), "weight", weight(w))
        });
        let rows: Vec<_> = rows.collect();
        let mut expected: Vec<(u128, Option<i64>)> =
            (1u128..).zip(weights.iter().copied()).collect();
        expected.sort_by_key(|(id, weight)| {
            let value = weight.map(|w| if descending { -w } else { w });
            (value.is_none(), value, *id)
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let found = runtime.block_on(async {
            insert(&store, rows).await.unwrap();
            let mut query = PageQuery::new(PRODUCT, limit);
            query.sort = vec![Sort { field: field(PRODUCT, "weight"), descending }];
            walk(&store, query).await
        });
        prop_assert_eq!(found, expected.into_iter().map(|(id, _)| id).collect::<Vec<_>>());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn several_fields_order_one_after_the_other(
        rows in prop::collection::vec((prop::option::of(0i64..3), 0i64..3), 0..24),
        limit in 1u32..6,
        directions: [bool; 2],
        first in 0usize..2,
    ) {
        let (_folder, store) = shop();
        let weight = |weight: Option<i64>| weight.map_or(Value::Null, |w| {
            Value::Decimal(rust_decimal::Decimal::new(w, 3))
        });
        let row = |(id, (w, price)): (u128, &(Option<i64>, i64))| {
            with(&product(id, &format!("c{id}"), "x", *price), "weight", weight(*w))
        };
        let all: Vec<_> = (1u128..).zip(&rows).map(row).collect();
        let names = ["weight", "price"];
        let mut order: Vec<usize> = vec![0, 1];
        order.rotate_left(first);
        let key = |id: u128| {
            let (w, price) = rows[usize::try_from(id).unwrap() - 1];
            let of = |at: usize| {
                let value = if at == 0 { w } else { Some(price) };
                let value = value.map(|value| if directions[at] { -value } else { value });
                (value.is_none(), value)
            };
            (of(order[0]), of(order[1]), id)
        };
        let mut expected: Vec<u128> = (1..=rows.len() as u128).collect();
        expected.sort_by_key(|id| key(*id));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let found = runtime.block_on(async {
            insert(&store, all).await.unwrap();
            let mut query = PageQuery::new(PRODUCT, limit);
            let sort = |at: &usize| {
                Sort { field: field(PRODUCT, names[*at]), descending: directions[*at] }
            };
            query.sort = order.iter().map(sort).collect();
            walk(&store, query).await
        });
        prop_assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn required_fields_sort_both_ways_and_ids_sort_alone() {
    let (_folder, store) = shop();
    let prices = [300, 100, 200, 100, 300, 100];
    let rows = (1u128..).zip(prices).map(|(id, price)| product(id, &format!("c{id}"), "x", price));
    insert(&store, rows.collect()).await.unwrap();
    let mut query = PageQuery::new(PRODUCT, 2);
    assert_eq!(walk(&store, query.clone()).await, [1, 2, 3, 4, 5, 6]);
    query.sort = vec![Sort { field: field(PRODUCT, "price"), descending: false }];
    assert_eq!(walk(&store, query.clone()).await, [2, 4, 6, 3, 1, 5]);
    query.sort = vec![Sort { field: field(PRODUCT, "price"), descending: true }];
    assert_eq!(walk(&store, query).await, [1, 5, 3, 2, 4, 6]);
}

#[tokio::test]
async fn filters_narrow_and_no_alternative_means_no_row() {
    let (_folder, store) = shop();
    let rows = (1u128..6).map(|id| product(id, &format!("c{id}"), "x", id as i64 * 100));
    let mut rows: Vec<_> = rows.collect();
    rows[4] = with(&rows[4], "weight", Value::Decimal(5.into()));
    insert(&store, rows).await.unwrap();
    let filter = |name, comparison, value| {
        let mut query = PageQuery::new(PRODUCT, 9);
        query.filters = vec![Filter { field: field(PRODUCT, name), comparison, value }];
        query
    };
    let find = async |query| page(&store, query).await.unwrap().0;
    assert_eq!(find(filter("price", Comparison::Equal, euros(200))).await, [2]);
    assert_eq!(find(filter("price", Comparison::Greater, euros(300))).await, [4, 5]);
    assert_eq!(find(filter("price", Comparison::GreaterOrEqual, euros(300))).await, [3, 4, 5]);
    assert_eq!(find(filter("price", Comparison::Less, euros(200))).await, [1]);
    assert_eq!(find(filter("price", Comparison::LessOrEqual, euros(200))).await, [1, 2]);
    assert_eq!(find(filter("weight", Comparison::Equal, Value::Null)).await, [1, 2, 3, 4]);
    assert_eq!(find(filter("weight", Comparison::Less, Value::Null)).await, [0u128; 0]);
    let weights = [Value::Null, Value::Decimal(5.into())];
    let weight =
        |comparison, values: &[Value]| filter("weight", comparison, Value::List(values.into()));
    assert_eq!(find(weight(Comparison::AnyOf, &weights)).await, [1, 2, 3, 4, 5]);
    assert_eq!(find(weight(Comparison::NoneOf, &weights)).await, [0u128; 0]);
    assert_eq!(find(weight(Comparison::AnyOf, &weights[..1])).await, [1, 2, 3, 4]);
    assert_eq!(find(weight(Comparison::NoneOf, &weights[..1])).await, [5]);
    assert_eq!(find(weight(Comparison::AnyOf, &weights[1..])).await, [5]);
    assert_eq!(find(weight(Comparison::NoneOf, &weights[1..])).await, [1, 2, 3, 4]);
    assert_eq!(find(weight(Comparison::AnyOf, &[])).await, [0u128; 0]);
    assert_eq!(find(weight(Comparison::NoneOf, &[])).await, [1, 2, 3, 4, 5]);
    let prices = Value::List([euros(100), euros(300), euros(300)].into());
    assert_eq!(find(filter("price", Comparison::AnyOf, prices.clone())).await, [1, 3]);
    assert_eq!(find(filter("price", Comparison::NoneOf, prices)).await, [2, 4, 5]);
    let mut nothing = PageQuery::new(PRODUCT, 9);
    nothing.conditions = vec![Condition::default()];
    assert_eq!(find(nothing).await, [0u128; 0]);
}

/// A condition with the values of its parameters.
fn bound(store: &TestStore, entity: EntityId, condition: &Expression, values: &[Value]) -> Bound {
    let predicate = store.predicate(entity, condition).unwrap();
    assert_eq!(predicate.parameters.len(), values.len());
    Bound { predicate, values: values.to_vec() }
}

/// `self.customer == actor`.
fn own_order() -> Expression {
    let ty = Type::Reference(CUSTOMER);
    let actor = small::expression(Kind::Variable(VariableIndex::ACTOR), ty.clone());
    small::equals(small::own(ORDER, field(ORDER, "customer"), ty), actor)
}

fn with_status(status: &str) -> Expression {
    let status_field = field(ORDER, "status");
    let ty = small::shop().shape(ORDER).fields[usize::from(status_field.0)].ty.clone();
    small::equals(small::own(ORDER, status_field, ty), small::text(status))
}

#[tokio::test]
async fn conditions_hold_together_and_their_alternatives_apart() {
    let (_folder, store) = shop();
    let mut rows = vec![customer(1, "a@example.org"), customer(2, "b@example.org")];
    rows.extend((10u128..14).map(|id| order(id, 1 + id % 2, id as i64, &[])));
    let paid = |row: &expression::Row| with(row, "status", Value::text("paid"));
    rows[2] = paid(&rows[2]);
    rows[3] = paid(&rows[3]);
    insert(&store, rows).await.unwrap();
    let own = |id| bound(&store, ORDER, &own_order(), &[Value::Uuid(id)]);
    let status = |status: &str| bound(&store, ORDER, &with_status(status), &[]);
    let find = async |conditions: Vec<Condition>| {
        let mut query = PageQuery::new(ORDER, 9);
        query.conditions = conditions.clone();
        let found = page(&store, query).await.unwrap().0;
        for id in 10..14 {
            let conditions = conditions.clone();
            let holds: Result<_, StoreError> = store
                .read(runtime::store::Terms::SERVER, move |session| {
                    Box::pin(async move { session.satisfies(ORDER, id, &conditions).await })
                })
                .await;
            assert_eq!(holds.unwrap(), found.contains(&id), "page and row differ on {id}");
        }
        found
    };
    assert_eq!(find(vec![own(1).into()]).await, [10, 12]);
    assert_eq!(find(vec![own(2).into(), status("paid").into()]).await, [11]);
    let either = Condition { any: vec![own(1), own(2)] };
    assert_eq!(find(vec![either.clone()]).await, [10, 11, 12, 13]);
    assert_eq!(find(vec![either, status("open").into()]).await, [12, 13]);
    assert_eq!(find(vec![own(1).into(), Condition::default()]).await, [0u128; 0]);
    assert_eq!(find(vec![own(7).into()]).await, [0u128; 0]);
}

#[tokio::test]
async fn pages_come_with_parts() {
    let (_folder, store) = shop();
    let mut rows = vec![customer(1, "a@example.org"), product(2, "c", "x", 1)];
    rows.extend(
        (10u128..60).map(|id| order(id, 1, 60 - id as i64, &[(2, 1), (2, id as i64 % 9 + 1)])),
    );
    insert(&store, rows.clone()).await.unwrap();
    let mut query = PageQuery::new(ORDER, 50);
    query.sort = vec![Sort { field: field(ORDER, "placed_at"), descending: true }];
    let page: Result<_, StoreError> = store
        .read(runtime::store::Terms::SERVER, move |session| {
            Box::pin(async move { session.page(&query).await })
        })
        .await;
    let page = page.unwrap();
    assert!(!page.more);
    let found: Vec<_> = page.rows.iter().map(|row| (**row).clone()).collect();
    assert_eq!(found, rows[2..]);
}

#[tokio::test]
async fn search_demands_every_word_and_takes_the_last_as_a_prefix() {
    let (_folder, store) = shop();
    let names =
        ["Red desk lamp", "Red chair", "Blue lamp", "Lámpara roja", "it's \"odd\" (really)"];
    let rows = (1u128..).zip(names).map(|(id, name)| product(id, &format!("c{id}"), name, 1));
    insert(&store, rows.collect()).await.unwrap();
    let find = async |words: &str| {
        let mut query = PageQuery::new(PRODUCT, 9);
        query.search = Some(words.to_owned());
        page(&store, query).await.unwrap().0
    };
    assert_eq!(find("lamp").await, [1, 3, 4]);
    // Marks on letters say nothing, on either side, apart or as one sign.
    assert_eq!(find("LÁMPARA").await, [4]);
    assert_eq!(find("la\u{301}mpara rojá").await, [4]);
    assert_eq!(find("lamp red").await, [1]);
    assert_eq!(find("red la").await, [1]);
    assert_eq!(find("RED").await, [1, 2]);
    assert_eq!(find("odd").await, [5]);
    assert_eq!(find("it's").await, [5]);
}

/// A store may look for rare words in another way than for common ones.
#[tokio::test]
async fn pages_of_a_common_word_and_of_a_rare_one_are_in_order() {
    let (_folder, store) = shop();
    let name = |id: u128| {
        if id.is_multiple_of(50) { format!("Lamp {id} rare") } else { format!("Lamp {id}") }
    };
    let rows: Vec<_> =
        (1u128..4_500).map(|id| product(id, &format!("c{id}"), &name(id), id as i64 % 7)).collect();
    insert(&store, rows).await.unwrap();
    for (word, every, pages) in [("lamp", 1, 2), ("rare", 50, 9), ("none", 5_000, 1)] {
        for descending in [false, true] {
            let mut expected: Vec<u128> = (1..4_500).filter(|id| id % every == 0).collect();
            expected.sort_by_key(|id| {
                let price = (id % 7) as i64;
                (if descending { -price } else { price }, *id)
            });
            let mut query = PageQuery::new(PRODUCT, 20);
            query.search = Some(word.to_owned());
            query.sort = vec![Sort { field: field(PRODUCT, "price"), descending }];
            let mut found = Vec::new();
            for _ in 0..pages {
                let (ids, more) = page(&store, query.clone()).await.unwrap();
                found.extend(ids);
                let Some(last) = found.last().filter(|_| more) else { break };
                query.after = Some(Cursor { values: vec![euros((*last % 7) as i64)], id: *last });
            }
            for (most, counted) in [(9_999, expected.len()), (10, expected.len().min(10))] {
                let asked = query.clone();
                let count: Result<_, StoreError> = store
                    .read(runtime::store::Terms::SERVER, move |session| {
                        Box::pin(async move { session.count(&asked, most).await })
                    })
                    .await;
                assert_eq!(count.unwrap() as usize, counted, "{word}");
            }
            expected.truncate(20 * pages);
            assert_eq!(found, expected, "{word} {descending}");
        }
    }
}

#[tokio::test]
async fn search_takes_hostile_input_as_words() {
    let (_folder, store) = shop();
    insert(&store, vec![product(1, "c", "name:x OR lamp", 1)]).await.unwrap();
    let many = "a ".repeat(10_000);
    let long = "x".repeat(100_000);
    let hostile = [
        "\"",
        "'",
        "*",
        "a*b",
        "NEAR(a b, 2)",
        "name:x",
        "-lamp",
        "^lamp",
        "{a b}:c",
        "a AND",
        "OR",
        "(",
        ")",
        "\0",
        "a\0b",
        "\u{202e}abc",
        "; DROP TABLE sales_products",
        "\"\"\"",
        "+",
        "",
        " ",
        &many,
        &long,
    ];
    for words in hostile {
        let mut query = PageQuery::new(PRODUCT, 9);
        query.search = Some(words.to_owned());
        let found = page(&store, query).await;
        assert!(found.is_ok(), "{words:.40?}: {found:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn search_never_fails(words in "\\PC{0,30}") {
        thread_local! {
            static SHOP: (crate::store_support::Folder, TestStore) = shop();
        }
        SHOP.with(|(_, store)| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let mut query = PageQuery::new(PRODUCT, 9);
            query.search = Some(words.clone());
            runtime.block_on(page(store, query)).map(|_| ()).map_err(|error| {
                TestCaseError::fail(error.to_string())
            })
        })?;
    }
}

#[tokio::test]
async fn near_is_a_circle_even_across_the_date_line() {
    let (_folder, store) = shop();
    let places = [(52.52, 13.40), (52.60, 13.40), (53.55, 9.99), (0.0, 179.99), (0.0, -179.99)];
    let rows = (1u128..).zip(places).map(|(id, (latitude, longitude))| {
        let place = Value::Geo(Geo { latitude, longitude });
        with(&product(id, &format!("c{id}"), "x", 1), "place", place)
    });
    let mut rows: Vec<_> = rows.collect();
    rows.push(product(6, "nowhere", "x", 1));
    insert(&store, rows).await.unwrap();
    let find = async |latitude, longitude, within| {
        let mut query = PageQuery::new(PRODUCT, 9);
        let field = field(PRODUCT, "place");
        query.near = Some(Near { field, latitude, longitude, within });
        page(&store, query).await.unwrap().0
    };
    assert_eq!(find(52.52, 13.40, 5_000.0).await, [1]);
    assert_eq!(find(52.52, 13.40, 9_000.0).await, [1, 2]);
    assert_eq!(find(52.52, 13.40, 300_000.0).await, [1, 2, 3]);
    assert_eq!(find(0.0, 180.0, 5_000.0).await, [4, 5]);
    assert_eq!(find(0.0, 0.0, 50_000_000.0).await, [1, 2, 3, 4, 5]);
    assert_eq!(find(90.0, 0.0, 5_000_000.0).await, [1, 2, 3]);
}
