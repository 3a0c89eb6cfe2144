//! Peers that are slow, greedy, broken or gone, and a server that stops under them.

use std::time::{Duration, Instant};

use runtime::http::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::http_support::{Ask, LIBRARY, Reply, Server};

const BOOKS: &str = "/books/v1/books";

fn impatient() -> Limits {
    let soon = Duration::from_millis(400);
    Limits {
        head_time: soon,
        body_time: soon,
        silence: soon * 2,
        drain: soon * 4,
        ..Limits::default()
    }
}

/// What the server says until it hangs up.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let reading = stream.read_to_end(&mut bytes);
    let _ = tokio::time::timeout(Duration::from_secs(10), reading).await.expect("it hangs up");
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_holds_a_connection_by_doing_nothing() {
    let server = Server::with(LIBRARY, impatient()).await;
    let heads: [&[u8]; 5] = [
        b"",
        b"P",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /books/v1/books HTTP/1.1\r\nhost: x\r\nx-a: ",
        b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n",
    ];
    for head in heads {
        let started = Instant::now();
        let mut stream = server.connect().await;
        stream.write_all(head).await.unwrap();
        rest(&mut stream).await;
        let waited = started.elapsed();
        assert!(waited < Duration::from_secs(5), "{:?}: {waited:?}", String::from_utf8_lossy(head));
    }
    assert_eq!(server.get("/health").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_trickles_in_is_not_waited_for() {
    let server = Server::with(LIBRARY, impatient()).await;
    let token = server.token("librarian", "lib");
    let mut stream = server.connect().await;
    let head = format!(
        "POST {BOOKS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nidempotency-key: k\r\n\
         content-type: application/json\r\ncontent-length: 1000\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let _ = stream.write_all(b" ").await;
    }
    let reply = Reply::parse(&rest(&mut stream).await);
    assert_eq!((reply.status, &*reply.code()), (408, "request-timeout"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_grows_beyond_the_limit_is_refused_while_it_comes() {
    let server = Server::start(LIBRARY).await;
    let token = server.token("librarian", "lib");
    let mut stream = server.connect().await;
    let head = format!(
        "POST {BOOKS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nidempotency-key: k\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
    for _ in 0..20 {
        if stream.write_all(&chunk).await.is_err() {
            break;
        }
    }
    let _ = stream.write_all(b"0\r\n\r\n").await;
    let reply = Reply::parse(&rest(&mut stream).await);
    assert_eq!((reply.status, &*reply.code()), (413, "payload-too-large"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_a_refused_body_is_not_the_next_request() {
    let server = Server::start(LIBRARY).await;
    let mut stream = server.connect().await;
    let smuggled = "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n";
    let text = format!(
        "POST {BOOKS} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{smuggled}",
        smuggled.len()
    );
    stream.write_all(text.as_bytes()).await.unwrap();
    let answer = rest(&mut stream).await;
    let reply = Reply::parse(&answer);
    assert_eq!((reply.status, &*reply.code()), (401, "unauthenticated"));
    assert_eq!(reply.header("connection"), Some("close"));
    let token = server.token("librarian", "lib");
    let mut stream = server.connect().await;
    let text = format!(
        "POST {BOOKS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nidempotency-key: k\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n\
         GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(text.as_bytes()).await.unwrap();
    let text = String::from_utf8(rest(&mut stream).await).unwrap();
    assert!(text.starts_with("HTTP/1.1 422") && text.contains("HTTP/1.1 200 OK"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_harms_nobody_else() {
    let server = Server::with(LIBRARY, impatient()).await;
    let many = (0..500).map(|at| format!("x-{at}: y\r\n")).collect::<String>();
    let long = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(200_000));
    let texts: [Vec<u8>; 7] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"nonsense\r\n\r\n".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
        format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n").into_bytes(),
        long.into_bytes(),
    ];
    for text in texts {
        let mut stream = server.connect().await;
        let _ = stream.write_all(&text).await;
        let answer = rest(&mut stream).await;
        let start = String::from_utf8_lossy(&answer[..answer.len().min(12)]).into_owned();
        let refused = start.starts_with("HTTP/1.1 4") || !start.starts_with("HTTP/1.1");
        assert!(refused, "{start} for {:?}", String::from_utf8_lossy(&text[..20.min(text.len())]));
    }
    assert_eq!(server.get("/health").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_told_so_like_anything_else_that_is_refused() {
    let server = Server::with(LIBRARY, Limits::default()).await;
    let many = (0..70).map(|at| format!("x-{at}: y\r\n")).collect::<String>();
    let get = |path: &str, fields: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\n{fields}\r\n");
    let asked = [
        ("nonsense\r\n\r\n".to_owned(), "400 Bad Request", "malformed-request"),
        (get("/", "a b: c\r\n"), "400 Bad Request", "malformed-request"),
        (get("/", &many), "431 Request Header Fields Too Large", "headers-too-large"),
        (
            get("/", &format!("x: {}\r\n", "y".repeat(40_000))),
            "431 Request Header Fields Too Large",
            "headers-too-large",
        ),
    ];
    for (text, status, code) in asked {
        let mut stream = server.connect().await;
        let _ = stream.write_all(text.as_bytes()).await;
        let answer = String::from_utf8(rest(&mut stream).await).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{head}");
        assert!(head.contains("\r\ncontent-type: application/problem+json\r\n"), "{head}");
        assert!(head.contains(&format!("\r\ncontent-length: {}", body.len())), "{head}");
        let problem: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(problem["code"], code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_serves_many_requests() {
    let server = Server::start(LIBRARY).await;
    let mut stream = server.connect().await;
    let ask = "GET /health HTTP/1.1\r\nhost: x\r\n\r\n".repeat(3);
    stream.write_all(ask.as_bytes()).await.unwrap();
    stream.write_all(b"GET /ready HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let text = String::from_utf8(rest(&mut stream).await).unwrap();
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 4, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_send_slowly_hold_nobody_up() {
    let limits = Limits { requests: 1, large_bodies: 1, ..Limits::default() };
    let server = Server::with(LIBRARY, limits).await;
    let token = server.token("librarian", "lib");
    let head = |length| {
        format!(
            "POST {BOOKS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
             idempotency-key: k\r\ncontent-type: application/json\r\nconnection: close\r\n\
             content-length: {length}\r\n\r\n"
        )
    };
    let mut small = server.connect().await;
    small.write_all(format!("{}{{", head(2)).as_bytes()).await.unwrap();
    let mut large = server.connect().await;
    large.write_all(format!("{}{{{}", head(50_002), " ".repeat(50_000)).as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(server.get(BOOKS).await.status, 200);
    // A second large body at the same time is one too many here.
    let body = " ".repeat(50_000);
    let ask = Ask::new("POST", BOOKS).bearer(&token).key("l").json(&body);
    let shed = server.ask(ask).await;
    assert_eq!((shed.status, &*shed.code()), (503, "overloaded"));
    for mut stream in [small, large] {
        stream.write_all(b"}").await.unwrap();
        assert_eq!(Reply::parse(&rest(&mut stream).await).code(), "validation-failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_lets_requests_finish_and_starts_none() {
    let mut server = Server::with(LIBRARY, impatient()).await;
    let address = server.running.as_ref().unwrap().address();
    let token = server.token("librarian", "lib");
    let body = r#"{"code":"a","title":"T","pages":1,"price":{"amount":"1.00","currency":"EUR"},"tags":[]}"#;
    let mut busy = server.connect().await;
    let head = format!(
        "POST {BOOKS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nidempotency-key: k\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    busy.write_all(head.as_bytes()).await.unwrap();
    let idle = server.connect().await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let running = server.running.take().unwrap();
    let stopping = tokio::spawn(running.stop());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(TcpStream::connect(address).await.is_err(), "no new connection");
    busy.write_all(body.as_bytes()).await.unwrap();
    let reply = Reply::parse(&rest(&mut busy).await);
    assert_eq!(reply.status, 201, "{reply:?}");
    stopping.await.unwrap();
    drop(idle);
    // What was acknowledged is there after a restart in the same process.
    let folder = server.folder;
    let server = Server::over(folder, LIBRARY, Limits::default()).await;
    let page = server.get(BOOKS).await.json();
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_does_not_wait_for_ever() {
    let mut server =
        Server::with(LIBRARY, Limits { drain: Duration::from_millis(300), ..Limits::default() })
            .await;
    let token = server.token("librarian", "lib");
    let mut busy = server.connect().await;
    let head = format!(
        "POST {BOOKS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nidempotency-key: k\r\n\
         content-type: application/json\r\ncontent-length: 9\r\n\r\n"
    );
    busy.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let started = Instant::now();
    server.stop().await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_changes_nothing_for_others() {
    let server = Server::start(LIBRARY).await;
    let token = server.token("librarian", "lib");
    for at in 0..20 {
        let mut stream = server.connect().await;
        let body = format!(
            r#"{{"code":"c{at}","title":"T","pages":1,"price":{{"amount":"1.00","currency":"EUR"}},"tags":[]}}"#
        );
        let head = format!(
            "POST {BOOKS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nidempotency-key: k{at}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        drop(stream);
    }
    let page = server.ask(Ask::new("GET", "/books/v1/books?limit=100")).await.json();
    for item in page["items"].as_array().unwrap() {
        assert_eq!(item["version"], 1);
    }
}
