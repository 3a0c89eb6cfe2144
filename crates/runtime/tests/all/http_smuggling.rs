//! Requests that two servers in a row could understand differently.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::http_support::{LIBRARY, Server};

/// Everything that the server says to these bytes, until it hangs up or says no more.
async fn say(server: &Server, text: &str) -> String {
    let mut stream = server.connect().await;
    let _ = stream.write_all(text.as_bytes()).await;
    let mut bytes = Vec::new();
    let reading = stream.read_to_end(&mut bytes);
    let _ = tokio::time::timeout(Duration::from_millis(700), reading).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

fn answers(text: &str) -> usize {
    text.matches("HTTP/1.1 ").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_two_ends_is_not_split_at_the_wrong_one() {
    let server = Server::start(LIBRARY).await;
    let inner = "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n";
    let length = inner.len() + 5;
    let head = "POST /books/v1/books HTTP/1.1\r\nhost: x\r\n";
    for text in [
        // Two lengths and an encoding, in both orders; encodings that are none.
        format!(
            "{head}content-length: {length}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{inner}"
        ),
        format!(
            "{head}transfer-encoding: chunked\r\ncontent-length: {length}\r\n\r\n0\r\n\r\n{inner}"
        ),
        format!("{head}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n{inner}"),
        format!("{head}transfer-encoding : chunked\r\n\r\n0\r\n\r\n{inner}"),
        format!("{head}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n{inner}"),
        format!("{head}content-length: 0\r\ncontent-length: {length}\r\n\r\n{inner}"),
        format!("{head}content-length: +{length}\r\n\r\n{inner}"),
        format!("{head}content-length: 0x10\r\n\r\n{inner}"),
        format!("{head}content-length: 99999999999999999999999\r\n\r\n{inner}"),
        // A name that goes on in the next line (obs-fold), and one with a bare line feed within.
        format!("{head}x: a\r\n b\r\ncontent-length : 0\r\n\r\n{inner}"),
        format!("{head}transfer-encoding:\n chunked\r\n\r\n0\r\n\r\n{inner}"),
        // Chunks whose lengths are none.
        format!("{head}transfer-encoding: chunked\r\n\r\n-1\r\n{inner}\r\n0\r\n\r\n"),
        format!("{head}transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n{inner}"),
    ] {
        let said = say(&server, &text).await;
        assert!(answers(&said) <= 1, "{text:?}\n{said}");
        assert!(!said.contains("http_server_requests_total"), "{text:?}\n{said}");
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{text:?}\n{said}");
    }
    assert_eq!(server.get("/health").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_clear_for_whom_a_request_is() {
    let server = Server::start(LIBRARY).await;
    for (text, status) in [
        ("GET /health HTTP/1.1\r\nhost: a\r\n\r\n", "200"),
        ("GET /health HTTP/1.1\r\n\r\n", "400"),
        ("GET /health HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", "400"),
        ("GET /health HTTP/1.1\r\nhost: a/b\r\n\r\n", "400"),
        ("GET http://x/health HTTP/1.1\r\nhost: x\r\n\r\n", "200"),
        ("GET health HTTP/1.1\r\nhost: a\r\n\r\n", "404"),
        ("OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n", "404"),
        ("CONNECT x:80 HTTP/1.1\r\nhost: x:80\r\n\r\n", "404"),
        ("TRACE /health HTTP/1.1\r\nhost: a\r\n\r\n", "405"),
        ("GET /health HTTP/1.0\r\n\r\n", "200"),
    ] {
        let said = say(&server, text).await;
        let found = said.split(' ').nth(1).unwrap_or_default();
        assert_eq!(found, status, "{text:?}\n{said}");
    }
}
