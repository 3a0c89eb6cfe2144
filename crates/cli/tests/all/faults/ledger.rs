//! Clients that write down what they sent and what was acknowledged, and a judge who compares that
//! with what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::backend::{Backend, Customer};
use crate::acceptance::client::Reply;
use crate::acceptance::crash::{all_orders, whole};
use crate::acceptance::shop::order;

const ORDERS: &str = "/ordering/v1/orders";
/// Acknowledged orders that are asked for again with their keys.
const REPLAYED: usize = 60;

/// From so many on clients take their time: a server counts ten thousand events, of more it says how
/// far their numbers reach, which leave out those of transactions that were ended.
const MANY: usize = 7_000;

/// An order that was sent, and its answer if it was acknowledged.
struct Sent {
    key: String,
    body: Value,
    answer: Option<Value>,
}

/// What clients have seen.
#[derive(Default)]
pub struct Ledger {
    sent: Mutex<Vec<Sent>>,
    acknowledged: Mutex<Vec<Instant>>,
    /// How often each honest refusal came.
    refused: Mutex<BTreeMap<String, u32>>,
    /// Answers that nobody should get.
    dishonest: Mutex<Vec<String>>,
    /// Requests without an answer.
    broken: AtomicU64,
}

impl Ledger {
    /// Orders as several clients do, until the faults are over.
    pub fn under_load<T>(
        &self,
        clients: usize,
        customer: &Customer,
        faults: impl FnOnce() -> T,
    ) -> T {
        static LOADS: AtomicU64 = AtomicU64::new(0);
        let load = LOADS.fetch_add(1, Ordering::Relaxed);
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for client in 0..clients {
                let (over, prefix) = (&over, format!("l{load}-c{client}"));
                scope.spawn(move || self.orders(customer, &prefix, over));
            }
            // Also where the faults end with a panic: then the clients have to go home.
            let _over = Over(&over);
            faults()
        })
    }

    /// Every second order that fails is given up, the others are sent again with their keys.
    fn orders(&self, customer: &Customer, prefix: &str, over: &AtomicBool) {
        for number in 0.. {
            if over.load(Ordering::SeqCst) {
                return;
            }
            let key = format!("{prefix}-{number}");
            let product = |n: usize| &*customer.products[n % customer.products.len()];
            let body = order(&customer.card, &[(product(number), 1), (product(number + 1), 2)]);
            let mut answer = None;
            while answer.is_none() {
                answer = self.order(customer, &key, &body);
                if answer.is_none() {
                    std::thread::sleep(Duration::from_millis(25));
                    if number % 2 == 0 || over.load(Ordering::SeqCst) {
                        break;
                    }
                }
            }
            let sent = {
                let mut sent = self.sent.lock().unwrap();
                sent.push(Sent { key, body, answer });
                sent.len()
            };
            if sent > MANY {
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }

    fn order(&self, customer: &Customer, key: &str, body: &Value) -> Option<Value> {
        match customer.client.post_with(ORDERS, key, body) {
            Ok(reply) if reply.status == 201 => {
                self.acknowledged.lock().unwrap().push(Instant::now());
                Some(reply.body)
            }
            Ok(reply) => {
                self.refused(&reply);
                None
            }
            Err(_) => {
                self.broken.fetch_add(1, Ordering::Relaxed);
                None
            }
        }
    }

    fn refused(&self, reply: &Reply) {
        let code = reply.body["code"].as_str().unwrap_or_default();
        let honest = matches!(
            (reply.status, code),
            (503, "unavailable" | "overloaded")
                | (504, "timed-out")
                | (409, "idempotency-in-progress")
        );
        let again = reply.header("retry-after").is_some() || reply.status == 504;
        if honest && again {
            let mut refused = self.refused.lock().unwrap();
            *refused.entry(format!("{} {code}", reply.status)).or_default() += 1;
        } else {
            let said = format!("{} {:?} {}", reply.status, reply.headers, reply.text);
            self.dishonest.lock().unwrap().push(said);
        }
    }

    /// How long after a moment the next order was acknowledged; waits for it.
    pub fn recovered(&self, since: Instant, within: Duration) -> Duration {
        loop {
            let next = self.acknowledged.lock().unwrap().iter().copied().find(|at| *at > since);
            if let Some(at) = next {
                return at - since;
            }
            let refused = self.refused.lock().unwrap().clone();
            assert!(since.elapsed() < within, "nothing is accepted for {within:?}: {refused:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until clients are refused with this status and code.
    pub fn until_refused(&self, how: &str, within: Duration) {
        let started = Instant::now();
        while !self.refused.lock().unwrap().contains_key(how) {
            let refused = self.refused.lock().unwrap().clone();
            assert!(started.elapsed() < within, "nobody gets {how}: {refused:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Compares what clients know with what is there, and asks again with the same keys.
    /// `unanswered` says that requests may have got no answer at all. Returns what was seen.
    pub fn settle(&self, backend: &Backend, customer: &Customer, unanswered: bool) -> String {
        let dishonest = self.dishonest.lock().unwrap();
        assert!(dishonest.is_empty(), "{} dishonest answers: {}", dishonest.len(), dishonest[0]);
        let broken = self.broken.load(Ordering::Relaxed);
        assert!(unanswered || broken == 0, "{broken} requests were not answered");
        let sent = self.sent.lock().unwrap();
        let stored = quiet(backend, customer);
        let mut acknowledged = 0;
        for (key, answer) in sent.iter().filter_map(|sent| Some((&sent.key, sent.answer.as_ref()?)))
        {
            let id = answer["id"].as_str().unwrap();
            assert_eq!(stored.get(id), Some(answer), "the acknowledged {key} is gone or changed");
            acknowledged += 1;
        }
        let open = sent.iter().filter(|sent| sent.answer.is_none());
        let every = (acknowledged / REPLAYED).max(1);
        let answered = sent.iter().filter(|sent| sent.answer.is_some()).step_by(every);
        let (mut ids, mut left_open) = (BTreeSet::new(), 0);
        for request in open.chain(answered) {
            let again = replay(customer, request);
            whole(&again);
            if let Some(answer) = &request.answer {
                assert_eq!(&again, answer, "the replay of {} differs", request.key);
            } else {
                left_open += 1;
            }
            assert!(ids.insert(again["id"].to_string()), "two keys, one order");
        }
        let orders = quiet(backend, customer).len();
        assert_eq!(orders, sent.len(), "one order for each key");
        let refused = self.refused.lock().unwrap();
        format!(
            "{acknowledged} acknowledged orders are there, {left_open} open ones were settled by \
             their keys; refused meanwhile: {refused:?}, not answered: {broken}"
        )
    }
}

/// Ends the load when dropped.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The answer to the same request with the same key.
fn replay(customer: &Customer, request: &Sent) -> Value {
    for _ in 0..100 {
        let reply = customer.client.post_with(ORDERS, &request.key, &request.body).unwrap();
        if !matches!(reply.status, 409 | 503 | 504) {
            return reply.expect(201).body;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the order {} cannot be settled", request.key);
}

/// All orders, once each has its event and each event its order: what was under way when the last
/// client left may take a moment.
fn quiet(backend: &Backend, customer: &Customer) -> BTreeMap<String, Value> {
    // The registration of the customer is an event, too.
    const REGISTERED: f64 = 1.0;
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let orders = all_orders(&customer.client);
        let events = backend.metric("outbox_events") - REGISTERED;
        let (expected, before) = (f64::from(u32::try_from(orders.len()).unwrap()), Instant::now());
        if (expected - events).abs() < 0.5 {
            return orders;
        }
        assert!(before < deadline, "{expected} orders have {events} events");
        std::thread::sleep(Duration::from_millis(200));
    }
}
