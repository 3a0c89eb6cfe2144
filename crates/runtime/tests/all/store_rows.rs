//! Rows: round trips, keys, references, parts, records.

use expression::sql::encoding;
use expression::types::TextFormat;
use expression::{EntityId, Type, Value, value::File, value::Geo};
use proptest::prelude::*;
use runtime::store::{
    Answer, IdempotencyKey, IdempotencyRecord, Job, Link, OutboxEvent, Snapshot, Store, StoreError,
    Subject, Transaction,
};
use rust_decimal::Decimal;

use crate::small::{self, CUSTOMER, ORDER, PRODUCT};
use crate::store_support::{
    Folder, customer, euros, insert, now, open, order, product, row, shop, with, write,
};

fn unique(code: &str) -> StoreError {
    StoreError::Unique { code: code.to_owned() }
}

#[tokio::test]
async fn rows_with_parts_are_read_as_they_were_written() {
    let (_folder, store) = shop();
    let rows = vec![
        customer(1, "a@example.org"),
        product(2, "lamp", "Lamp", 1250),
        product(3, "desk", "Desk", 30_000),
        order(4, 1, 77, &[(2, 1), (3, 2), (2, 3)]),
    ];
    insert(&store, rows.clone()).await.unwrap();
    for expected in &rows {
        let Value::Uuid(id) = expected.fields[0] else { panic!("no id") };
        assert_eq!(row(&store, expected.entity, id).await.as_deref(), Some(expected));
    }
    let many: Result<_, StoreError> = store
        .read(runtime::store::Terms::SERVER, |session| {
            Box::pin(async { session.rows(ORDER, &[9, 4, 4]).await })
        })
        .await;
    let many = many.unwrap();
    assert!(many[0].is_none());
    assert_eq!(many[1].as_deref(), Some(&rows[3]));
    assert_eq!(many[2].as_deref(), Some(&rows[3]));
}

#[tokio::test]
async fn an_update_writes_what_differs_and_replaces_parts_as_a_whole() {
    let (_folder, store) = shop();
    let before = order(4, 1, 77, &[(2, 1), (3, 2)]);
    let rows = vec![
        customer(1, "a@example.org"),
        product(2, "lamp", "Lamp", 1250),
        product(3, "desk", "Desk", 30_000),
        before.clone(),
    ];
    insert(&store, rows).await.unwrap();
    let mut after = with(&before, "status", Value::text("paid"));
    after.parts[0].remove(0);
    let (old, new) = (before.clone(), after.clone());
    write(&store, move |session| now(session.update(&old, &new))).await.unwrap();
    assert_eq!(row(&store, ORDER, 4).await.as_deref(), Some(&after));
    let gone = order(5, 1, 1, &[]);
    let changed = with(&gone, "status", Value::text("paid"));
    let vanished = write(&store, move |session| now(session.update(&gone, &changed))).await;
    assert_eq!(vanished, Err(StoreError::Vanished { entity: ORDER }));
}

#[tokio::test]
async fn keys_and_references_are_refused_in_the_words_of_the_model() {
    let (_folder, store) = shop();
    let rows = vec![customer(1, "a@example.org"), product(2, "lamp", "Lamp", 1)];
    insert(&store, rows).await.unwrap();
    let insert_one = |row| write(&store, move |session| now(session.insert(&row)));
    assert_eq!(insert_one(customer(5, "a@example.org")).await, Err(unique("email-taken")));
    // Mailboxes that differ in capital letters alone are one; codes are not.
    assert_eq!(insert_one(customer(5, "A@Example.org")).await, Err(unique("email-taken")));
    insert_one(product(7, "LAMP", "Other", 1)).await.unwrap();
    let email = small::shop().shape(CUSTOMER).field("email").unwrap();
    let key = vec![(email, Value::text("A@EXAMPLE.ORG"))];
    let found: Result<_, StoreError> = store
        .read(runtime::store::Terms::SERVER, {
            let key = key.clone();
            move |session| Box::pin(async move { session.find(CUSTOMER, &key).await })
        })
        .await;
    assert_eq!(found.unwrap().as_deref(), Some(&customer(1, "a@example.org")));
    assert_eq!(insert_one(product(5, "lamp", "Other", 1)).await, Err(unique("code-taken")));
    assert!(matches!(insert_one(product(2, "x", "X", 1)).await, Err(StoreError::Unique { .. })));
    let missing = StoreError::MissingReference { entity: ORDER };
    assert_eq!(insert_one(order(6, 99, 1, &[])).await, Err(missing.clone()));
    assert_eq!(insert_one(order(6, 1, 1, &[(99, 1)])).await, Err(missing));
    insert_one(order(6, 1, 1, &[(2, 1)])).await.unwrap();
    let delete = |entity, id| write(&store, move |session| now(session.delete(entity, id)));
    let referenced = |entity| Err(StoreError::StillReferenced { entity });
    assert_eq!(delete(CUSTOMER, 1).await, referenced(CUSTOMER));
    assert_eq!(delete(PRODUCT, 2).await, referenced(PRODUCT));
    delete(ORDER, 6).await.unwrap();
    delete(PRODUCT, 2).await.unwrap();
    assert_eq!(delete(PRODUCT, 2).await, Err(StoreError::Vanished { entity: PRODUCT }));
}

#[tokio::test]
async fn soft_deleted_rows_are_outside_and_free_their_keys() {
    let (_folder, store) = shop();
    let before = customer(1, "a@example.org");
    insert(&store, vec![before.clone()]).await.unwrap();
    let after = with(&before, "deleted_at", Value::Timestamp(9));
    write(&store, move |session| now(session.update(&before, &after))).await.unwrap();
    assert!(row(&store, CUSTOMER, 1).await.is_none());
    let key = small::shop().shape(CUSTOMER).field("email").unwrap();
    let find = || {
        store.read(runtime::store::Terms::SERVER, move |session| {
            Box::pin(
                async move { session.find(CUSTOMER, &[(key, Value::text("a@example.org"))]).await },
            )
        })
    };
    let found: Result<_, StoreError> = find().await;
    assert!(found.unwrap().is_none());
    insert(&store, vec![customer(2, "a@example.org")]).await.unwrap();
    let found: Result<_, StoreError> = find().await;
    assert_eq!(found.unwrap().unwrap().fields[0], Value::Uuid(2));
}

fn placed() -> OutboxEvent {
    OutboxEvent {
        id: 5,
        event: "sales.Placed".into(),
        key: "1".into(),
        payload: "{}".into(),
        at: 3,
        tenant: Some(4),
    }
}

fn charge() -> Job {
    Job {
        id: 6,
        entity: ORDER,
        row: 4,
        operation: "sales.charge".into(),
        step: 2,
        context: "{}".into(),
        key: "j".into(),
        attempts: 0,
        due: 10,
        deadline: 20,
        tenant: Some(4),
    }
}

#[tokio::test]
async fn records_commit_with_the_change_or_not_at_all() {
    let (folder, store) = shop();
    let subject = Subject { issuer: "here".into(), subject: "ada".into() };
    let key = IdempotencyKey { caller: "c".into(), operation: "o".into(), key: "k".into() };
    let answer = Answer {
        status: 201,
        headers: vec![("etag".into(), "\"1\"".into())],
        body: (*b"{}").into(),
    };
    let mut record = IdempotencyRecord { body_hash: [7; 32], answer: None, expires: 100 };
    let (event, job) = (placed(), charge());
    let all = (subject.clone(), key.clone(), record.clone(), event.clone(), job.clone());
    let put = move |session: &mut crate::stores::TestSession, fail: bool| {
        let (subject, key, record, event, job) = all.clone();
        now(session.link(CUSTOMER, &subject, 1))?;
        now(session.put_idempotency(&key, &record))?;
        now(session.append(&event))?;
        now(session.put_job(&job))?;
        if fail { Err(StoreError::Busy) } else { Ok(()) }
    };
    let failing = put.clone();
    assert_eq!(write(&store, move |s| failing(s, true)).await, Err(StoreError::Busy));
    assert_eq!(write(&store, |s| now(s.outbox(0, 9))).await.unwrap(), vec![]);
    write(&store, move |s| put(s, false)).await.unwrap();
    drop(store);
    let store = open(&folder, small::shop()).unwrap();
    write(&store, move |session| {
        let link = Link { row: 1, tenant: None };
        assert_eq!(now(session.linked(CUSTOMER, &subject))?, Some(link));
        let again = now(session.link(CUSTOMER, &subject, 2));
        assert_eq!(again, Err(unique("subject-linked")));
        assert_eq!(now(session.idempotency(&key, 99))?, Some(record.clone()));
        assert_eq!(now(session.idempotency(&key, 100))?, None);
        record.answer = Some(answer);
        now(session.put_idempotency(&key, &record))?;
        assert_eq!(now(session.idempotency(&key, 50))?, Some(record));
        // Numbers rise; what was not committed may have taken some.
        let events = now(session.outbox(0, 9))?;
        assert_eq!(events.iter().map(|(_, event)| event).collect::<Vec<_>>(), [&event]);
        assert_eq!(now(session.outbox(events[0].0, 9))?, vec![]);
        assert_eq!(now(session.job_on(ORDER, 4))?, Some(6));
        let other = Job { id: 8, ..job.clone() };
        assert_eq!(now(session.put_job(&other)), Err(unique("in-progress")));
        assert_eq!(now(session.take_jobs(9, 50, 5))?, vec![]);
        assert_eq!(now(session.take_jobs(10, 50, 5))?, vec![Job { due: 50, ..job.clone() }]);
        assert_eq!(now(session.take_jobs(10, 50, 5))?, vec![]);
        let tried = Job { attempts: job.attempts + 1, due: 60, ..job.clone() };
        assert!(now(session.postpone_job(&tried, job.attempts))?);
        assert_eq!(now(session.job(6))?, Some(tried.clone()));
        assert!(!now(session.postpone_job(&job, job.attempts))?, "somebody else tried");
        let other_call = Job { key: "other".into(), ..tried.clone() };
        assert!(!now(session.postpone_job(&other_call, tried.attempts))?, "a later call");
        now(session.extend_leases(&[6, 7], 70))?;
        now(session.extend_leases(&[6], 65))?;
        assert_eq!(now(session.job(6))?, Some(Job { due: 70, ..tried.clone() }));
        now(session.complete_job(6))?;
        assert!(!now(session.postpone_job(&tried, tried.attempts))?, "it is done");
        assert_eq!(now(session.job(6))?, None);
        assert_eq!(now(session.purge_idempotency(99, 10))?, 0);
        assert_eq!(now(session.purge_idempotency(100, 10))?, 1);
        let field = expression::FieldIndex(0);
        assert_eq!(now(session.next_in_sequence(ORDER, field, 1))?, 1);
        assert_eq!(now(session.next_in_sequence(ORDER, field, 1))?, 2);
        assert_eq!(now(session.next_in_sequence(ORDER, field, 2))?, 1);
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn an_exclusive_key_keeps_ranges_apart() {
    let mut model = small::shop();
    let booking = small::entity(&model, "Booking", "bookings", 0)
        .states(&["open", "cancelled"])
        .field("room", Type::INT)
        .field("starts_at", Type::Timestamp)
        .field("ends_at", Type::Timestamp.optional());
    let entity = booking.add(&mut model);
    let shape = model.shape(entity).clone();
    let field = |name| shape.field(name).unwrap();
    let status = shape.fields[usize::from(field("status").0)].ty.clone();
    let open_one = small::own(entity, field("status"), status);
    model.entities[entity.0 as usize].exclusive.push(model::model::Exclusive {
        code: small::spanned("no-double-booking".into()),
        same: vec![field("room")],
        overlap: (field("starts_at"), field("ends_at")),
        condition: Some(small::equals(open_one, small::text("open"))),
    });
    let folder = Folder::new();
    let store = open(&folder, model.clone()).unwrap();
    let booking = |id: u128, status: &str, room: i64, from: i64, to: Option<i64>| {
        let mut fields = customer(id, "x").fields[..4].to_vec();
        let end = to.map_or(Value::Null, Value::Timestamp);
        fields.extend([Value::text(status), Value::Int(room), Value::Timestamp(from), end]);
        expression::Row { entity, fields, parts: vec![] }
    };
    let book = |row| write(&store, move |session| now(session.insert(&row)));
    book(booking(1, "open", 1, 10, Some(20))).await.unwrap();
    let taken = Err(unique("no-double-booking"));
    assert_eq!(book(booking(2, "open", 1, 19, Some(30))).await, taken);
    assert_eq!(book(booking(2, "open", 1, 5, Some(40))).await, taken);
    book(booking(2, "open", 1, 20, Some(30))).await.unwrap();
    book(booking(3, "open", 2, 10, Some(20))).await.unwrap();
    assert_eq!(book(booking(4, "open", 1, 10, None)).await, taken, "it goes on");
    book(booking(4, "open", 1, 30, None)).await.unwrap();
    book(booking(5, "cancelled", 1, 10, Some(20))).await.unwrap();
    let change = |before: expression::Row, after: expression::Row| {
        write(&store, move |session| now(session.update(&before, &after)))
    };
    let (cancelled, opened) =
        (booking(5, "cancelled", 1, 10, Some(20)), booking(5, "open", 1, 10, Some(20)));
    assert_eq!(change(cancelled.clone(), opened.clone()).await, taken);
    change(booking(1, "open", 1, 10, Some(20)), booking(1, "cancelled", 1, 10, Some(20)))
        .await
        .unwrap();
    change(cancelled, opened).await.unwrap();
    // A key that stored rows break is not taken on.
    drop(store);
    let mut wider = model.clone();
    wider.entities[entity.0 as usize].exclusive[0].same = vec![];
    wider.entities[entity.0 as usize].exclusive[0].code.value = "one-at-a-time".into();
    let refused = open(&folder, wider);
    let Err(StoreError::Incompatible { differences }) = refused else { panic!("taken on") };
    assert!(differences[0].contains("one-at-a-time"), "{differences:?}");
    open(&folder, model).unwrap();
}

/// Every storable type, each also as an optional field.
fn types() -> Vec<Type> {
    let members: std::sync::Arc<[String]> = ["red".to_owned(), "it's".to_owned()].into();
    vec![
        Type::Bool,
        Type::INT,
        Type::Decimal { precision: 18, scale: 4 },
        Type::MONEY,
        Type::Float,
        Type::Text { format: TextFormat::Text, min: 0, max: 65_536 },
        Type::Date,
        Type::Time,
        Type::Timestamp,
        Type::Duration,
        Type::Uuid,
        Type::Geo,
        Type::Json,
        Type::File { max_bytes: 1 << 40 },
        Type::Enum(members),
        Type::List { of: Box::new(Type::MONEY), min: 0, max: 100 },
    ]
}

/// A value of the type.
fn value(ty: &Type) -> BoxedStrategy<Value> {
    let limit = expression::types::INT_LIMIT;
    match ty {
        Type::Optional(inner) => prop_oneof![Just(Value::Null), value(inner)].boxed(),
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Int { .. } => (-limit..=limit).prop_map(Value::Int).boxed(),
        Type::Decimal { scale, .. } => {
            let scale = u32::from(*scale);
            let digits = -999_999_999_999_999_999i64..=999_999_999_999_999_999;
            digits.prop_map(move |n| Value::Decimal(Decimal::new(n, scale))).boxed()
        }
        Type::Money { .. } => any::<i32>().prop_map(|cents| euros(i64::from(cents))).boxed(),
        Type::Float => prop::num::f64::NORMAL.prop_map(Value::Float).boxed(),
        Type::Text { .. } => "[^\\x00\\n]{0,40}".prop_map(Value::text).boxed(),
        Type::Date => (1i16..=9999, 1i8..=12, 1i8..=28)
            .prop_map(|(y, m, d)| Value::Date(jiff::civil::date(y, m, d)))
            .boxed(),
        Type::Time => (0i8..24, 0i8..60, 0i8..60, 0i32..1_000_000)
            .prop_map(|(h, m, s, us)| Value::Time(jiff::civil::time(h, m, s, us * 1000)))
            .boxed(),
        // As RFC 3339 can write them: years 1 to 9999.
        Type::Timestamp => {
            (-62_135_596_800_000_000i64..253_402_300_800_000_000).prop_map(Value::Timestamp).boxed()
        }
        Type::Duration => any::<i64>().prop_map(Value::Duration).boxed(),
        Type::Uuid => any::<u128>().prop_map(Value::Uuid).boxed(),
        Type::Geo => (-90.0..=90.0f64, -180.0..=180.0f64)
            .prop_map(|(latitude, longitude)| Value::Geo(Geo { latitude, longitude }))
            .boxed(),
        Type::Json => "[^\\x00\\n]{0,20}"
            .prop_map(|text| Value::Json(serde_json::json!({ "a": [text, 1, null] }).into()))
            .boxed(),
        Type::File { .. } => ("[^\\x00\\n]{1,9}", 0..(1u64 << 40))
            .prop_map(|(key, bytes)| {
                let (media_type, name) = ("image/png".into(), "a \"b\".png".into());
                let sha256 = "0f".repeat(32);
                Value::File(File { key, media_type, bytes, name, sha256 }.into())
            })
            .boxed(),
        Type::Enum(members) => prop::sample::select(members.to_vec()).prop_map(Value::text).boxed(),
        Type::List { of, .. } => {
            prop::collection::vec(value(of), 0..4).prop_map(|all| Value::List(all.into())).boxed()
        }
        other => panic!("no values of {other:?}"),
    }
}

/// An entity with a field of every type, and a part with the same.
fn everything() -> model::Model {
    let mut model = small::shop();
    let fields: Vec<(String, Type)> = types()
        .into_iter()
        .flat_map(|ty| [ty.clone(), ty.optional()])
        .enumerate()
        .map(|(at, ty)| (format!("field_{at}"), ty))
        .collect();
    let mut entity = small::entity(&model, "Everything", "everythings", 0);
    for (name, ty) in &fields {
        entity = entity.field(name, ty.clone());
    }
    let part: Vec<(&str, Type)> =
        fields.iter().map(|(name, ty)| (name.as_str(), ty.clone())).collect();
    entity.part("details", &part).add(&mut model);
    model
}

#[test]
fn every_value_of_every_type_is_read_as_it_was_written() {
    let folder = Folder::new();
    let model = everything();
    let entity = EntityId(3);
    let shape = model.shape(entity).clone();
    let store = open(&folder, model).unwrap();
    let values = |fields: &[expression::FieldShape]| {
        fields.iter().map(|field| value(&field.ty)).collect::<Vec<_>>()
    };
    let rows =
        (values(&shape.fields[4..]), prop::collection::vec(values(&shape.parts[0].fields), 0..3));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let next = std::cell::Cell::new(0u128);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(60));
    runner
        .run(&rows, |(own, details)| {
            next.set(next.get() + 1);
            let mut fields = vec![
                Value::Uuid(next.get()),
                Value::Timestamp(1),
                Value::Timestamp(1),
                Value::Int(1),
            ];
            fields.extend(own);
            let parts = vec![details.into_iter().map(Into::into).collect()];
            let written = expression::Row { entity, fields, parts };
            let read = runtime.block_on(async {
                insert(&store, vec![written.clone()]).await.unwrap();
                row(&store, entity, next.get()).await.unwrap()
            });
            prop_assert_eq!(&*read, &written);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_value_that_a_column_cannot_hold_is_a_defect_not_a_panic() {
    assert!(encoding::encode(&Value::Int(1), encoding::Encoding::Text).is_err());
}
