//! `kill -9` of the server while files are uploaded and named by rows.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;

use super::backend::Backend;
use super::rounds;
use crate::acceptance::client::Client;
use crate::acceptance::shop::product;

/// Rows that were acknowledged, with the content of their file.
type Acknowledged = Mutex<Vec<(String, String)>>;

#[test]
fn acknowledged_files_survive_the_server() {
    let mut backend = Backend::new("files-killed").started();
    let client = backend.client("merchandiser", "mary");
    let (stop, number) = (AtomicBool::new(false), AtomicU32::new(0));
    let acknowledged = Acknowledged::default();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let number = number.fetch_add(1, Ordering::Relaxed);
                    if one(&client, number, &acknowledged).is_none() {
                        std::thread::sleep(Duration::from_millis(20));
                    }
                }
            });
        }
        for round in 0..rounds(3, 20) {
            std::thread::sleep(Duration::from_millis(u64::from(400 + (round * 271) % 500)));
            backend.kill();
            backend.start();
        }
        std::thread::sleep(Duration::from_millis(500));
        stop.store(true, Ordering::Relaxed);
    });
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() > 10, "{}", acknowledged.len());
    for (id, content) in &acknowledged {
        let row = client.get(&format!("/catalog/v1/products/{id}")).expect(200);
        let url = row.body["image"]["url"].as_str().unwrap_or_else(|| panic!("{}", row.text));
        assert!(client.get(url).expect(200).text == *content, "the content of {id}");
    }
    eprintln!("{} rows with files were acknowledged, none is lost", acknowledged.len());
}

/// Uploads a content and names it by a row; nothing where the server was not there.
fn one(client: &Client, number: u32, acknowledged: &Acknowledged) -> Option<()> {
    let content = format!("content {number} ").repeat(1 + (number as usize * 7919) % 40_000);
    let headers = [("content-type", "text/plain")];
    let upload = client.send("POST", "/files", &headers, Some(content.as_bytes())).ok()?;
    if upload.status != 201 {
        return None;
    }
    let mut body = product(&format!("F{number}"), "1.25");
    body["image"] = json!(upload.id());
    let key = format!("files-{number}");
    let made = client.post_with("/catalog/v1/products", &key, &body).ok()?;
    if made.status != 201 {
        return None;
    }
    acknowledged.lock().unwrap().push((made.id(), content));
    Some(())
}
