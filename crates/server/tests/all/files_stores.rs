//! Files on the other store, across restarts, tenants, durable calls and repeated requests.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value as Json, json};
use server::{DatabaseSettings, Server, StoreAddress};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::database::Database;
use crate::files_support::{Gallery, MODEL, answer, design, png, settings};

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_counts_contents_as_well() {
    let Some(database) = Database::make().await else { return };
    let url = database.url();
    let gallery = Gallery::with(MODEL, |settings| {
        settings.store = StoreAddress::PostgreSql(DatabaseSettings::from(url.as_str()));
    })
    .await;
    let anna = gallery.token("painter", "anna");
    let image = gallery.id(&anna, "image/png", &png(500)).await;
    let scan = gallery.id(&anna, "image/png", &png(600)).await;
    let body = |title: &str| json!({ "title": title, "image": image, "sketches": [{ "page": 1, "scan": scan }] });
    let (one, other) =
        tokio::join!(gallery.paint(&anna, body("a")), gallery.paint(&anna, body("b")));
    let mut statuses = [one.0, other.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 422], "{one:?} {other:?}");
    let painted = if one.0 == 201 { one.1 } else { other.1 };
    let id = painted["id"].as_str().unwrap();
    assert_eq!((gallery.sweep().await, gallery.contents()), (0, 2));
    assert_eq!(gallery.change(&anna, id, json!({ "image": null })).await.0, 200);
    assert_eq!((gallery.sweep().await, gallery.contents()), (1, 1));
    assert_eq!(gallery.burn(&anna, id).await, 204);
    assert_eq!((gallery.sweep().await, gallery.contents()), (1, 0));
    let unused = gallery.id(&anna, "image/png", &png(500)).await;
    assert_eq!((gallery.sweep_in(3700).await, gallery.contents()), (1, 0), "{unused}");
    drop(gallery);
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_begun_before_a_restart_is_used_or_removed_after_it() {
    let mut gallery = Gallery::start().await;
    let anna = gallery.token("painter", "anna");
    let image = gallery.id(&anna, "image/png", &png(500)).await;
    let body = json!({ "title": "Sea", "image": gallery.id(&anna, "image/png", &png(700)).await,
        "sketches": [] });
    let (_, painted) = gallery.paint(&anna, body).await;
    // What a process that is killed leaves beside the content it was writing.
    let key = painted["image"]["id"].as_str().unwrap().replace('-', "");
    let folder = gallery.folder.join("files").join(&key[30..]);
    std::fs::write(folder.join(format!("{key}#1")), b"half").unwrap();
    gallery.server.take().unwrap().stop().await;
    let server = Server::start(&design(MODEL), settings(&gallery.folder)).await;
    let server = server.map_err(|why| format!("{why:?}")).unwrap();
    gallery.url = format!("http://{}", server.address());
    gallery.server = Some(server);
    let old = gallery.fetch(painted["image"]["url"].as_str().unwrap()).await;
    assert_eq!(old.bytes().await.unwrap(), png(700), "addresses outlive the process");
    let body = json!({ "title": "Sea", "image": image, "sketches": [] });
    assert_eq!(gallery.paint(&anna, body).await.0, 201);
    assert_eq!(gallery.contents(), 3);
    assert_eq!(gallery.burn(&anna, painted["id"].as_str().unwrap()).await, 204);
    assert_eq!((gallery.sweep().await, gallery.contents()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_gets_an_address_of_now() {
    let gallery = Gallery::start().await;
    let anna = gallery.token("painter", "anna");
    let image = gallery.id(&anna, "image/png", &png(500)).await;
    let send = || async {
        let asked = gallery.asked(Method::POST, "/gallery/v1/pictures", &anna);
        let body = json!({ "title": "Sea", "image": image, "sketches": [] });
        let reply = asked.header("idempotency-key", "same").json(&body).send().await.unwrap();
        let replayed = reply.headers().contains_key("idempotency-replayed");
        (replayed, answer(reply).await.1)
    };
    let (first, again) = (send().await, send().await);
    assert!(!first.0 && again.0);
    assert_eq!(first.1["id"], again.1["id"]);
    let fetched = gallery.fetch(again.1["image"]["url"].as_str().unwrap()).await;
    assert_eq!(fetched.bytes().await.unwrap(), png(500));
}

const CALLED: &str = "
firmitas: 1
system: { name: Prints, summary: Pictures that are printed. }
actors: { everyone: { auth: none }, painter: { auth: user } }
contexts:
  prints:
    entities:
      Print: { rows: 1k, fields: { title: 'string(1..40)', before: file(..9KiB)?, after: file(..9KiB)? } }
    operations:
      order: { create: Print, by: [painter], input: [title], rate: 1/s }
      make:
        act: Print
        by: [painter]
        input: { before: file(..9KiB), later: file(..9KiB) }
        rate: 1/s
        do:
          - { set: { before: input.before } }
          - { call: press.make, with: { title: self.title } }
          - { set: { after: input.later } }
      print: { get: Print, by: [everyone], rate: 1/s }
externals:
  press:
    operations:
      make:
        input: { title: string }
        output: { sheet: 'string(1..40)' }
        latency: p50 10ms p99 100ms
        idempotent: true
";

#[tokio::test(flavor = "multi_thread")]
async fn a_file_waits_for_what_follows_a_durable_call() {
    let gallery = Gallery::with(CALLED, |settings| {
        settings.externals = vec![("press".to_owned(), "http://127.0.0.1:9".to_owned())];
    })
    .await;
    let anna = gallery.token("painter", "anna");
    let (before, later) = (
        gallery.id(&anna, "image/png", &png(500)).await,
        gallery.id(&anna, "image/png", &png(600)).await,
    );
    let post = |path: String| gallery.asked(Method::POST, &path, &anna).header("prefer", "wait=1");
    let order = post("/prints/v1/prints".to_owned()).header("idempotency-key", "o");
    let (_, row) = answer(order.json(&json!({ "title": "Sea" })).send().await.unwrap()).await;
    let make = post(format!("/prints/v1/prints/{}/make", row["id"].as_str().unwrap()));
    let make =
        make.header("idempotency-key", "k").json(&json!({ "before": before, "later": later }));
    let reply = make.send().await.unwrap();
    assert_eq!(reply.status(), 202, "{}", reply.text().await.unwrap());
    // The one is in the row, the other still to come: neither is removed for being old.
    assert_eq!((gallery.sweep_in(3 * 3600).await, gallery.contents()), (0, 2));
    assert_eq!(gallery.sweep_in(48 * 3600).await, 1, "not for ever");
}

const TENANTS: &str = "
firmitas: 1
system: { name: Hosts, summary: Sites., tenancy: { by: web.Site, from: host(domain), isolation: pool } }
actors:
  everyone: { auth: none }
  painter: { auth: user }
  owner: { auth: user, role: owner, tenants: all }
contexts:
  web:
    entities:
      Site: { rows: 10, fields: { domain: string(1..60) unique } }
      Page: { rows: 1k, fields: { title: 'string(1..40)', image: file(..9KiB)? } }
    operations:
      addSite: { create: Site, by: [owner], input: [domain], rate: 1/s }
      addPage: { create: Page, by: [painter], input: [title, image], rate: 1/s }
      pages: { list: Page, by: [everyone], rate: 1/s }
";

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_at_one_tenant_is_none_at_another() {
    let gallery = Gallery::with(TENANTS, |_| {}).await;
    let anna = gallery.token("painter", "anna");
    let post = |host: &'static str, path: &'static str, kind: &'static str, body: Vec<u8>| {
        let asked = gallery.asked(Method::POST, path, &anna).header("host", host);
        let asked = asked.header("content-type", kind).body(body);
        async {
            answer(
                asked.header("idempotency-key", crate::files_support::uuid()).send().await.unwrap(),
            )
            .await
        }
    };
    let json_of = |value: Json| value.to_string().into_bytes();
    let owner = gallery.token("owner", "olga");
    for domain in ["one.example", "two.example"] {
        let asked = gallery.asked(Method::POST, "/web/v1/sites", &owner);
        let asked = asked.header("idempotency-key", domain).json(&json!({ "domain": domain }));
        let (status, made) = answer(asked.send().await.unwrap()).await;
        assert_eq!(status, 201, "{made}");
    }
    let (_, upload) = post("one.example", "/files", "image/png", png(500)).await;
    let page = json_of(json!({ "title": "Sea", "image": upload["id"] }));
    let (status, _) = post("two.example", "/web/v1/pages", "application/json", page.clone()).await;
    assert_eq!(status, 422);
    let (status, _) = post("one.example", "/web/v1/pages", "application/json", page).await;
    assert_eq!(status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_go_on_after_an_upload() {
    let gallery = Gallery::start().await;
    let anna = gallery.token("painter", "anna");
    let address = gallery.url.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    for size in [10, 5000] {
        let head = format!(
            "POST /files HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {anna}\r\n\
             content-type: image/png\r\nexpect: 100-continue\r\ncontent-length: {size}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut reply = vec![0; 4096];
        let read = stream.read(&mut reply).await.unwrap();
        assert!(reply[..read].starts_with(b"HTTP/1.1 100"));
        stream.write_all(&png(size)).await.unwrap();
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut reply));
        let read = read.await.unwrap().unwrap();
        assert!(reply[..read].starts_with(b"HTTP/1.1 201"), "{size}");
    }
}
