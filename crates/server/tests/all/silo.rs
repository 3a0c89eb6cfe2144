//! A model with health data of many tenants, that says nothing of how they are kept apart: it is
//! decided that each has a database of its own, and served so.

use std::path::PathBuf;

use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};

use crate::database::{Database, connect};
use crate::files_support::Gallery;

const CLINICS: &str = r"
firmitas: 1
system:
  name: Clinics
  summary: Records of patients, for clinics that have nothing to do with each other.
  tenancy: { by: care.Clinic, from: host(domain) }
  needs: { compliance: [hipaa] }
actors:
  operator: { auth: user, role: operator, tenants: all }
  nurse: { auth: user, is: care.Nurse }
contexts:
  care:
    entities:
      Clinic: { rows: 12k, fields: { name: string(1..40), domain: string(1..40) unique } }
      Drug: { shared: true, rows: 1k, fields: { name: string(1..40) unique } }
      Nurse: { rows: 100k, fields: { name: string(1..40) pii } }
      Patient:
        rows: 5M
        audit: all
        retain: 7y after created_at then delete
        fields:
          name: string(1..60) pii
          takes: Drug?
          scan: file(..300KiB)?
        parts:
          visits: { size: 0..9, rows: 1 per Patient, fields: { reason: string(1..200) } }
    operations:
      open: { create: Clinic, by: [operator], input: [name, domain], rate: 1/min }
      drugs: { list: Drug, by: [nurse], rate: 1/s }
      add: { create: Drug, by: [nurse], input: [name], rate: 1/min }
      join: { create: Nurse, by: [nurse], input: [name], rate: 1/min }
      admit: { create: Patient, by: [nurse], input: [name, takes, scan, visits.reason], rate: 1/s }
      patients: { list: Patient, by: [nurse], sort: [name], rate: 1/s }
      patient: { get: Patient, by: [nurse], rate: 1/s }
      seen: { list: Patient.audit, by: [nurse], rate: 1/s }
";

/// A nurse of a clinic, at its host.
struct Nurse<'g> {
    server: &'g Gallery,
    host: &'static str,
    token: String,
}

impl<'g> Nurse<'g> {
    fn new(server: &'g Gallery, host: &'static str) -> Self {
        Self { server, host, token: server.token("nurse", host) }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Json>) -> (StatusCode, Json) {
        let url = format!("{}/care/v1{path}", self.server.url);
        let mut asked = self.server.http.request(method, url).header("host", self.host);
        asked = asked.bearer_auth(&self.token);
        if let Some(body) = body {
            let key = uuid::Uuid::new_v4().to_string();
            asked = asked.header("idempotency-key", key).json(&body);
        }
        let answer = asked.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    async fn post(&self, path: &str, body: Json) -> Json {
        let (status, answer) = self.ask(Method::POST, path, Some(body)).await;
        assert!(status.is_success(), "{status} {answer}");
        answer
    }

    async fn list(&self, path: &str) -> Vec<Json> {
        let (status, answer) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["items"].as_array().unwrap().clone()
    }
}

fn files(folder: &std::path::Path) -> Vec<PathBuf> {
    let all = std::fs::read_dir(folder.join("tenants")).unwrap();
    let all = all.map(|file| file.unwrap().path());
    let own = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.strip_suffix(".db").is_some_and(|id| id.parse::<uuid::Uuid>().is_ok())
    };
    all.filter(own).collect()
}

/// Two clinics, each with a nurse and a patient, and what they see.
async fn clinics_served(server: &Gallery) {
    let verdict = server.design.verdicts.iter().find(|of| of.family == "tenancy").unwrap();
    assert_eq!(verdict.choice, "silo");
    let (one, two) = (Nurse::new(server, "one.example"), Nurse::new(server, "two.example"));
    for of in [&one, &two] {
        let url = format!("{}/care/v1/clinics", server.url);
        let body = json!({ "name": of.host, "domain": of.host });
        let opened = server.http.post(url).header("idempotency-key", of.host).json(&body);
        let opened = opened.bearer_auth(server.token("operator", "boss"));
        let opened = opened.header("host", of.host).send().await.unwrap();
        assert_eq!(opened.status(), StatusCode::CREATED, "{}", opened.text().await.unwrap());
        of.post("/nurses", json!({ "name": of.host })).await;
    }
    let drug = one.post("/drugs", json!({ "name": "aspirin" })).await;
    let visits = json!([{ "reason": "Fever" }]);
    let body = json!({ "name": "Ada Lovelace", "takes": drug["id"], "visits": visits });
    let patient = one.post("/patients", body).await;
    two.post("/patients", json!({ "name": "Bob Dylan", "visits": [] })).await;
    let path = format!("/patients/{}", patient["id"].as_str().unwrap());
    assert_eq!(one.ask(Method::GET, &path, None).await.1["takes"], drug["id"]);
    assert_eq!(two.ask(Method::GET, &path, None).await.0, StatusCode::NOT_FOUND);
    assert_eq!(two.list("/patients").await.len(), 1);
    assert_eq!(two.list("/drugs").await.len(), 1, "what is shared is everybody's");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_decided_silo_is_served_with_a_database_for_each_tenant() {
    let server = Gallery::with(CLINICS, |_| {}).await;
    clinics_served(&server).await;
    let own = files(&server.folder);
    assert_eq!(own.len(), 2);
    let name = b"Ada Lovelace".as_slice();
    let holding = own.iter().filter(|file| {
        let log = PathBuf::from(format!("{}-wal", file.display()));
        [(*file).clone(), log].iter().any(|file| {
            let bytes = std::fs::read(file).unwrap_or_default();
            bytes.windows(name.len()).any(|window| window == name)
        })
    });
    assert_eq!(holding.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_with_databases_of_a_server() {
    let Some(database) = Database::make().await else { return };
    let url = database.url();
    let server = Gallery::with(CLINICS, |settings| {
        let of = postgresql::Settings { connections: Some(6), ..url.as_str().into() };
        settings.store = server::StoreAddress::PostgreSql(of);
    })
    .await;
    clinics_served(&server).await;
    let main = connect(&url).await;
    let own = "SELECT database FROM firmitas.silos WHERE tenant IS NOT NULL";
    let mut holding = 0;
    let own = main.query(own, &[]).await.unwrap();
    assert_eq!(own.len(), 2);
    let here = "SELECT count(*) FROM care.patients";
    main.batch_execute("SET firmitas.tenants = 'all'").await.unwrap();
    assert_eq!(main.query_one(here, &[]).await.unwrap().get::<_, i64>(0), 0);
    for row in own {
        let own = connect(&database.url_of(row.get(0))).await;
        own.batch_execute("SET firmitas.tenants = 'all'").await.unwrap();
        let named = "SELECT count(*) FROM care.patients WHERE name = 'Ada Lovelace'";
        holding += own.query_one(named, &[]).await.unwrap().get::<_, i64>(0);
        let read = "SELECT count(*) > 0 FROM firmitas.journal WHERE log = 'audit'";
        assert!(own.query_one(read, &[]).await.unwrap().get::<_, bool>(0), "it is audited there");
    }
    assert_eq!(holding, 1);
    drop(server);
    database.drop().await;
}
