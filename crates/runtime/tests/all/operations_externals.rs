//! Externals over HTTP: what is sent, and what each kind of answer means.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use expression::{Value, value::Money};
use model::model::ExternalId;
use runtime::call::Trace;
use runtime::operations::{CallError, ConfiguredExternals, ExternalCall, Externals};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::model;

const MODEL: &str = r"
firmitas: 1
system: { name: Shop, summary: A shop. }
actors: { clerk: { auth: user } }
entities: { Thing: { fields: { name: string } } }
operations: { add: { create: Thing, by: [clerk], input: [name], rate: 1/s } }
externals:
  bank:
    operations:
      charge:
        input: { amount: money, memo: string? }
        output: { reference: 'string(1..10)', fee: 'decimal(6,2)?', points: 'list(int)' }
        latency: p50 10ms p99 100ms
        idempotent: true
";

/// Request line, headers by lower-case name, body.
type Sent = (String, BTreeMap<String, String>, Json);
type Seen = Arc<Mutex<Vec<Sent>>>;

/// A server that answers every request alike.
async fn server(status: u16, body: String, delay: Duration) -> (String, Seen) {
    let seen = Seen::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/base/", listener.local_addr().unwrap());
    let all = seen.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let sent = read_request(&mut stream).await;
            all.lock().unwrap().push(sent);
            tokio::time::sleep(delay).await;
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nlocation: /\r\n\
                 retry-after: 7\r\n\r\n{body}"
            );
            // A client that has had enough hangs up.
            drop(stream.write_all(answer.as_bytes()).await);
        }
    });
    (url, seen)
}

async fn read_request(stream: &mut TcpStream) -> Sent {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await.unwrap();
        text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let mut lines = head.lines();
        let first = lines.next().unwrap().to_owned();
        let headers = lines.map(|line| line.split_once(": ").unwrap());
        let headers: BTreeMap<String, String> =
            headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        if body.len() >= headers["content-length"].parse().unwrap() {
            return (first, headers, serde_json::from_str(body).unwrap());
        }
    }
}

async fn call(url: &str) -> Result<Value, CallError> {
    let model = model(MODEL);
    let urls = BTreeMap::from([("bank".to_owned(), url.to_owned())]);
    let externals = ConfiguredExternals::new(model, urls).unwrap();
    assert_eq!(externals.stand_ins().count(), 0);
    let amount = Money { amount: "12.5".parse().unwrap(), currency: "EUR".into() };
    let call = ExternalCall {
        external: ExternalId(0),
        operation: 0,
        arguments: vec![Value::Money(amount), Value::Null],
        key: "key-1".to_owned(),
        timeout: Duration::from_millis(500),
        trace: Trace { parent: None, correlation: Some("c-1".into()), ..Trace::default() },
    };
    externals.call(call).await
}

async fn answered(status: u16, body: &str) -> Result<Value, CallError> {
    let (url, _) = server(status, body.to_owned(), Duration::ZERO).await;
    call(&url).await
}

fn ambiguous(result: Result<Value, CallError>) -> bool {
    match result {
        Err(CallError::Unreachable { ambiguous, .. }) => ambiguous,
        other => panic!("reached: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_a_post_with_its_key() {
    let body = json!({ "reference": "r-1", "fee": 0.5, "points": [1, 2], "extra": true });
    let (url, seen) = server(200, body.to_string(), Duration::ZERO).await;
    let result = call(&url).await.unwrap();
    let expected = [
        Value::text("r-1"),
        Value::Decimal("0.50".parse().unwrap()),
        Value::List([Value::Int(1), Value::Int(2)].into()),
    ];
    assert_eq!(result, Value::Record(expected.into()));
    let (line, headers, sent) = seen.lock().unwrap().remove(0);
    assert_eq!(line, "POST /base/charge HTTP/1.1");
    assert_eq!((&*headers["idempotency-key"], &*headers["x-correlation-id"]), ("key-1", "c-1"));
    assert_eq!(sent, json!({ "amount": { "amount": "12.50", "currency": "EUR" }, "memo": null }));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_code_is_a_refusal() {
    let refused = answered(422, r#"{"code":"no-money","title":"No"}"#).await;
    assert_eq!(refused, Err(CallError::Refused("no-money".to_owned())));
    assert!(ambiguous(answered(404, "not here").await), "a wrong address is no decision");
    assert!(!ambiguous(answered(429, r#"{"code":"slow-down"}"#).await));
    assert!(ambiguous(answered(500, r#"{"code":"x"}"#).await));
    assert!(ambiguous(answered(302, "").await), "redirects are not followed");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_when_it_may_be_asked_again() {
    for status in [429, 503] {
        let after = match answered(status, "").await {
            Err(CallError::Unreachable { after, .. }) => after,
            other => panic!("reached: {other:?}"),
        };
        assert_eq!(after, Some(Duration::from_secs(7)), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_the_contract_is_none() {
    for body in [
        "",
        "[]",
        "{",
        r#"{"reference":"","points":[]}"#,
        r#"{"reference":"12345678901","points":[]}"#,
        r#"{"reference":7,"points":"x"}"#,
        r#"{"reference":null,"points":[]}"#,
    ] {
        let result = answered(200, body).await;
        assert!(ambiguous(result), "{body}");
    }
    assert!(answered(200, r#"{"reference":"r"}"#).await.is_ok(), "an absent list is empty");
    let huge = format!(r#"{{"reference":"r","points":[],"x":"{}"}}"#, "x".repeat(1 << 20));
    assert!(ambiguous(answered(200, &huge).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_ends() {
    let (url, _) = server(200, "{}".to_owned(), Duration::from_secs(5)).await;
    assert!(ambiguous(call(&url).await), "it may have been done");
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    assert!(!ambiguous(call(&url).await), "it was never sent");
}

#[test]
fn wrong_settings_are_told() {
    let start = |name: &str, url: &str| {
        let urls = BTreeMap::from([(name.to_owned(), url.to_owned())]);
        ConfiguredExternals::new(model(MODEL), urls).map(|_| ())
    };
    assert!(start("bnak", "http://localhost").unwrap_err().contains("did you mean `bank`"));
    assert!(start("bank", "localhost:80").unwrap_err().contains("not an http"));
    let none = ConfiguredExternals::new(model(MODEL), BTreeMap::new()).unwrap();
    assert_eq!(none.stand_ins().collect::<Vec<_>>(), ["bank"]);
}
