//! A store over the small model, and rows for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use decide::Design;
use expression::{EntityId, Money, Row, Value};
use model::Model;
use runtime::store::{Store, StoreError};

use crate::small::{self, CUSTOMER, ORDER, PRODUCT};
pub use crate::stores::now;
use crate::stores::{self, TestSession, TestStore};

/// A directory that goes away with the test.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("firm-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn design(model: Model) -> Arc<Design> {
    Arc::new(decide::decide(Arc::new(model)).0)
}

pub fn open(folder: &Folder, model: Model) -> Result<TestStore, StoreError> {
    stores::open(folder.path(), design(model))
}

/// A store over the small shop.
pub fn shop() -> (Folder, TestStore) {
    let folder = Folder::new();
    let store = open(&folder, small::shop()).unwrap();
    (folder, store)
}

/// Runs something that needs no waiting in a write transaction.
pub async fn write<T: Send + 'static>(
    store: &TestStore,
    work: impl FnOnce(&mut TestSession) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    store
        .write(runtime::store::Terms::SERVER, move |session| {
            Box::pin(std::future::ready(work(session)))
        })
        .await
}

pub async fn insert(store: &TestStore, rows: Vec<Row>) -> Result<u64, StoreError> {
    stores::insert_all(store, rows).await
}

pub async fn row(store: &TestStore, entity: EntityId, id: u128) -> Option<Arc<Row>> {
    use runtime::store::Snapshot;
    let found: Result<_, StoreError> = store
        .read(runtime::store::Terms::SERVER, move |session| {
            Box::pin(async move { session.row(entity, id).await })
        })
        .await;
    found.unwrap()
}

fn built_in(id: u128) -> Vec<Value> {
    vec![Value::Uuid(id), Value::Timestamp(1), Value::Timestamp(1), Value::Int(1)]
}

pub fn customer(id: u128, email: &str) -> Row {
    let mut fields = built_in(id);
    fields.extend([Value::Null, Value::text(email)]);
    Row { entity: CUSTOMER, fields, parts: vec![] }
}

pub fn euros(cents: i64) -> Value {
    Value::Money(Money { amount: rust_decimal::Decimal::new(cents, 2), currency: "EUR".into() })
}

pub fn product(id: u128, code: &str, name: &str, cents: i64) -> Row {
    let mut fields = built_in(id);
    fields.extend([
        Value::text(code),
        Value::text(name),
        euros(cents),
        Value::Null,
        Value::Bool(true),
        Value::Null,
    ]);
    Row { entity: PRODUCT, fields, parts: vec![] }
}

pub fn order(id: u128, customer: u128, placed_at: i64, lines: &[(u128, i64)]) -> Row {
    let mut fields = built_in(id);
    fields.extend([
        Value::text("open"),
        Value::Uuid(customer),
        Value::Timestamp(placed_at),
        Value::List(vec![Value::text("a"), Value::text("b")].into()),
    ]);
    let line = |(product, position): &(u128, i64)| {
        vec![Value::Uuid(*product), Value::Int(*position)].into()
    };
    Row { entity: ORDER, fields, parts: vec![lines.iter().map(line).collect()] }
}

/// The row with one field changed.
pub fn with(row: &Row, field: &str, value: Value) -> Row {
    let model = small::shop();
    let at = model.schema.entity(row.entity).field(field).unwrap();
    let mut row = row.clone();
    row.fields[usize::from(at.0)] = value;
    row
}
