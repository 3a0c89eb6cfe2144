//! Many machines guess passwords at once: each attempt costs a core tens of milliseconds, and
//! everybody else goes on.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::backend::Backend;
use super::ledger::Ledger;
use super::rounds;
use crate::acceptance::client::Client;

const GUESSERS: u32 = 32;

/// How often each answer came.
type Answers = Mutex<BTreeMap<String, u32>>;

#[test]
fn a_flood_of_sign_ins_leaves_everybody_else_alone() {
    // Behind a proxy every guesser has an address of its own.
    let backend = Backend::new("login-flood").flags(&["--trusted-proxy", "127.0.0.1"]).started();
    let customer = backend.customer();
    let (ledger, answers) = (Ledger::default(), Answers::default());
    let (over, guesser) = (AtomicBool::new(false), Client::new(&backend.url, None));
    let mut slowest = Duration::ZERO;
    ledger.under_load(2, &customer, || {
        std::thread::scope(|scope| {
            for _ in 0..GUESSERS {
                scope.spawn(|| guess(&guesser, &answers, &over));
            }
            for _ in 0..rounds(8, 100) {
                std::thread::sleep(Duration::from_millis(250));
                let asked = Instant::now();
                guesser.get("/catalog/v1/products").expect(200);
                slowest = slowest.max(asked.elapsed());
                ledger.recovered(Instant::now(), Duration::from_secs(5));
            }
            over.store(true, Ordering::SeqCst);
        });
    });
    assert!(slowest < Duration::from_secs(3), "a page of products took {slowest:?}");
    let answers = answers.lock().unwrap();
    let known = ["401 invalid-credentials", "429 rate-limited", "503 overloaded"];
    assert!(answers.keys().all(|answer| known.contains(&answer.as_str())), "{answers:?}");
    assert!(answers.contains_key(known[0]) && answers.contains_key(known[2]), "{answers:?}");
    let seen = ledger.settle(&backend, &customer, false);
    eprintln!("sign-ins: {answers:?}; meanwhile a page took {slowest:?} at most: {seen}");
}

/// Guesses passwords of accounts, each from another address.
fn guess(client: &Client, answers: &Answers, over: &AtomicBool) {
    static GUESSES: AtomicU32 = AtomicU32::new(0);
    while !over.load(Ordering::SeqCst) {
        let number = GUESSES.fetch_add(1, Ordering::Relaxed);
        let address = format!("10.{}.{}.7", number / 250 % 250, number % 250);
        let headers = [("content-type", "application/json"), ("x-forwarded-for", &*address)];
        let body = json!({ "login": format!("user{number}@example.com"), "password": "12345678" });
        let body = body.to_string();
        let reply = client.send("POST", "/auth/sign-in", &headers, Some(body.as_bytes())).unwrap();
        let waits = reply.status == 401 || reply.header("retry-after").is_some();
        assert!(waits, "nobody is told when to come again: {reply:?}");
        let answer = format!("{} {}", reply.status, reply.code());
        *answers.lock().unwrap().entry(answer).or_default() += 1;
    }
}
