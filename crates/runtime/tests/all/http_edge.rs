//! The way in: how often callers may ask, which origins, which proxies, which load.

use runtime::http::{Cors, Edge, Limits, Proxies, RateOverride, RateSettings};

use crate::http_support::{Ask, LIBRARY, Reply, Server};
use crate::store_support::Folder;

const BOOKS: &str = "/books/v1/books";

async fn at_edge(edge: Edge) -> Server {
    Server::at_edge(Folder::new(), LIBRARY, Limits::default(), edge).await
}

fn only(actor: &str, rate: f64, burst: f64) -> Edge {
    let set = RateOverride { actor: actor.to_owned(), rate, burst: Some(burst) };
    Edge { rates: RateSettings { off: false, overrides: vec![set] }, ..Edge::default() }
}

fn left(reply: &Reply) -> u64 {
    let told = reply.header("ratelimit").expect("told");
    told.split("r=").nth(1).unwrap().split(';').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_too_often_is_told_when_to_come_back() {
    let server = at_edge(only("visitor", 0.5, 3.0)).await;
    for expected in (0..3).rev() {
        let reply = server.get(BOOKS).await;
        assert_eq!((reply.status, left(&reply)), (200, expected));
        assert_eq!(reply.header("ratelimit-policy"), Some(r#""address";q=3;w=6"#));
    }
    let refused = server.get(BOOKS).await;
    assert_eq!((refused.status, &*refused.code()), (429, "rate-limited"));
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=2).contains(&seconds), "{seconds}");
    assert_eq!(left(&refused), 0);
    // Health is nobody's quota, and the number of refusals is known.
    assert_eq!(server.get("/health").await.status, 200);
    let numbers = String::from_utf8(server.get("/metrics").await.body).unwrap();
    assert!(numbers.contains("http_server_rate_limited_total 1"), "{numbers}");
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_have_quotas_of_their_own() {
    let server = at_edge(only("librarian", 0.01, 2.0)).await;
    let (ann, bob) = (server.token("librarian", "ann"), server.token("librarian", "bob"));
    let path = &format!("{BOOKS}/0198c0de-0000-7000-8000-000000000000");
    let drop_book = |token: &str| {
        server.ask(Ask::new("DELETE", path).bearer(token).header("if-match", "\"1\""))
    };
    for _ in 0..2 {
        assert_eq!(drop_book(&ann).await.status, 404);
    }
    assert_eq!(drop_book(&ann).await.status, 429);
    let bobs = drop_book(&bob).await;
    assert_eq!(bobs.status, 404);
    let policy = bobs.header("ratelimit-policy").unwrap();
    assert_eq!(policy, r#""caller";q=2;w=200, "address";q=20;w=200"#);
    // Those who show nothing, or nothing of worth, share the address.
    for token in ["", "forged"] {
        let reply = server.ask(Ask::new("DELETE", path).bearer(token)).await;
        assert_eq!(reply.status, 401, "{reply:?}");
        assert!(reply.header("ratelimit").unwrap().starts_with("\"address\""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_tokens_are_not_tried_for_ever() {
    let server = at_edge(only("librarian", 0.001, 1.0)).await;
    let path = &format!("{BOOKS}/0198c0de-0000-7000-8000-000000000000");
    let mut statuses = Vec::new();
    for at in 0..12 {
        let forged = format!("forged-{at}");
        statuses.push(server.ask(Ask::new("DELETE", path).bearer(&forged)).await.status);
    }
    assert_eq!(statuses, [[401; 10].as_slice(), &[429; 2]].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_design_decided_is_in_force() {
    let server = at_edge(Edge::default()).await;
    let reply = server.get(BOOKS).await;
    assert_eq!(reply.status, 200);
    let policy = reply.header("ratelimit-policy").expect("a limit");
    assert!(policy.starts_with("\"address\";q="), "{policy}");
    let contract = server.get("/openapi/books.json").await.json();
    let told = &contract["paths"][BOOKS]["get"]["responses"]["200"]["headers"];
    assert!(told["RateLimit"].is_object() && told["RateLimit-Policy"].is_object(), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_may_call_from_named_origins_alone() {
    let origins = ["https://app.example.com".to_owned()];
    let cors = Cors::new(&origins, true, std::time::Duration::from_secs(600)).unwrap();
    let rates = RateSettings { off: true, overrides: Vec::new() };
    let server = at_edge(Edge { cors, rates, ..Edge::default() }).await;
    let preflight = |origin: &'static str| {
        let ask = Ask::new("OPTIONS", BOOKS).header("origin", origin);
        let ask = ask.header("access-control-request-method", "POST");
        server.ask(ask.header("access-control-request-headers", "authorization"))
    };
    let allowed = preflight("https://app.example.com").await;
    assert_eq!(allowed.status, 204);
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://app.example.com"));
    assert_eq!(allowed.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(allowed.header("access-control-max-age"), Some("600"));
    assert!(allowed.header("access-control-allow-methods").unwrap().contains("PATCH"));
    assert!(allowed.header("access-control-allow-headers").unwrap().contains("authorization"));
    for origin in ["https://evil.example.com", "null", "https://app.example.com.evil.example"] {
        let refused = preflight(origin).await;
        let named: Vec<_> =
            refused.headers.keys().filter(|name| name.starts_with("access-control")).collect();
        assert!(named.is_empty(), "{origin}: {named:?}");
    }
    let get = |origin: &'static str| server.ask(Ask::new("GET", BOOKS).header("origin", origin));
    let reply = get("https://app.example.com").await;
    assert_eq!(reply.header("access-control-allow-origin"), Some("https://app.example.com"));
    assert!(reply.header("access-control-expose-headers").unwrap().contains("etag"));
    assert!(reply.header("vary").unwrap().contains("origin"));
    let other = get("https://evil.example.com").await;
    assert_eq!((other.status, other.header("access-control-allow-origin")), (200, None));
    assert!(other.header("vary").unwrap().contains("origin"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_says_what_browsers_must_not_do() {
    let server = Server::start(LIBRARY).await;
    for path in [BOOKS, "/nowhere", "/health", "/openapi/books.json"] {
        let reply = server.get(path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{path}");
        }
        assert!(reply.header("permissions-policy").is_some());
        assert_eq!(reply.header("strict-transport-security"), None, "not encrypted");
        assert_eq!(reply.header("access-control-allow-origin"), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_says_who_asks() {
    let edge = Edge {
        proxies: Proxies::new(&["127.0.0.1".to_owned()]).unwrap(),
        ..only("visitor", 0.001, 1.0)
    };
    let server = at_edge(edge).await;
    let from =
        |client: &'static str| server.ask(Ask::new("GET", BOOKS).header("x-forwarded-for", client));
    assert_eq!(from("192.0.2.1").await.status, 200);
    assert_eq!(from("192.0.2.1").await.status, 429);
    assert_eq!(from("192.0.2.2").await.status, 200);
    assert_eq!(from("192.0.2.99, 192.0.2.2").await.status, 429, "what the client invents");
    assert_eq!(from("2001:db8::1").await.status, 200);
    assert_eq!(from("2001:db8::2").await.status, 429, "one network");
    let secure = Ask::new("GET", "/health").header("x-forwarded-proto", "https");
    let reply = server.ask(secure).await;
    assert!(reply.header("strict-transport-security").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_cannot_say_who_they_are() {
    let server = at_edge(only("visitor", 0.001, 1.0)).await;
    let from =
        |client: &'static str| server.ask(Ask::new("GET", BOOKS).header("x-forwarded-for", client));
    assert_eq!(from("192.0.2.1").await.status, 200);
    assert_eq!(from("192.0.2.2").await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_says_how_long_it_waits() {
    let server = Server::start(LIBRARY).await;
    let reply = server.ask(Ask::new("GET", BOOKS).header("prefer", "respond-async, wait=3")).await;
    assert_eq!((reply.status, reply.header("preference-applied")), (200, Some("wait=3")));
    assert_eq!(server.get(BOOKS).await.header("preference-applied"), None);
}
