//! Calls that are stuck, and those who look after them.

use serde_json::json;

use crate::acceptance::client::Client;
use crate::acceptance::server::{Folder, Server, token};
use crate::firm::Scratch;

const TILL: &str = r"
firmitas: 1
system: { name: Till, summary: Payments. }
actors:
  clerk: { auth: user, role: clerk }
entities:
  Payment:
    fields: { amount: int(1..1000), memo: string(0..40)? }
    states: { pending: [paid], paid: [] }
operations:
  pay:
    create: Payment
    by: [clerk]
    input: [amount]
    do:
      - call: bank.wire
        with: { amount: self.amount }
      - move: paid
    rate: 1/s
    latency: p95 100ms
  view: { get: Payment, by: [clerk], rate: 1/s }
  note: { update: Payment, by: [clerk], input: [memo], rate: 1/s }
externals:
  bank:
    operations:
      wire: { input: { amount: int }, latency: p50 10ms p99 50ms, idempotent: false }
";

/// A call that nobody answers, and that must not be repeated, is listed, tried again because
/// somebody says so, and given up.
#[test]
fn what_is_stuck_is_listed_tried_again_and_given_up() {
    let scratch = Scratch::new("jobs");
    scratch.write("till/firmitas.yaml", TILL);
    let (model, data) = (scratch.path().join("till"), Folder::new("jobs-data"));
    // It takes connections, and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let bank = format!("bank=http://{}", silent.local_addr().unwrap());
    let data_of = data.0.to_str().unwrap();
    let jobs = |command: &[&str]| {
        let place = ["--model", "till", "--data", data_of, "--json"];
        scratch.firm(&[&["job"], command, &place].concat())
    };
    let server = Server::start_with(&model, &data.0, &["--external", &bank]);
    let clerk = Client::new(&server.url, Some(token(&model, &data.0, "clerk", "carla")));
    let paid = clerk.post("/till/v1/payments", &json!({ "amount": 7 })).expect(202);
    let place = paid.header("location").unwrap().to_owned();
    server.stop();

    let listed = jobs(&["list"]).json();
    let [job] = listed["jobs"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    assert_eq!((&job["operation"], &job["attempts"]), (&json!("till.pay"), &json!(1)));
    assert!(place.ends_with(job["row"].as_str().unwrap()), "{place} {job}");
    let id = job["id"].as_str().unwrap();
    let people = scratch.firm(&["job", "list", "--model", "till", "--data", data_of]);
    assert!(people.stdout.starts_with(&format!("{id}  till.pay of Payment ")), "{people:?}");
    assert_eq!(jobs(&["retry", id]).code, 0);
    let due = jobs(&["list"]).json();
    assert_eq!((&due["jobs"][0]["attempts"], &due["jobs"][0]["due_us"]), (&json!(0), &json!(0)));
    assert_eq!(jobs(&["retry", "0198c5a2-6b1e-7c33-9d1f-2f6f0c1f9a11"]).code, 2);

    let server = Server::start_with(&model, &data.0, &["--external", &bank]);
    let clerk = Client::new(&server.url, Some(token(&model, &data.0, "clerk", "carla")));
    let note = json!({ "memo": "n" });
    let etag = |clerk: &Client| clerk.get(&place).expect(200).header("etag").unwrap().to_owned();
    clerk.patch(&place, &etag(&clerk), &note).refused(409, "in-progress");
    server.stop();
    assert_eq!(jobs(&["abandon", id]).code, 0);
    assert_eq!(jobs(&["list"]).json()["jobs"], json!([]));
    let server = Server::start(&model, &data.0);
    let clerk = Client::new(&server.url, Some(token(&model, &data.0, "clerk", "carla")));
    let left = clerk.patch(&place, &etag(&clerk), &note).expect(200);
    assert_eq!(left.body["status"], "pending", "the row stays as it is");
    server.stop();
}
