//! Thousands of slow clients at once, and one who only wants an answer.

#![cfg(target_os = "linux")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use runtime::http::Limits;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::http_support::{LIBRARY, Server};

const BOOKS: &str = "/books/v1/books";

/// How many: 2,000, or `FIRMITAS_TEST_SLOW_CLIENTS` (10,000 need 15,000 open files).
fn many() -> u16 {
    let set = std::env::var("FIRMITAS_TEST_SLOW_CLIENTS").ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(2000)
}

/// A connection from one of many addresses of this machine: 100 from each.
async fn slow(to: SocketAddr, at: u16) -> Option<TcpStream> {
    let [high, low] = (at / 100 + 1).to_be_bytes();
    let socket = TcpSocket::new_v4().ok()?;
    socket.bind((IpAddr::V4(Ipv4Addr::new(127, 1, high, low)), 0).into()).ok()?;
    let connecting = socket.connect(to);
    tokio::time::timeout(Duration::from_secs(30), connecting).await.ok()?.ok()
}

/// What each third of them does: heads that trickle in, bodies that trickle in, answers that nobody
/// reads.
async fn misbehave(mut stream: TcpStream, at: u16, token: String) {
    let start = match at % 3 {
        0 => format!("GET {BOOKS} HTTP/1.1\r\nhost: x\r\nx-slow: "),
        1 => format!(
            "POST {BOOKS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
             idempotency-key: k{at}\r\ncontent-type: application/json\r\ncontent-length: 9000\r\n\r\n{{"
        ),
        _ => "GET /openapi/books.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(40),
    };
    let _ = stream.write_all(start.as_bytes()).await;
    while at % 3 != 2 && stream.write_all(b" ").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    // Those who read nothing keep the connection until the server has had enough.
    tokio::time::sleep(Duration::from_secs(60)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_harm_themselves_alone() {
    let limits = Limits { connections: 500, connections_of_address: 200, ..Limits::default() };
    let server = Server::with(LIBRARY, limits).await;
    let address = server.running.as_ref().unwrap().address();
    let token = server.token("librarian", "lib");
    let mut attackers = JoinSet::new();
    for at in 0..many() {
        let token = token.clone();
        attackers.spawn(async move {
            let Some(stream) = slow(address, at).await else { return };
            misbehave(stream, at, token).await;
        });
    }
    let mut slowest = Duration::ZERO;
    for _ in 0..30 {
        let began = Instant::now();
        let reply = server.get(BOOKS).await;
        assert_eq!(reply.status, 200);
        slowest = slowest.max(began.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("{} slow clients: the slowest normal request took {slowest:?}", many());
    let numbers = String::from_utf8(server.get("/metrics").await.body).unwrap();
    let open = numbers.lines().find_map(|line| line.strip_prefix("http_server_connections "));
    let open: usize = open.unwrap().parse().unwrap();
    // Those that are being cut are counted until they are gone.
    assert!(open <= 600, "{open}");
    attackers.shutdown().await;
    assert_eq!(server.get(BOOKS).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_gets_its_share_of_connections() {
    let limits = Limits { connections_of_address: 5, ..Limits::default() };
    let server = Server::with(LIBRARY, limits).await;
    let address = server.running.as_ref().unwrap().address();
    let mut held = Vec::new();
    for _ in 0..20 {
        held.push(slow(address, 0).await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(server.get(BOOKS).await.status, 200, "others are let in");
    let numbers = String::from_utf8(server.get("/metrics").await.body).unwrap();
    assert!(numbers.contains("http_server_connections_refused_total 15"), "{numbers}");
}
