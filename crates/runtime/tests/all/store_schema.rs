//! A store that meets another model than the one before.

use expression::types::TextFormat;
use expression::{EntityId, Type, Value};
use model::Model;
use model::model::Default;
use runtime::store::{PageQuery, Snapshot, Store, StoreError};

use crate::small::{self, CUSTOMER, ORDER, PRODUCT, string};
use crate::store_support::{Folder, customer, insert, open, order, product, row};

/// Opens with one model, writes rows, and opens with another.
async fn reopened(folder: &Folder, change: impl Fn(&mut Model)) -> Result<Model, StoreError> {
    {
        let store = open(folder, small::shop())?;
        let rows = vec![
            customer(1, "a@example.org"),
            product(2, "lamp", "Lamp", 1250),
            product(3, "desk", "Desk", 1),
            order(4, 1, 77, &[(2, 1), (3, 2)]),
        ];
        insert(&store, rows).await?;
    }
    let mut model = small::shop();
    change(&mut model);
    open(folder, model.clone())?;
    Ok(model)
}

/// The same in a directory of its own.
async fn changed(change: impl Fn(&mut Model)) -> Result<Model, StoreError> {
    reopened(&Folder::new(), change).await
}

fn add_field(model: &mut Model, entity: EntityId, name: &str, ty: Type, default: Option<Default>) {
    let at = entity.0 as usize;
    let mut field = model.entities[at].fields[0].clone();
    field.name.value = name.to_owned();
    field.ty = ty.clone();
    field.built_in = None;
    field.default = default;
    model.entities[at].fields.push(field);
    let shape = expression::FieldShape { name: name.to_owned(), ty };
    model.schema.entities[at].fields.push(shape);
}

fn set_type(model: &mut Model, entity: EntityId, name: &str, ty: Type) {
    let at = usize::from(model.shape(entity).field(name).unwrap().0);
    model.entities[entity.0 as usize].fields[at].ty = ty.clone();
    model.schema.entities[entity.0 as usize].fields[at].ty = ty;
}

/// A table of the shop as messages of the store call it.
fn table(name: &str) -> String {
    format!("sales{}{name}", crate::stores::BETWEEN)
}

fn differences(error: Result<Model, StoreError>) -> String {
    match error {
        Err(StoreError::Incompatible { differences }) => differences.join("\n"),
        other => panic!("not refused: {:?}", other.map(|_| ())),
    }
}

async fn last_field(folder: &Folder, model: Model, entity: EntityId, id: u128) -> Value {
    let store = open(folder, model).unwrap();
    row(&store, entity, id).await.unwrap().fields.last().unwrap().clone()
}

#[tokio::test]
async fn the_same_model_changes_nothing() {
    let folder = Folder::new();
    let model = reopened(&folder, |_| {}).await.unwrap();
    let store = open(&folder, model).unwrap();
    assert!(row(&store, ORDER, 4).await.is_some());
}

#[tokio::test]
async fn a_field_that_may_be_null_is_added() {
    let folder = Folder::new();
    let model =
        reopened(&folder, |model| add_field(model, PRODUCT, "note", string(0, 9).optional(), None))
            .await
            .unwrap();
    assert_eq!(last_field(&folder, model.clone(), PRODUCT, 2).await, Value::Null);
    // And once more, now that the column is at the end of the table.
    let mut model = model;
    add_field(&mut model, PRODUCT, "more", Type::Bool.optional(), None);
    assert_eq!(last_field(&folder, model, PRODUCT, 2).await, Value::Null);
}

#[tokio::test]
async fn a_field_with_a_default_is_added_to_a_table_that_others_refer_to() {
    let folder = Folder::new();
    let default = Some(Default::Value(Value::text("it's")));
    let model = reopened(&folder, |model| {
        add_field(model, PRODUCT, "note", string(0, 9), default.clone());
    })
    .await
    .unwrap();
    assert_eq!(last_field(&folder, model.clone(), PRODUCT, 2).await, Value::text("it's"));
    let store = open(&folder, model).unwrap();
    let order = row(&store, ORDER, 4).await.unwrap();
    assert_eq!(order.parts[0].len(), 2, "rebuilding the products took lines along");
    let mut query = PageQuery::new(PRODUCT, 9);
    query.search = Some("lamp".into());
    let found: Result<_, StoreError> = store
        .read(runtime::store::Terms::SERVER, move |session| {
            Box::pin(async move { session.page(&query).await })
        })
        .await;
    assert_eq!(found.unwrap().rows.len(), 1, "full-text search lost rows");
    let again = insert(&store, vec![customer(9, "a@example.org")]).await;
    assert_eq!(again, Err(StoreError::Unique { code: "email-taken".into() }));
}

#[tokio::test]
async fn rows_that_were_there_are_found_by_fields_that_are_searched_from_now_on() {
    let folder = Folder::new();
    let searched = |model: &mut Model, name: &str, is: bool| {
        let at = usize::from(model.shape(PRODUCT).field(name).unwrap().0);
        model.entities[PRODUCT.0 as usize].fields[at].modifiers.search = is;
    };
    let find = async |model: &Model, words: &str| {
        let store = open(&folder, model.clone()).unwrap();
        let mut query = PageQuery::new(PRODUCT, 9);
        query.search = Some(words.to_owned());
        let found: Result<_, StoreError> = store
            .read(runtime::store::Terms::SERVER, move |session| {
                Box::pin(async move { session.page(&query).await })
            })
            .await;
        found.unwrap().rows.len()
    };
    let mut model = small::shop();
    let store = open(&folder, model.clone()).unwrap();
    insert(&store, vec![product(2, "x17", "Lamp", 1), product(3, "x18", "Desk", 1)]).await.unwrap();
    drop(store);
    assert_eq!((find(&model, "x17").await, find(&model, "lamp").await), (0, 1));
    searched(&mut model, "code", true);
    assert_eq!((find(&model, "x17").await, find(&model, "lamp").await), (1, 1));
    searched(&mut model, "name", false);
    assert_eq!((find(&model, "x17").await, find(&model, "lamp").await), (1, 0));
}

#[tokio::test]
async fn lists_start_empty_and_dates_today_in_rows_that_were_there() {
    let list = || Type::List { of: Box::new(string(0, 9)), min: 0, max: 3 };
    let folder = Folder::new();
    let model = reopened(&folder, |model| add_field(model, PRODUCT, "tags", list(), None)).await;
    let mut model = model.unwrap();
    assert_eq!(last_field(&folder, model.clone(), PRODUCT, 2).await, Value::List([].into()));
    add_field(&mut model, PRODUCT, "since", Type::Date, Some(Default::Now));
    assert!(matches!(last_field(&folder, model, PRODUCT, 2).await, Value::Date(_)));
}

#[tokio::test]
async fn a_required_field_without_a_default_needs_an_empty_table() {
    let folder = Folder::new();
    let add = |model: &mut Model| add_field(model, PRODUCT, "note", string(0, 9), None);
    let message = differences(reopened(&folder, add).await);
    assert!(message.contains("sales.Product: `note` is required"), "{message}");
    // Nothing was changed.
    let store = open(&folder, small::shop()).unwrap();
    assert!(row(&store, PRODUCT, 2).await.is_some());
    drop(store);
    let empty = Folder::new();
    open(&empty, small::shop()).unwrap();
    let mut model = small::shop();
    add(&mut model);
    open(&empty, model).unwrap();
}

#[tokio::test]
async fn members_and_ranges_may_grow_but_not_shrink_below_what_is_stored() {
    let members = |members: &[&str]| {
        Type::Enum(members.iter().map(|member| (*member).to_owned()).collect::<Vec<_>>().into())
    };
    let folder = Folder::new();
    let grown = reopened(&folder, |model| {
        set_type(model, ORDER, "status", members(&["open", "paid", "sent"]));
        set_type(model, PRODUCT, "name", string(1, 999));
    });
    grown.await.unwrap();
    let shrunk = changed(|model| set_type(model, ORDER, "status", members(&["paid"])));
    assert!(differences(shrunk.await).contains("sales.Order"));
    let shorter = changed(|model| set_type(model, PRODUCT, "name", string(1, 2)));
    assert!(differences(shorter.await).contains("sales.Product"));
    let unused = changed(|model| {
        set_type(model, ORDER, "status", members(&["open"]));
    });
    unused.await.unwrap();
}

#[tokio::test]
async fn another_type_is_refused_even_where_the_bits_would_fit() {
    let scale = changed(|model| {
        set_type(model, PRODUCT, "price", Type::Decimal { precision: 18, scale: 3 });
    });
    let message = differences(scale.await);
    assert!(message.contains(&table("products.price")), "{message}");
    assert!(message.contains("money in EUR") && message.contains("3 digits"), "{message}");
    let text = Type::Text { format: TextFormat::Text, min: 0, max: 65_536 };
    let wider = changed(|model| set_type(model, PRODUCT, "name", text.clone()));
    wider.await.unwrap();
    // A column that never held anything may become what it likes.
    let empty = changed(|model| {
        set_type(model, PRODUCT, "weight", Type::Bool.optional());
    });
    empty.await.unwrap();
}

#[tokio::test]
async fn what_holds_values_is_not_dropped() {
    let field = |name: &'static str| {
        move |model: &mut Model| {
            let at = usize::from(model.shape(PRODUCT).field(name).unwrap().0);
            model.entities[PRODUCT.0 as usize].fields.remove(at);
            model.schema.entities[PRODUCT.0 as usize].fields.remove(at);
        }
    };
    let message = differences(changed(field("active")).await);
    assert!(message.contains(&table("products.active")), "{message}");
    changed(field("place")).await.unwrap();
    let entity = changed(|model| {
        model.entities.pop();
        model.schema.entities.pop();
    });
    let message = differences(entity.await);
    assert!(message.contains(&format!("{}` holds 1 rows", table("orders"))), "{message}");
    assert!(message.contains(&table("orders_lines")), "{message}");
}

#[tokio::test]
async fn a_new_key_is_refused_where_rows_share_it() {
    let key = |code: &'static str, field: &'static str| {
        move |model: &mut Model| {
            let field = model.shape(PRODUCT).field(field).unwrap();
            let mut unique = model.entities[PRODUCT.0 as usize].unique[0].clone();
            unique.code.value = code.to_owned();
            unique.fields = vec![field];
            model.entities[PRODUCT.0 as usize].unique.push(unique);
        }
    };
    let message = differences(changed(key("one-active", "active")).await);
    assert!(message.contains("sales.Product") && message.contains("unique"), "{message}");
    let folder = Folder::new();
    let model = reopened(&folder, key("name-taken", "name")).await.unwrap();
    let store = open(&folder, model).unwrap();
    let taken = insert(&store, vec![product(8, "other", "Lamp", 1)]).await;
    assert_eq!(taken, Err(StoreError::Unique { code: "name-taken".into() }));
}

#[tokio::test]
async fn a_new_entity_and_part_are_added() {
    let grow = |model: &mut Model, fewest: u32| {
        small::entity(model, "Note", "notes", 0).field("text", string(0, 9)).add(model);
        let mut part = model.schema.entities[ORDER.0 as usize].parts[0].clone();
        part.min = fewest;
        model.schema.entities[CUSTOMER.0 as usize].parts.push(part);
        let part = model.entities[ORDER.0 as usize].parts[0].clone();
        model.entities[CUSTOMER.0 as usize].parts.push(part);
    };
    let folder = Folder::new();
    let model = reopened(&folder, |model| grow(model, 0));
    let store = open(&folder, model.await.unwrap()).unwrap();
    assert_eq!(row(&store, CUSTOMER, 1).await.unwrap().parts, vec![vec![]]);
    // Rows that were there have none.
    let message = differences(changed(|model| grow(model, 1)).await);
    assert!(message.contains("sales.Customer: `lines` has not 1..100 rows"), "{message}");
}
