//! Uploads that are not what they should be.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::files_support::{Gallery, answer, png};

#[tokio::test(flavor = "multi_thread")]
async fn only_whoever_may_write_a_file_may_upload() {
    let gallery = Gallery::start().await;
    assert_eq!(gallery.upload("", "image/png", &png(99)).await.status(), 401);
    let visitor = gallery.token("visitor", "vera");
    // A visitor is no painter by its token.
    let refused = gallery.upload(&visitor, "image/png", &png(99)).await;
    assert!([201, 403].contains(&refused.status().as_u16()), "{refused:?}");
    let refused = gallery.upload("nonsense", "image/png", &png(99)).await;
    assert_eq!(refused.status(), 401);
    let anna = gallery.token("painter", "anna");
    for (method, path, status) in [
        (Method::GET, "/files", 405),
        (Method::PUT, "/files", 405),
        (Method::POST, "/files/0192f3a4-b5c6-7d8e-9f00-112233445566", 405),
        (Method::GET, "/files/", 404),
        (Method::GET, "/files/..%2f..%2fidentity.key", 404),
        (Method::GET, "/files/../identity.key", 404),
        (Method::POST, "/files?for=x", 400),
        (Method::POST, "/files?name=a&name=b", 400),
    ] {
        let asked = gallery.asked(method.clone(), path, &anna).header("content-type", "text/plain");
        let reply = asked.body("words").send().await.unwrap();
        assert_eq!(reply.status(), status, "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_must_be_what_is_sent() {
    let gallery = Gallery::start().await;
    let anna = gallery.token("painter", "anna");
    let html = b"<!doctype html><script>alert(1)</script>".as_slice();
    for (said, content) in [
        ("image/png", html),
        ("image/jpeg", &png(99)),
        ("text/plain", &png(99)),
        ("application/pdf", b"MZ\x90\0\x03\0\0\0".as_slice()),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nwords\r\n--x--".as_slice()),
    ] {
        let (status, problem) = answer(gallery.upload(&anna, said, content).await).await;
        assert_eq!((status, &problem["code"]), (415, &json!("unsupported-media-type")), "{said}");
    }
    let asked = gallery.asked(Method::POST, "/files", &anna).header("content-encoding", "gzip");
    assert_eq!(asked.body("words").send().await.unwrap().status(), 415);
    assert_eq!(gallery.contents(), 0);
    // What could run is taken, and never shown where it is.
    let id = gallery.id(&anna, "text/html", html).await;
    let body = json!({ "title": "Page", "image": id, "sketches": [] });
    let (_, painted) = gallery.paint(&anna, body).await;
    let page = gallery.fetch(painted["image"]["url"].as_str().unwrap()).await;
    assert_eq!(page.headers()["content-disposition"], "attachment");
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("sandbox"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused_before_it_is_read() {
    let gallery = Gallery::start().await;
    let anna = gallery.token("painter", "anna");
    let most = 300 * 1024;
    assert_eq!(gallery.upload(&anna, "image/png", &png(most)).await.status(), 201);
    assert_eq!(gallery.upload(&anna, "image/png", &png(most + 1)).await.status(), 413);
    // Announced: refused without waiting for any of it.
    let head = format!("content-length: {}\r\n", 1_u64 << 40);
    let reply = raw(&gallery, &anna, &head, b"").await;
    assert!(reply.starts_with("HTTP/1.1 413"), "{reply}");
    // Not announced: refused when it is too much.
    let mut body = Vec::new();
    let chunk = png(64 * 1024);
    for _ in 0..8 {
        body.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        body.extend_from_slice(&chunk);
        body.extend_from_slice(b"\r\n");
    }
    let reply = raw(&gallery, &anna, "transfer-encoding: chunked\r\n", &body).await;
    assert!(reply.starts_with("HTTP/1.1 413"), "{reply}");
    assert_eq!(gallery.contents(), 1, "nothing stays of what was refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_stays_of_what_breaks_off() {
    let gallery = Gallery::start().await;
    let anna = gallery.token("painter", "anna");
    let address = gallery.url.strip_prefix("http://").unwrap().to_owned();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let head = head(&anna, "content-length: 300000\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&png(290_000)).await.unwrap();
    stream.flush().await.unwrap();
    for _ in 0..200 {
        if gallery.contents() > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(gallery.contents(), 1, "it is being written");
    drop(stream);
    let mut swept = 0;
    for _ in 0..500 {
        swept += gallery.sweep().await;
        if swept > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!((swept, gallery.contents()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_of_one_caller_are_bounded() {
    let gallery = Gallery::start().await;
    let anna = gallery.token("painter", "anna");
    let address = gallery.url.strip_prefix("http://").unwrap().to_owned();
    let mut slow = Vec::new();
    for _ in 0..4 {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(head(&anna, "content-length: 1000\r\n").as_bytes()).await.unwrap();
        stream.write_all(&png(10)).await.unwrap();
        slow.push(stream);
    }
    let mut status = 201;
    for _ in 0..200 {
        status = gallery.upload(&anna, "image/png", &png(99)).await.status().as_u16();
        if status == 429 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(status, 429);
    let ben = gallery.token("painter", "ben");
    assert_eq!(gallery.upload(&ben, "image/png", &png(99)).await.status(), 201);
    drop(slow);
    // Contents that wait are bounded as well.
    let carl = gallery.token("painter", "carl");
    let mut last = 201;
    for _ in 0..101 {
        last = gallery.upload(&carl, "image/png", &png(20)).await.status().as_u16();
    }
    assert_eq!(last, 429);
}

fn head(token: &str, more: &str) -> String {
    format!(
        "POST /files HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: image/png\r\n{more}\r\n"
    )
}

/// What is answered to a request that is written by hand.
async fn raw(gallery: &Gallery, token: &str, more: &str, body: &[u8]) -> String {
    let address = gallery.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head(token, more).as_bytes()).await.unwrap();
    // The server may close before it has read all.
    let _ = stream.write_all(body).await;
    let mut reply = vec![0; 4096];
    let length = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut reply));
    let length = length.await.unwrap().unwrap_or(0);
    String::from_utf8_lossy(&reply[..length]).into_owned()
}
