//! Encrypted fields in the hands of whoever can write to the database, under keys that change, and
//! read together with other rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use runtime::Backend;
use runtime::operations::ConfiguredExternals;
use runtime::store::Keys;
use runtime::store::reseal::reseal;
use runtime::store::sqlite::{Limits, SqliteStore};
use serde_json::json;

use crate::http_support::{Ask, Server, design};
use crate::store_support::Folder;

const MODEL: &str = r#"
firmitas: 1
system: { name: Vaults, summary: Secrets. }
actors: { clerk: { auth: user, role: clerk } }
entities:
  Safe: { fields: { name: string(1..20), code: string(1..20) sensitive, spare: 'string(1..20)? sensitive' } }
  Visit: { fields: { safe: Safe, day: string(1..20) } }
operations:
  add: { create: Safe, by: [clerk], input: [name, code, spare], rate: 1/s }
  view: { get: Safe, by: [clerk], fields: [id, version, name, code, spare], rate: 1/s }
  safes: { list: Safe, by: [clerk], rate: 1/s }
  visit: { create: Visit, by: [clerk], input: [safe, day], rate: 1/s }
  visits: { list: Visit, by: [clerk], rate: 1/s }
"#;

async fn add(server: &Server, token: &str, name: &str, code: &str) -> String {
    let body = json!({ "name": name, "code": code }).to_string();
    let ask = Ask::new("POST", "/vaults/v1/safes").bearer(token).key(name).json(&body);
    let reply = server.ask(ask).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_was_moved_or_changed_is_no_value() {
    let server = Server::start(MODEL).await;
    let token = server.token("clerk", "carla");
    let (one, two) =
        (add(&server, &token, "one", "1111").await, add(&server, &token, "two", "2222").await);
    let path = |id: &str| format!("/vaults/v1/safes/{id}");
    let view = async |id: &str| server.ask(Ask::new("GET", &path(id)).bearer(&token)).await;
    assert_eq!(view(&one).await.json()["code"], "1111");
    let database = rusqlite::Connection::open(server.folder.path().join("firmitas.db")).unwrap();
    let write = |sql: &str| assert!(database.execute(sql, ()).unwrap() > 0, "{sql}");
    for sql in [
        "UPDATE vaults_safes SET code = (SELECT code FROM vaults_safes WHERE name = 'two') WHERE name = 'one'",
        "UPDATE vaults_safes SET spare = code, code = 'test.AAAA' WHERE name = 'one'",
        "UPDATE vaults_safes SET code = '1111' WHERE name = 'one'",
    ] {
        write(sql);
        let reply = view(&one).await;
        assert_eq!((reply.status, reply.code().as_str()), (500, "internal"));
        assert!(!String::from_utf8_lossy(&reply.body).contains("2222"));
    }
    write(
        "UPDATE vaults_safes SET spare = (SELECT code FROM vaults_safes WHERE name = 'two') WHERE name = 'two'",
    );
    assert_eq!(view(&two).await.status, 500, "nor is one of another field");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_read_together_are_decrypted() {
    let server = Server::start(MODEL).await;
    let token = server.token("clerk", "carla");
    let safe = add(&server, &token, "one", "1111").await;
    let body = json!({ "safe": safe, "day": "monday" }).to_string();
    let made =
        server.ask(Ask::new("POST", "/vaults/v1/visits").bearer(&token).key("v").json(&body)).await;
    assert_eq!(made.status, 201);
    let reply = server.ask(Ask::new("GET", "/vaults/v1/visits?expand=safe").bearer(&token)).await;
    assert_eq!(reply.json()["items"][0]["_expanded"]["safe"]["code"], "1111", "{reply:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn newer_keys_encrypt_and_older_ones_still_decrypt() {
    const OLD: &str = "old AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\n";
    const NEW: &str = "new AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI\n";
    let (folder, design) = (Folder::new(), design(MODEL));
    let start = |keys: Option<&str>| {
        let keys = keys.map(|keys| Arc::new(Keys::parse(keys).unwrap()));
        let limits = Limits::default();
        let store = SqliteStore::open_with(folder.path(), design.clone(), limits, keys).unwrap();
        let externals = ConfiguredExternals::new(design.model.clone(), BTreeMap::new()).unwrap();
        Backend::start(&design, store, Arc::new(externals))
    };
    // Never served without keys.
    let refused = start(None).unwrap_err();
    assert_eq!(refused[0].id, "guard-not-built");
    let world = |keys: &str| crate::support::World {
        backend: Arc::new(start(Some(keys)).unwrap()),
        model: design.model.clone(),
        directory: crate::support::Directory::new(),
    };
    let clerk = |world: &crate::support::World| world.user("carla", &["clerk"]);
    let first = world(OLD);
    let body = |code: &str| json!({ "name": code, "code": code });
    let old = first.call(&clerk(&first), "vaults.add", None, body("1111")).await.unwrap().id();
    first.backend.closed().await;
    drop(first);
    let rotated = world(&format!("{NEW}{OLD}"));
    let who = clerk(&rotated);
    assert_eq!(rotated.get(&who, "vaults.view", &old).await.unwrap()["code"], "1111");
    let new = rotated.call(&who, "vaults.add", None, body("2222")).await.unwrap().id();
    let all_under = |name: &str| {
        let database = rusqlite::Connection::open(folder.path().join("firmitas.db")).unwrap();
        let sql = "SELECT count(*) FROM vaults_safes WHERE code NOT LIKE ?1";
        let other: i64 = database.query_row(sql, [format!("{name}.%")], |row| row.get(0)).unwrap();
        other == 0
    };
    rotated.backend.closed().await;
    drop(rotated);
    let without = world(NEW);
    let who = clerk(&without);
    assert_eq!(without.get(&who, "vaults.view", &new).await.unwrap()["code"], "2222");
    let lost = without.get(&who, "vaults.view", &old).await.unwrap_err();
    assert_eq!((lost.status, lost.detail.contains("1111")), (500, false));
    // What needs a key that is not here is not touched; with both, the old one may go.
    let refused = reseal(without.backend.store(), &design).await.unwrap_err();
    assert!(refused.to_string().contains("old") && !all_under("new"), "{refused}");
    without.backend.closed().await;
    drop(without);
    let both = world(&format!("{NEW}{OLD}"));
    assert_eq!(reseal(both.backend.store(), &design).await.unwrap()[0].rows, 2);
    assert!(all_under("new"));
    both.backend.closed().await;
    drop(both);
    let without = world(NEW);
    let who = clerk(&without);
    assert_eq!(without.get(&who, "vaults.view", &old).await.unwrap()["code"], "1111");
}
