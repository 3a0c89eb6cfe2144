//! Files that an earlier version of the embedded store has written.

use runtime::store::{
    Answer, IdempotencyKey, IdempotencyRecord, Snapshot as _, Store as _, StoreError, Terms,
    Transaction as _,
};
use rusqlite::Connection;

use crate::small;
use crate::store_support::{open, shop};

/// How recorded answers were kept until the second version.
const SECOND: &str = "
DROP TABLE firmitas_idempotency;
CREATE TABLE firmitas_idempotency (
  caller TEXT NOT NULL,
  operation TEXT NOT NULL,
  key TEXT NOT NULL,
  body_hash BLOB NOT NULL,
  status INTEGER,
  headers TEXT,
  body BLOB,
  expires INTEGER NOT NULL,
  PRIMARY KEY (key, caller, operation)
) STRICT;
CREATE INDEX firmitas_idempotency_expires ON firmitas_idempotency (expires);
INSERT INTO firmitas_idempotency VALUES ('ann', 'a.b', 'one', zeroblob(32), 201, '[]', x'78', 100);
PRAGMA user_version = 2;
";

fn key(name: &str) -> IdempotencyKey {
    IdempotencyKey { caller: "ann".into(), operation: "a.b".into(), key: name.into() }
}

#[tokio::test]
async fn answers_recorded_by_the_second_version_are_replayed_and_purged() {
    let (folder, store) = shop();
    drop(store);
    let file = folder.path().join("firmitas.db");
    Connection::open(&file).unwrap().execute_batch(SECOND).unwrap();
    let store = open(&folder, small::shop()).unwrap();
    let version: i32 = {
        let connection = Connection::open(&file).unwrap();
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    };
    assert_eq!(version, 3);
    let body = b"x".as_slice().into();
    let answer = Some(Answer { status: 201, headers: Vec::new(), body });
    let recorded = IdempotencyRecord { body_hash: [0; 32], answer, expires: 100 };
    let later = IdempotencyRecord { expires: 200, ..recorded.clone() };
    let (first, second) = (recorded.clone(), later.clone());
    let done: Result<(), StoreError> = store
        .write(Terms::SERVER, move |session| {
            Box::pin(async move {
                assert_eq!(session.idempotency(&key("one"), 50).await?, Some(first));
                session.put_idempotency(&key("two"), &second).await?;
                assert_eq!(session.purge_idempotency(150, 10).await?, 1);
                assert_eq!(session.idempotency(&key("one"), 50).await?, None);
                assert_eq!(session.idempotency(&key("two"), 50).await?, Some(second));
                Ok(())
            })
        })
        .await;
    done.unwrap();
}
