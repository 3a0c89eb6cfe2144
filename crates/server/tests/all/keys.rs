//! Servers that share a store share their keys, or do not start.

use std::path::Path;
use std::sync::Arc;

use decide::Design;
use server::{KeySettings, Refused, Server};

use crate::files_support::{folder, settings};

const MODEL: &str = "
firmitas: 1
system: { name: Purse, summary: Cards. }
actors: { holder: { auth: user } }
entities:
  Card: { fields: { label: string(1..40), token: string(1..40) secret } }
operations:
  add: { create: Card, by: [holder], input: [label, token], rate: 1/s }
";

fn design() -> Arc<Design> {
    crate::files_support::design(MODEL)
}

fn keys(folder: &Path) -> KeySettings {
    KeySettings { folder: Some(folder.to_owned()), fields: None }
}

/// The notes of a server that starts.
async fn started(data: &Path, keys: KeySettings) -> Vec<String> {
    let settings = server::Settings { keys, ..settings(data) };
    let server = Server::start(&design(), settings).await.map_err(|why| format!("{why:?}"));
    let server = server.unwrap();
    let notes = server.notes().to_vec();
    server.stop().await;
    notes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_was_encrypted_under_other_keys_is_left_alone() {
    let (data, one, other) = (folder(), folder(), folder());
    assert_eq!(started(&data, keys(&one)).await, [""; 0]);
    assert!(one.join("identity.key").exists() && one.join("fields.keys").exists());
    assert!(!data.join("identity.key").exists());
    let with_other = server::Settings { keys: keys(&other), ..settings(&data) };
    match Server::start(&design(), with_other).await {
        Err(Refused::Failure(failure)) => {
            assert_eq!(failure.id, "invalid-field-keys");
            assert!(failure.message.contains("which is not here"), "{}", failure.message);
        }
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it serves what it cannot read"),
    }
    server::released(&data).await;
    assert_eq!(started(&data, keys(&one)).await, [""; 0]);
    // A new key in front of the one that is known: from then on that one is needed.
    let before = std::fs::read_to_string(one.join("fields.keys")).unwrap();
    keys(&one).add_to_fields(&design(), &data).unwrap();
    assert_eq!(started(&data, keys(&one)).await, [""; 0]);
    std::fs::write(one.join("fields.keys"), before).unwrap();
    let with_old = server::Settings { keys: keys(&one), ..settings(&data) };
    assert!(Server::start(&design(), with_old).await.is_err());
    for folder in [data, one, other] {
        drop(std::fs::remove_dir_all(folder));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_tokens_another_key_signs_is_left_alone() {
    let (data, one, other) = (folder(), folder(), folder());
    assert_eq!(started(&data, keys(&one)).await, [""; 0]);
    std::fs::copy(one.join("fields.keys"), other.join("fields.keys")).unwrap();
    let with_other = server::Settings { keys: keys(&other), ..settings(&data) };
    match Server::start(&design(), with_other).await {
        Err(Refused::Failure(failure)) => assert_eq!(failure.id, "no-identity"),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it serves what it cannot read"),
    }
    for folder in [data, one, other] {
        drop(std::fs::remove_dir_all(folder));
    }
}
