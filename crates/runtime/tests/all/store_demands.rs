//! What stored rows contradict is refused when a store meets another model, all of it at once; what
//! only widens is taken, and a model can be taken back.

use std::sync::Arc;

use expression::{EntityId, Money, Row, Type, Value};
use model::Model;
use runtime::store::{
    PageQuery, Snapshot as _, Store as _, StoreError, Tenant, Terms, Transaction as _,
};

use crate::store_support::{Folder, design};
use crate::stores::{self, TestStore};
use crate::support::model;

const STOCK: &str = r#"
firmitas: 1
system: { name: Stock, summary: What is in stock., currency: EUR }
actors:
  clerk: { auth: user }
types:
  Place:
    fields: { hall: string(1..9), level: int(0..9) }
contexts:
  stock:
    entities:
      Shelf:
        fields: { name: string(1..20), most: int(0..99) }
      Item:
        fields:
          code: string(1..20)
          amount: int(0..99)
          tags: list(string(1..20), ..9)
          contact: string(1..80)
          price: money
          former: money?
          weight: decimal(8,3)
          weights: list(decimal(8,3), ..9)
          place: Place
          shelf: Shelf?
        parts:
          lots: { size: 0..9, fields: { number: string(1..9), left: int(0..99) } }
    operations:
      addItem:
        create: Item
        by: [clerk]
        input: [code, amount, tags, contact, price, former, weight, weights, place, shelf, lots]
        rate: 1/s
      items: { list: Item, by: [clerk], rate: 1/s }
      addShelf: { create: Shelf, by: [clerk], input: [name, most], rate: 1/s }
"#;

/// The stock with some of its text replaced.
fn stock(changes: &[(&str, &str)]) -> Arc<Model> {
    let mut text = STOCK.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    model(&text)
}

fn open(folder: &Folder, model: &Model) -> Result<TestStore, StoreError> {
    stores::open(folder.path(), design(model.clone()))
}

fn entity(model: &Model, name: &str) -> EntityId {
    model.entities().find(|(_, entity)| entity.name.value == name).unwrap().0
}

/// A row with these values; others are null, or what a required one may be.
fn row(model: &Model, name: &str, id: u128, values: &[(&str, Value)]) -> Row {
    let entity = entity(model, name);
    let shape = model.schema.entity(entity);
    let value = |field: &expression::FieldShape| {
        let given = values.iter().find(|(name, _)| *name == field.name);
        match (given, field.ty.required()) {
            (Some((_, value)), _) => value.clone(),
            (None, _) if field.name == "id" => Value::Uuid(id),
            (None, Type::Timestamp) if field.name != "deleted_at" => Value::Timestamp(1),
            (None, Type::Int { .. }) => Value::Int(1),
            (None, _) => Value::Null,
        }
    };
    let fields = shape.fields.iter().map(value).collect();
    Row { entity, fields, parts: vec![Vec::new(); shape.parts.len()] }
}

fn decimal(number: i64, scale: u32) -> Value {
    Value::Decimal(rust_decimal::Decimal::new(number, scale))
}

fn texts(all: &[&str]) -> Value {
    Value::List(all.iter().map(|text| Value::text(*text)).collect())
}

/// An item with what each test needs: nobody's secret is in it but `Ann's number`.
fn item(model: &Model, id: u128, amount: i64, lots: &[(&str, i64)]) -> Row {
    let euros =
        Value::Money(Money { amount: rust_decimal::Decimal::new(1250, 2), currency: "EUR".into() });
    let place = Value::Record([Value::text("north"), Value::Int(7)].into());
    let values = [
        ("code", Value::text("lamp")),
        ("amount", Value::Int(amount)),
        ("tags", texts(&["old", "blue"])),
        ("contact", Value::text("Ann's number")),
        ("price", euros.clone()),
        ("former", if amount > 5 { euros } else { Value::Null }),
        ("weight", decimal(1500, 3)),
        ("weights", Value::List([decimal(1500, 3)].into())),
        ("place", place),
        ("shelf", if amount > 5 { Value::Uuid(100) } else { Value::Null }),
    ];
    let mut row = row(model, "Item", id, &values);
    let lot = |(number, left): &(&str, i64)| [Value::text(*number), Value::Int(*left)].into();
    row.parts = vec![lots.iter().map(lot).collect()];
    row
}

/// A folder with three items, of amounts 3, 6 and 9; the last two on a shelf for 7.
async fn filled() -> Folder {
    let folder = Folder::new();
    let model = stock(&[]);
    let store = open(&folder, &model).unwrap();
    let rows = vec![
        row(&model, "Shelf", 100, &[("name", Value::text("a")), ("most", Value::Int(7))]),
        item(&model, 1, 3, &[]),
        item(&model, 2, 6, &[("a", 6)]),
        item(&model, 3, 9, &[("a", 4), ("b", 4)]),
    ];
    stores::insert_all(&store, rows).await.unwrap();
    folder
}

fn refused(opened: Result<TestStore, StoreError>) -> Vec<String> {
    match opened {
        Err(StoreError::Incompatible { differences }) => differences,
        other => panic!("not refused: {:?}", other.map(drop)),
    }
}

fn id(number: u128) -> String {
    uuid::Uuid::from_u128(number).to_string()
}

/// The one difference that says something, which says the rest as well.
fn says(differences: &[String], what: &str, rest: &[&str]) {
    let mut found = differences.iter().filter(|told| told.contains(what));
    let told = found.next().unwrap_or_else(|| panic!("`{what}` is not in {differences:#?}"));
    assert!(found.next().is_none(), "`{what}` is told twice: {differences:#?}");
    for part in rest {
        assert!(told.contains(part), "`{part}` is not in {told}");
    }
    assert!(!told.contains("Ann") && !told.contains("lamp"), "values are told: {told}");
}

/// What a model with more invariants is.
fn with_invariants(invariants: &str) -> Arc<Model> {
    let parts = "        parts:\n";
    stock(&[(parts, &format!("        invariants: {{ {invariants} }}\n{parts}"))])
}

async fn read(store: &TestStore, entity: EntityId, number: u128) -> Row {
    let found: Result<_, StoreError> = store
        .read(Terms::SERVER, move |session| {
            Box::pin(async move { session.row(entity, number).await })
        })
        .await;
    (*found.unwrap().unwrap()).clone()
}

fn value(model: &Model, row: &Row, field: &str) -> Value {
    let at = model.schema.entity(row.entity).field(field).unwrap();
    row.fields[usize::from(at.0)].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invariant_that_rows_break_is_refused() {
    let folder = filled().await;
    let broken = with_invariants(
        "few: self.amount <= 5, \
         fits: \"self.shelf == null || self.amount <= self.shelf.most\", \
         counted: \"self.lots.all(l, l.left <= 5)\", \
         labelled: \"self.tags.all(t, t.size() <= 3)\", \
         low: self.place.level < 7, \
         holds: self.amount >= 3",
    );
    let differences = refused(open(&folder, &broken));
    assert_eq!(differences.len(), 5, "{differences:#?}");
    says(&differences, "`few`", &["stock.Item", "2 rows", &id(2), "change the rows first"]);
    says(&differences, "`fits`", &["1 row ", &id(3)]);
    says(&differences, "`counted`", &["1 row ", &id(2)]);
    says(&differences, "`labelled`", &["3 rows", &id(1)]);
    says(&differences, "`low`", &["3 rows"]);
    // Nothing was changed, and what rows keep is taken.
    drop(open(&folder, &stock(&[])).unwrap());
    let kept = with_invariants(
        "holds: self.amount >= 3, counted: \"self.lots.all(l, l.left <= 6)\", \
         labelled: \"self.tags.all(t, t.size() <= 4)\"",
    );
    let store = open(&folder, &kept).unwrap();
    // A store holds nobody to invariants. What is demanded already is not asked again.
    stores::insert_all(&store, vec![item(&kept, 9, 1, &[])]).await.unwrap();
    drop(store);
    drop(open(&folder, &kept).unwrap());
    // Taken out and put in again it is asked again.
    drop(open(&folder, &stock(&[])).unwrap());
    refused(open(&folder, &with_invariants("few: self.amount <= 5")));
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_are_not_what_is_demanded_are_refused_all_at_once() {
    let folder = filled().await;
    let narrower = stock(&[
        ("hall: string(1..9), level: int(0..9)", "hall: string(1..9), level: int(0..6)"),
        ("amount: int(0..99)", "amount: int(0..8)"),
        ("tags: list(string(1..20), ..9)", "tags: list(string(1..3), ..9)"),
        ("contact: string(1..80)", "contact: email"),
        ("size: 0..9", "size: 1..1"),
        ("left: int(0..99)", "left: int(0..5)"),
        ("code: string(1..20)", "code: string(1..20) unique"),
    ]);
    let differences = refused(open(&folder, &narrower));
    assert_eq!(differences.len(), 7, "{differences:#?}");
    says(&differences, "now unique", &["stock.Item", "3 rows", &id(1), "distinct"]);
    says(&differences, "`place`", &["stock.Item", "3 rows", "out-of-range"]);
    says(&differences, "`amount`", &["int(0..8)", "1 row ", &id(3), "out-of-range"]);
    says(&differences, "`tags`", &["string(1..3)", "3 rows", "too-long"]);
    says(&differences, "`contact`", &["email", "3 rows", "invalid-format"]);
    says(&differences, "`lots`", &["2 rows", &id(1), "1..1"]);
    says(&differences, "`left`", &["stock.Item.lots", "1 row ", &id(2)]);
    drop(open(&folder, &stock(&[])).unwrap());
    for (from, to) in [
        ("contact: string(1..80)", "contact: url"),
        ("contact: string(1..80)", "contact: phone"),
        ("contact: string(1..80)", "contact: string(1..5)"),
        ("tags: list(string(1..20), ..9)", "tags: list(string(1..20), 3..9)"),
        ("former: money?", "former: money"),
        ("weight: decimal(8,3)", "weight: decimal(3,3)"),
    ] {
        assert_eq!(refused(open(&folder, &stock(&[(from, to)]))).len(), 1, "{to}");
    }
    // What rows happen to keep is taken.
    let fits = stock(&[
        ("amount: int(0..99)", "amount: int(3..9)"),
        ("tags: list(string(1..20), ..9)", "tags: list(string(3..4), 2..2)"),
        ("size: 0..9", "size: 0..2"),
    ]);
    drop(open(&folder, &fits).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_widens_is_taken_with_its_values() {
    let folder = filled().await;
    let wider = stock(&[
        ("currency: EUR", "currency: [USD, EUR]"),
        ("weight: decimal(8,3)", "weight: decimal(9,4)"),
        ("weights: list(decimal(8,3), ..9)", "weights: list(decimal(9,4), ..9)"),
    ]);
    let store = open(&folder, &wider).unwrap();
    let of = entity(&wider, "Item");
    for (number, former) in [(1, false), (3, true)] {
        let row = read(&store, of, number).await;
        let euros = Value::Money(Money {
            amount: rust_decimal::Decimal::new(1250, 2),
            currency: "EUR".into(),
        });
        assert_eq!(value(&wider, &row, "price"), euros);
        assert_eq!(value(&wider, &row, "former"), if former { euros } else { Value::Null });
        assert_eq!(value(&wider, &row, "weight"), decimal(15, 1));
        assert_eq!(value(&wider, &row, "weights"), Value::List([decimal(15, 1)].into()));
        // It may be written as well.
        let changed = store.write(Terms::SERVER, move |session| {
            Box::pin(async move {
                let mut new = row.clone();
                let at = new.fields.iter().position(|value| *value == decimal(15, 1)).unwrap();
                new.fields[at] = decimal(15_001, 4);
                session.update(&row, &new).await
            })
        });
        changed.await.map_err(|error: StoreError| error).unwrap();
        assert_eq!(value(&wider, &read(&store, of, number).await, "weight"), decimal(15_001, 4));
    }
    drop(store);
    // Back would lose what was written.
    let differences = refused(open(&folder, &stock(&[("currency: EUR", "currency: [USD, EUR]")])));
    assert!(differences.iter().all(|told| told.contains("4 digits")), "{differences:#?}");
    assert_eq!(differences.len(), 2, "{differences:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_can_be_taken_back() {
    let folder = filled().await;
    let later = stock(&[
        ("code: string(1..20)", "code: string(1..20)\n          colour: enum(red, blue) = red"),
        ("      Item:", "      Note: { fields: { text: string(1..9) } }\n      Item:"),
    ]);
    let store = open(&folder, &later).unwrap();
    let mut blue = item(&later, 4, 1, &[]);
    let at = usize::from(later.schema.entity(blue.entity).field("colour").unwrap().0);
    blue.fields[at] = Value::text("blue");
    let note = row(&later, "Note", 5, &[("text", Value::text("kept"))]);
    stores::insert_all(&store, vec![blue, note]).await.unwrap();
    drop(store);
    // Yesterday's model starts, writes, and starts again.
    let plain = stock(&[]);
    let store = open(&folder, &plain).unwrap();
    let told = store.notes().join("\n");
    assert!(told.contains("later model") && told.contains("colour"), "{told}");
    stores::insert_all(&store, vec![item(&plain, 6, 2, &[("x", 1)])]).await.unwrap();
    drop(store);
    let store = open(&folder, &plain).unwrap();
    assert_eq!(
        value(&plain, &read(&store, entity(&plain, "Item"), 4).await, "amount"),
        Value::Int(1)
    );
    drop(store);
    // Today's finds what it wrote, and its default where it was not there.
    let store = open(&folder, &later).unwrap();
    assert!(store.notes().iter().all(|note| !note.contains("later model")), "{:?}", store.notes());
    for (number, colour) in [(1, "red"), (4, "blue"), (6, "red")] {
        let row = read(&store, entity(&later, "Item"), number).await;
        assert_eq!(value(&later, &row, "colour"), Value::text(colour), "{number}");
    }
    let kept = read(&store, entity(&later, "Note"), 5).await;
    assert_eq!(value(&later, &kept, "text"), Value::text("kept"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_was_never_written_may_go() {
    let folder = filled().await;
    let colour =
        ("code: string(1..20)", "code: string(1..20)\n          colour: enum(red, blue) = red");
    drop(open(&folder, &stock(&[colour])).unwrap());
    // A model that was never here has no field for it.
    let other = stock(&[("amount: int(0..99)", "amount: int(0..98)")]);
    drop(open(&folder, &other).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_model_would_break_is_refused_to_it_too() {
    let folder = filled().await;
    let later = stock(&[("amount: int(0..99)", "amount: int(0..500)")]);
    let store = open(&folder, &later).unwrap();
    stores::insert_all(&store, vec![item(&later, 7, 400, &[])]).await.unwrap();
    drop(store);
    let differences = refused(open(&folder, &stock(&[])));
    says(&differences, "`amount`", &["1 row ", &id(7)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn remedies_are_those_that_a_person_has() {
    let folder = filled().await;
    let tenancy = stock(&[
        ("currency: EUR", "tenancy: { by: stock.Company, from: actor, isolation: pool }"),
        ("      Item:", "      Company: { fields: { name: string(1..9) } }\n      Item:"),
    ]);
    let differences = refused(open(&folder, &tenancy));
    says(&differences, "stock.Item: ", &["belong to no tenant", "shared: true"]);
    assert!(!differences.join("").contains("give it a default"), "{differences:?}");

    let folder = Folder::new();
    let marked = stock(&[(
        "        parts:",
        "        soft_delete: true\n        states: { new: [sold], sold: [] }\n        parts:",
    )]);
    let store = open(&folder, &marked).unwrap();
    let mut gone = item(&marked, 1, 1, &[]);
    for (field, value) in [("deleted_at", Value::Timestamp(5)), ("status", Value::text("sold"))] {
        let at = marked.schema.entity(gone.entity).field(field).unwrap();
        gone.fields[usize::from(at.0)] = value;
    }
    stores::insert_all(&store, vec![gone]).await.unwrap();
    drop(store);
    let differences = refused(open(&folder, &stock(&[])));
    assert_eq!(differences.len(), 2, "{differences:#?}");
    says(&differences, "deleted_at", &["keep `soft_delete`", "retain: 1d after deleted_at"]);
    says(&differences, "status", &["states", "declare a field `status`"]);
    // And the remedy is one.
    let declared = stock(&[
        ("        parts:", "        soft_delete: true\n        parts:"),
        ("code: string(1..20)", "code: string(1..20)\n          status: enum(new, sold)"),
        ("input: [code, ", "input: [code, status, "),
    ]);
    drop(open(&folder, &declared).unwrap());
}

const OFFICE: &str = r#"
firmitas: 1
system:
  name: Office
  summary: Desks of companies.
  tenancy: { by: office.Company, from: actor, isolation: pool }
actors:
  clerk: { auth: user }
contexts:
  office:
    entities:
      Company: { fields: { name: string(1..40), most: int(0..99) } }
      Desk:
        fields: { name: string(1..40), height: int(0..99) }
        INVARIANTS
    operations:
      addDesk: { create: Desk, by: [clerk], input: [name, height], rate: 1/s }
      desks: { list: Desk, by: [clerk], rate: 1/s }
"#;

fn office(isolation: &str, height: &str, invariants: &str) -> Arc<Model> {
    let text = crate::support::in_form(OFFICE, isolation)
        .replace("int(0..99) }\n        I", &format!("{height} }}\n        I"));
    model(&text.replace("INVARIANTS", invariants))
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_every_tenant_are_asked_in_each_form() {
    for form in stores::ISOLATIONS {
        let folder = Folder::new();
        let plain = office(form, "int(0..99)", "");
        let store = open(&folder, &plain).unwrap();
        for (company, most, heights) in [(10, 50, [20, 40]), (20, 90, [60, 80])] {
            let values = [("name", Value::text("one")), ("most", Value::Int(most))];
            let company_row = row(&plain, "Company", company, &values);
            write(&store, Tenant::None, vec![company_row]).await;
            let desk = |(at, height): (usize, i64)| {
                let values = [("name", Value::text("same")), ("height", Value::Int(height))];
                row(&plain, "Desk", company + 1 + at as u128, &values)
            };
            let desks = heights.into_iter().enumerate().map(desk).collect();
            write(&store, Tenant::One(company), desks).await;
        }
        drop(store);
        let lower = office(form, "int(0..70)", "invariants: { high: self.height >= 30 }");
        let differences = refused(open(&folder, &lower)).join("\n");
        assert!(differences.contains("`height`") && differences.contains(&id(22)), "{differences}");
        assert!(differences.contains("`high`") && differences.contains(&id(11)), "{differences}");
        // Each row meets those of its own tenant alone.
        let own = "invariants: { alone: \"!Desk.exists(d, d.id != self.id && \
                   d.name == self.name && d.height > self.height + 25)\" }";
        drop(open(&folder, &office(form, "int(0..99)", own)).unwrap());
        let most = office(form, "int(0..99)", "invariants: { fits: self.height <= tenant.most }");
        drop(open(&folder, &most).unwrap());
        let apart = *form == "silo" && stores::BETWEEN == ".";
        let less = "invariants: { fits: self.height <= tenant.most - 20 }";
        let opened = open(&folder, &office(form, "int(0..99)", less));
        match apart {
            // What is shared is in another database: that is said.
            true => {
                let notes = opened.unwrap().notes().join("\n");
                assert!(notes.contains("`fits` was not asked"), "{notes}");
            }
            false => {
                let differences = refused(opened).join("\n");
                assert!(differences.contains("`fits`"), "{differences}");
                assert!(differences.contains(&id(12)), "{differences}");
            }
        }
    }
}

async fn write(store: &TestStore, tenant: Tenant, rows: Vec<Row>) {
    let written: Result<(), StoreError> = store
        .write(Terms::of(tenant), move |session| {
            Box::pin(async move {
                for row in &rows {
                    session.insert(row).await?;
                }
                Ok(())
            })
        })
        .await;
    written.unwrap();
}

/// Rows that were there are all still found.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_leaves_everything_as_it_was() {
    let folder = filled().await;
    let other = stock(&[(
        "amount: int(0..99)",
        "amount: int(0..8)\n          colour: enum(red, blue) = red",
    )]);
    refused(open(&folder, &other));
    let plain = stock(&[]);
    let store = open(&folder, &plain).unwrap();
    assert!(store.notes().iter().all(|note| !note.contains("later")), "{:?}", store.notes());
    let query = PageQuery::new(entity(&plain, "Item"), 9);
    let page: Result<_, StoreError> = store
        .read(Terms::SERVER, move |session| Box::pin(async move { session.page(&query).await }))
        .await;
    assert_eq!(page.unwrap().rows.len(), 3);
}
