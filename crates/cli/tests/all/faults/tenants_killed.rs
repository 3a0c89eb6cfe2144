//! `kill -9` of the server, and of PostgreSQL, while several tenants write, each of which has a
//! database of its own: what is committed in two databases is in both of them or in none.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::backend::Backend;
use super::cluster::Cluster;
use super::rounds;
use crate::acceptance::client::Client;
use crate::acceptance::server::Folder;

const CLINICS: &str = "
firmitas: 1
system:
  name: Clinics
  summary: Records of patients of several clinics.
  tenancy: { by: care.Clinic, from: actor, isolation: silo }
actors:
  operator: { auth: user, role: operator, tenants: all }
contexts:
  care:
    entities:
      Clinic: { rows: 100, fields: { name: string(1..40) } }
      Patient:
        rows: 1M
        history: true
        fields: { name: string(1..60) }
        parts: { visits: { size: 0..3, rows: 1 per Patient, fields: { reason: string(1..40) } } }
    operations:
      open: { create: Clinic, by: [operator], input: [name], rate: 1/min }
      admit: { create: Patient, by: [operator], input: [name, visits.reason], rate: 100/s }
      patients: { list: Patient, by: [operator], rate: 1/s }
";
const TENANTS: usize = 3;

/// What was sent for a tenant under a key, and the id that was acknowledged.
type Sent = Mutex<BTreeMap<(usize, String), Option<String>>>;

struct Clinics {
    client: Client,
    tenants: Vec<String>,
}

impl Clinics {
    fn admit(&self, tenant: usize, key: &str) -> Option<String> {
        let body = json!({ "name": key, "visits": [{ "reason": "Fever" }] }).to_string();
        let headers = [
            ("content-type", "application/json"),
            ("idempotency-key", key),
            ("x-tenant-id", &*self.tenants[tenant]),
        ];
        let sent = self.client.send("POST", "/care/v1/patients", &headers, Some(body.as_bytes()));
        let reply = sent.ok()?;
        let honest = [201, 409, 429, 500, 503, 504].contains(&reply.status);
        assert!(honest && reply.status != 500, "{} {}", reply.status, reply.text);
        (reply.status == 201).then(|| reply.id())
    }

    fn write(&self, writer: usize, sent: &Sent, over: &AtomicBool) {
        for number in 0.. {
            let (tenant, key) = ((writer + number) % TENANTS, format!("w{writer}-{number}"));
            let known = (tenant, key.clone());
            sent.lock().unwrap().insert(known.clone(), None);
            loop {
                if let Some(id) = self.admit(tenant, &key) {
                    sent.lock().unwrap().insert(known, Some(id));
                    break;
                }
                if over.load(Ordering::SeqCst) || number % 3 == 0 {
                    break;
                }
                std::thread::sleep(Duration::from_millis(25));
            }
            if over.load(Ordering::SeqCst) {
                return;
            }
        }
    }

    /// Names by id of a tenant's patients, all of them whole.
    fn patients(&self, tenant: usize) -> BTreeMap<String, String> {
        let (mut all, mut after) = (BTreeMap::new(), String::new());
        loop {
            let path = format!("/care/v1/patients?limit=1000{after}");
            let headers = [("x-tenant-id", &*self.tenants[tenant])];
            let page = self.client.send("GET", &path, &headers, None).unwrap().expect(200);
            for item in page.body["items"].as_array().unwrap() {
                assert_eq!(item["visits"].as_array().unwrap().len(), 1, "a patient by half");
                let of = |field: &str| item[field].as_str().unwrap().to_owned();
                all.insert(of("id"), of("name"));
            }
            match page.body["next"].as_str() {
                Some(next) if !next.is_empty() => after = format!("&after={next}"),
                _ => return all,
            }
        }
    }

    fn until_it_writes(&self, round: u32) {
        let deadline = Instant::now() + Duration::from_secs(60);
        let key = format!("back-{round}");
        while self.admit(0, &key).is_none() {
            assert!(Instant::now() < deadline, "nobody can write again");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

struct Over<'o>(&'o AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn acknowledged_writes_of_tenants_with_databases_survive_the_server_and_the_database() {
    let Some(mut cluster) = Cluster::start("tenants-killed", &[]) else { return };
    let model = Folder::new("clinics");
    std::fs::write(model.0.join("firmitas.yaml"), CLINICS).unwrap();
    let path: &'static str = Box::leak(model.0.display().to_string().into_boxed_str());
    let flags = ["--store-connections", "8"];
    let backend = Backend::new("tenants-killed").model(path).store(&cluster.url());
    let mut backend = backend.flags(&flags).started();
    let client = backend.client("operator", "boss");
    // Each has a database, which takes longer than a request may where others use the disk: what was
    // not answered is asked again.
    let open = |at: usize| {
        let body = json!({ "name": format!("C{at}") });
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let reply = client.post_with("/care/v1/clinics", &format!("open-{at}"), &body).unwrap();
            if ![409, 503, 504].contains(&reply.status) || Instant::now() > until {
                return reply.expect(201).id();
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    };
    let tenants: Vec<String> = (0..TENANTS).map(open).collect();
    let clinics = Clinics { client: backend.client("operator", "boss"), tenants };
    let (sent, over) = (Sent::default(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for writer in 0..3 {
            let (clinics, sent, over) = (&clinics, &sent, &over);
            scope.spawn(move || clinics.write(writer, sent, over));
        }
        // Also where this ends with a panic: then the writers have to go home.
        let _over = Over(&over);
        for round in 0..rounds(4, 30) {
            std::thread::sleep(Duration::from_millis(u64::from(200 + (round * 137) % 400)));
            match round % 2 {
                0 => {
                    backend.kill();
                    backend.start();
                }
                _ => {
                    cluster.kill();
                    cluster.restart();
                }
            }
            clinics.until_it_writes(round);
        }
    });
    judge(&clinics, &sent.into_inner().unwrap());
}

fn judge(clinics: &Clinics, sent: &BTreeMap<(usize, String), Option<String>>) {
    let mut acknowledged = 0;
    for tenant in 0..TENANTS {
        let there = clinics.patients(tenant);
        let names: BTreeSet<&String> = there.values().collect();
        assert_eq!(names.len(), there.len(), "something was done twice");
        for ((of, key), id) in sent.iter().filter(|((of, _), _)| *of == tenant) {
            let Some(id) = id else { continue };
            assert_eq!(there.get(id), Some(key), "acknowledged and not there, of {of}");
            acknowledged += 1;
        }
        // What has an answer is there, and what is there has one: both were committed.
        for ((_, key), _) in sent.iter().filter(|((of, _), _)| *of == tenant).take(40) {
            let id = clinics.admit(tenant, key).unwrap();
            let known = there.iter().find(|(_, name)| *name == key);
            assert!(known.is_none_or(|(before, _)| *before == id), "{key} was made twice");
        }
    }
    assert!(acknowledged > 20, "only {acknowledged} writes were acknowledged");
    eprintln!("{acknowledged} acknowledged writes of {TENANTS} tenants are there");
}
