//! What a client sees when what stands behind the edge fails.

use std::sync::Arc;
use std::time::{Duration, Instant};

use decide::Design;
use runtime::call::{Answer, Body, Request};
use runtime::http::{Edge, Execute, Limits, Running, Service, ServiceOptions, listen};
use runtime::identity::Issuer;
use runtime::problem::{Problem, code};
use runtime::telemetry::{AccessLog, Sample};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::http_support::{LIBRARY, Reply, design};
use crate::store_support::Folder;

/// Fails in the way that the search text of a list, or the key of a write, asks for.
struct Faulty(Arc<Design>);

impl Execute for Faulty {
    fn design(&self) -> &Arc<Design> {
        &self.0
    }

    async fn execute(&self, request: Request) -> Result<Answer, Problem> {
        let search = request.page.and_then(|page| page.search);
        let key = request.idempotency.map(|idempotency| idempotency.key);
        match search.or(key).as_deref() {
            Some("panic") => panic!("as asked"),
            Some("sleep") => tokio::time::sleep(Duration::from_secs(60)).await,
            Some("busy") => return Err(Problem::new(&code::OVERLOADED).retry_after(3)),
            _ => {}
        }
        let body = Body::Page { items: b"[]".to_vec(), next: None, count: None };
        Ok(Answer {
            status: 200,
            version: None,
            location: None,
            row: None,
            body,
            replayed: false,
            age: None,
        })
    }

    async fn unready(&self) -> Option<String> {
        Some("The disk is full.".to_owned())
    }

    async fn samples(&self) -> Vec<Sample> {
        vec![Sample::new("outbox_depth", "Events that wait.", 7.0)]
    }
}

async fn faulty(limits: Limits) -> (Folder, Running, String) {
    let folder = Folder::new();
    let design = design(LIBRARY);
    let issuer = Issuer::open(folder.path(), design.model.clone()).unwrap();
    let (librarian, _) =
        design.model.actors().find(|(_, actor)| actor.name.value == "librarian").unwrap();
    let token = issuer.issue(librarian, "lib", Duration::from_secs(60)).unwrap();
    let options = ServiceOptions {
        issuer,
        authenticate: None,
        mounts: Vec::new(),
        limits,
        edge: Edge::default(),
        limiter: None,
        access_log: AccessLog::Off,
        tracing: None,
        documents: Vec::new(),
    };
    let service = Service::new(Arc::new(Faulty(design)), options).unwrap();
    let running = listen(Arc::new(service), ([127, 0, 0, 1], 0).into()).await.unwrap();
    (folder, running, token)
}

async fn ask(running: &Running, head: &str, body: &str) -> Reply {
    let mut stream = TcpStream::connect(running.address()).await.unwrap();
    let length = body.len();
    let text =
        format!("{head}host: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(text.as_bytes()).await.unwrap();
    Reply::read(stream).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_defect_is_one_requests_problem() {
    let (_folder, running, token) = faulty(Limits::default()).await;
    let read = ask(&running, "GET /books/v1/books?q=panic HTTP/1.1\r\n", "").await;
    assert_eq!((read.status, &*read.code()), (500, "internal"));
    assert!(!String::from_utf8_lossy(&read.body).contains("as asked"), "no detail leaks");
    let head = format!(
        "POST /books/v1/books/0190b8a0-0000-7000-8000-000000000000/lend-book HTTP/1.1\r\n\
         authorization: Bearer {token}\r\nidempotency-key: panic\r\n"
    );
    let write = ask(&running, &head, "").await;
    assert_eq!((write.status, &*write.code()), (500, "internal"));
    assert_eq!(ask(&running, "GET /books/v1/books HTTP/1.1\r\n", "").await.status, 200);
    let metrics = ask(&running, "GET /metrics HTTP/1.1\r\n", "").await;
    let metrics = String::from_utf8(metrics.body).unwrap();
    for line in ["http_server_panics_total 2", "outbox_depth 7"] {
        assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_longer_than_the_deadline() {
    let (_folder, running, _) = faulty(Limits::default()).await;
    let started = Instant::now();
    let reply = ask(&running, "GET /books/v1/books?q=sleep HTTP/1.1\r\n", "").await;
    assert_eq!((reply.status, &*reply.code()), (504, "timed-out"));
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn being_busy_is_told_with_a_time_to_come_back() {
    let (_folder, running, _) = faulty(Limits::default()).await;
    let reply = ask(&running, "GET /books/v1/books?q=busy HTTP/1.1\r\n", "").await;
    assert_eq!((reply.status, &*reply.code()), (503, "overloaded"));
    assert_eq!(reply.header("retry-after"), Some("3"));
    let ready = ask(&running, "GET /ready HTTP/1.1\r\n", "").await;
    assert_eq!((ready.status, &*ready.code()), (503, "unavailable"));
    assert_eq!(ready.json()["detail"], "The disk is full.");
    assert_eq!(ask(&running, "GET /health HTTP/1.1\r\n", "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_requests_at_once_are_told_to_come_back() {
    let (_folder, running, _) = faulty(Limits { requests: 1, ..Limits::default() }).await;
    let mut slow = TcpStream::connect(running.address()).await.unwrap();
    slow.write_all(b"GET /books/v1/books?q=sleep HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let shed = ask(&running, "GET /books/v1/books HTTP/1.1\r\n", "").await;
    assert_eq!((shed.status, &*shed.code()), (503, "overloaded"));
    assert_eq!(shed.header("retry-after"), Some("1"));
    let probe = ask(&running, "GET /health HTTP/1.1\r\n", "").await;
    assert_eq!(probe.status, 200, "the probe is no request of anybody");
    // Whoever goes away makes room.
    drop(slow);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(ask(&running, "GET /books/v1/books HTTP/1.1\r\n", "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn http_2_without_tls_is_served_on_the_same_port() {
    let (_folder, running, _) = faulty(Limits::default()).await;
    // Somebody else may have been first; then there is a provider just as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let url = format!("http://{}/books/v1/books", running.address());
    let mut asks = Vec::new();
    for _ in 0..50 {
        asks.push(tokio::spawn(client.get(&url).send()));
    }
    for ask in asks {
        let reply = ask.await.unwrap().unwrap();
        assert_eq!(reply.version(), reqwest::Version::HTTP_2);
        assert_eq!(reply.text().await.unwrap(), r#"{"items":[],"next":""}"#);
    }
    let head = client.head(&url).send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.content_length()), (200, Some(22)));
    let missing = client.get(format!("{url}/x/y")).send().await.unwrap();
    assert_eq!(missing.status(), 404);
    running.stop().await;
}
