//! Trees: the store's own statement finds what its rows say one by one.

use std::sync::Arc;

use expression::ir::Kind;
use expression::{EntityId, FieldIndex, Row, Type, Value};
use runtime::store::{
    Bound, Condition, Cursor, Level, PageQuery, PartLevel, Reference, Root, Snapshot as _, Sort,
    Store as _, StoreError, Terms, Tree, TreeQuery, TreeShape, tree_by_rows,
};

use crate::small::{self, CUSTOMER, ORDER, PRODUCT};
use crate::store_support::{customer, insert, order, product, shop, with};
use crate::stores::TestStore;

fn field(entity: EntityId, name: &str) -> FieldIndex {
    small::shop().schema.entity(entity).field(name).unwrap()
}

/// Every field of an entity, in an order of its own.
fn whole(entity: EntityId) -> Level {
    let mut level = Level::of(entity);
    let count = small::shop().schema.entity(entity).fields.len();
    for at in (0..count).rev() {
        level.field(FieldIndex(u16::try_from(at).unwrap()));
    }
    level
}

/// A question for orders with all around them; products only where the condition holds.
fn orders(root: Root, shape: &Arc<TreeShape>, condition: &Condition) -> TreeQuery {
    let doors = vec![Vec::new(), vec![condition.clone()]];
    TreeQuery { root, shape: shape.clone(), doors }
}

/// A question for whole rows.
fn rows_of(root: Root, entity: EntityId) -> TreeQuery {
    TreeQuery { root, shape: Arc::new(TreeShape::new(whole(entity))), doors: Vec::new() }
}

/// Orders with all around them, products behind the second door.
fn around() -> Level {
    let customer = Reference { field: field(ORDER, "customer"), door: 0, level: whole(CUSTOMER) };
    let product = Reference { field: FieldIndex(0), door: 1, level: whole(PRODUCT) };
    let lines = PartLevel { part: 0, fields: vec![FieldIndex(1)], references: vec![product] };
    let mut level = whole(ORDER);
    level.references.push(customer);
    level.parts.push(lines);
    level
}

fn rows() -> Vec<Row> {
    let mut rows = vec![customer(1, "one@example.org"), customer(2, "two@example.org")];
    for id in 10..16 {
        let row = product(id, &format!("code-{id}"), ["Lamp", "Desk"][(id % 2) as usize], 100);
        let weight = rust_decimal::Decimal::new(i64::try_from(id).unwrap() * 11, 3);
        let row = with(&row, "active", Value::Bool(id % 3 != 0));
        rows.push(match id % 2 {
            0 => with(&row, "weight", Value::Decimal(weight)),
            _ => row,
        });
    }
    rows.push(order(20, 1, 77, &[(10, 1), (12, 2), (15, 3)]));
    rows.push(order(21, 2, 76, &[]));
    rows.push(order(22, 1, 75, &[(11, 9), (11, 1)]));
    rows
}

async fn both(store: &TestStore, query: TreeQuery) -> Tree {
    let trees: Result<_, StoreError> = store
        .read(Terms::SERVER, move |session| {
            Box::pin(async move {
                let own = session.tree(&query).await?;
                Ok((own, tree_by_rows(session, &query).await?))
            })
        })
        .await;
    let (own, by_rows) = trees.unwrap();
    assert_eq!(own, by_rows);
    own
}

fn statements(store: &TestStore) -> f64 {
    let gauges = store.gauges();
    gauges.iter().find(|(name, ..)| *name == "store_statements_total").unwrap().2
}

#[tokio::test]
async fn a_tree_is_what_its_rows_say() {
    let (_folder, store) = shop();
    insert(&store, rows()).await.unwrap();
    let truth = small::expression(Kind::Literal(Value::Bool(true)), Type::Bool);
    let active = small::equals(small::own(PRODUCT, field(PRODUCT, "active"), Type::Bool), truth);
    let active = store.predicate(PRODUCT, &active).unwrap();
    let active = Condition { any: vec![Bound { predicate: active, values: vec![] }] };
    let shape = Arc::new(TreeShape::new(around()));
    let of = |root| orders(root, &shape, &active);
    let row = |id| Root::Row { field: FieldIndex(0), value: Value::Uuid(id), conditions: vec![] };
    let tree = both(&store, of(row(20))).await;
    let [order] = tree.rows.as_slice() else { panic!("{tree:?}") };
    let hidden: Vec<bool> =
        order.parts[0].iter().map(|line| line.references[0].is_none()).collect();
    assert_eq!(hidden, [false, true, true]);
    assert!(order.references[0].is_some());
    assert_eq!(both(&store, of(row(99))).await.rows, []);
    let page = Root::Page(PageQuery::new(ORDER, 2));
    let before = statements(&store);
    let query = of(page);
    let tree = both(&store, query).await;
    assert!(tree.more && tree.rows.len() == 2);
    let by_rows = statements(&store) - before - 1.0;
    assert!(by_rows > 5.0, "{by_rows}");
    let before = statements(&store);
    let query = of(row(20));
    let one: Result<_, StoreError> = store
        .read(Terms::SERVER, move |session| Box::pin(async move { session.tree(&query).await }))
        .await;
    assert_eq!((one.unwrap().rows.len(), statements(&store) - before), (1, 1.0));
    // Of unique fields, and of several ids in whatever order.
    let root = Root::Row {
        field: field(PRODUCT, "code"),
        value: Value::text("code-12"),
        conditions: vec![active.clone()],
    };
    assert_eq!(both(&store, rows_of(root, PRODUCT)).await.rows.len(), 0);
    let ids = vec![22, 20, 99];
    let query = of(Root::Rows { ids, conditions: vec![] });
    let found: Result<_, StoreError> = store
        .read(Terms::SERVER, move |session| Box::pin(async move { session.tree(&query).await }))
        .await;
    let mut ids: Vec<u128> = found.unwrap().rows.iter().map(|row| row.id).collect();
    ids.sort_unstable();
    assert_eq!(ids, [20, 22]);
}

#[tokio::test]
async fn pages_of_trees_have_the_order_of_pages_of_rows() {
    let (_folder, store) = shop();
    insert(&store, rows()).await.unwrap();
    for sorted in [None, Some("name"), Some("weight"), Some("code")] {
        for descending in [false, true] {
            let sort = sorted.map(|name| Sort { field: field(PRODUCT, name), descending });
            let mut page = PageQuery::new(PRODUCT, 2);
            page.sort = sort.into_iter().collect();
            let (mut seen, mut pages) = (Vec::new(), 0);
            loop {
                let query = rows_of(Root::Page(page.clone()), PRODUCT);
                let tree = both(&store, query).await;
                seen.extend(tree.rows.iter().map(|row| row.id));
                pages += 1;
                let Some(last) = tree.rows.last().filter(|_| tree.more) else { break };
                let value = |sort: Sort| {
                    // Fields were asked for from the last to the first.
                    last.fields[last.fields.len() - 1 - usize::from(sort.field.0)].clone()
                };
                page.after =
                    Some(Cursor { values: sort.map(value).into_iter().collect(), id: last.id });
            }
            seen.sort_unstable();
            assert_eq!((seen, pages), ((10..16).collect(), 3), "{sorted:?} {descending}");
        }
    }
}
