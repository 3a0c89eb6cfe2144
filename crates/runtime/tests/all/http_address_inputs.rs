//! Inputs of `get` and `delete` over HTTP: they stand in the address, and whoever is admitted, what
//! is answered and what is done may depend on them.

use serde_json::{Value as Json, json};

use crate::http_support::{Ask, Reply, Server};

const DESK: &str = r"
firmitas: 1
system: { name: Desk }
actors:
  clerk: { auth: service }
  guest: { auth: none }
contexts:
  desk:
    entities:
      Door: { rows: 10, fields: { name: string(1..20), hidden: bool = false } }
      Parcel: { rows: 1k, fields: { code: string(4), weight: int(0..) } }
      Removal:
        rows: 1k
        append_only: true
        fields: { code: string(4), why: 'enum(lost, handed_out)', door: Door? }
      Note: { rows: 1k, soft_delete: true, fields: { text: string(1..40), reason: string(1..40)? } }
    operations:
      addDoor: { create: Door, by: [clerk], input: [name, hidden], rate: 1/day }
      doors: { list: Door, by: { guest: self.hidden == false, clerk: true }, rate: 1/min }
      addParcel: { create: Parcel, by: [clerk], input: [code, weight], rate: 1/min }
      parcel:
        get: Parcel
        by: { guest: self.code == input.code, clerk: true }
        input: { code: string(4), heavier: 'int(0..) = 0', door: Door? }
        where: self.weight >= input.heavier
        fields: { code: self.code, over: self.weight - input.heavier, through: input.door }
        rate: 1/min
      take:
        delete: Parcel
        by: { guest: self.code == input.code, clerk: true }
        input: { code: string(4), why: 'enum(lost, handed_out)', door: Door? }
        do:
          - require: input.why != 'lost' || self.weight < 100
            else: too-heavy-to-lose
          - create: Removal
            with: { code: self.code, why: input.why, door: input.door }
        rate: 1/min
      empty:
        act: Parcel
        by: { guest: self.code == input.code }
        input: { code: string(4) }
        do: [{ set: { weight: 0 } }]
        rate: 1/min
      removals: { list: Removal, by: [clerk], rate: 1/min }
      addNote: { create: Note, by: [clerk], input: [text], rate: 1/min }
      dropNote:
        delete: Note
        by: [clerk]
        input: [reason]
        do:
          - require: self.reason != null
            else: unexplained
        rate: 1/min
";

struct Desk {
    server: Server,
    clerk: String,
    hall: String,
    hidden: String,
    parcel: String,
}

impl Desk {
    async fn open() -> Self {
        let server = Server::start(DESK).await;
        let clerk = server.token("clerk", "carl");
        let none = String::new;
        let mut desk = Self { server, clerk, hall: none(), hidden: none(), parcel: none() };
        desk.hall = desk.add("doors", "hall", json!({ "name": "hall" })).await;
        desk.hidden = desk.add("doors", "attic", json!({ "name": "attic", "hidden": true })).await;
        desk.parcel = desk.add("parcels", "a", json!({ "code": "ABCD", "weight": 120 })).await;
        desk
    }

    async fn add(&self, to: &str, key: &str, body: Json) -> String {
        let (path, body) = (format!("/desk/v1/{to}"), body.to_string());
        let ask = Ask::new("POST", &path).bearer(&self.clerk).key(key).json(&body);
        let reply = self.server.ask(ask).await;
        assert_eq!(reply.status, 201, "{}", String::from_utf8_lossy(&reply.body));
        reply.json()["id"].as_str().unwrap().to_owned()
    }

    async fn get(&self, query: &str) -> Reply {
        self.server.get(&format!("/desk/v1/parcels/{}?{query}", self.parcel)).await
    }

    async fn take(&self, query: &str) -> Reply {
        let path = format!("/desk/v1/parcels/{}?{query}", self.parcel);
        self.server.ask(Ask::new("DELETE", &path).header("if-match", "*")).await
    }
}

fn refused(reply: &Reply, status: u16, code: &str, detail: &str) {
    assert_eq!((reply.status, &*reply.code()), (status, code), "{detail}");
    let told = reply.json()["detail"].as_str().unwrap_or_default().to_owned();
    assert!(told.starts_with(detail), "{detail}: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_asked_for_with_inputs() {
    let desk = Desk::open().await;
    let reply = desk.get("code=ABCD&heavier=20").await;
    assert_eq!(reply.json(), json!({ "code": "ABCD", "over": 100, "through": null }));
    let reply = desk.get(&format!("code=ABCD&door={}", desk.hall)).await;
    assert_eq!(reply.json(), json!({ "code": "ABCD", "over": 120, "through": desk.hall }));
    // Conditions that do not hold hide the row.
    for query in ["code=WXYZ", "code=ABCD&heavier=121"] {
        refused(&desk.get(query).await, 404, "not-found", "");
    }
    for (query, detail) in [
        ("", "`code`: A value is needed."),
        ("code=ABC", "`code`:"),
        ("code=ABCD&heavier=-1", "`heavier`:"),
        ("code=ABCD&heavier=1&heavier=2", "`heavier`: Given more than once."),
        ("code=ABCD&door=x", "`door`:"),
    ] {
        refused(&desk.get(query).await, 400, "invalid-parameter", detail);
    }
    refused(&desk.get("code=ABCD&limit=1").await, 400, "unknown-parameter", "");
    // A door that may not be seen is like one that is not there.
    let nowhere = "00000000-0000-7000-8000-000000000000";
    for door in [desk.hidden.as_str(), nowhere] {
        let reply = desk.get(&format!("code=ABCD&door={door}")).await;
        refused(&reply, 400, "invalid-parameter", "`door`: There is no such Door.");
    }
    let path = format!("/desk/v1/parcels/{}?code=none&door={}", desk.parcel, desk.hidden);
    let reply = desk.server.ask(Ask::new("GET", &path).bearer(&desk.clerk)).await;
    assert_eq!(reply.json()["through"], *desk.hidden);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_removed_with_inputs() {
    let desk = Desk::open().await;
    refused(&desk.take("code=ABCD").await, 400, "invalid-parameter", "`why`: A value is needed.");
    refused(&desk.take("code=ABCD&why=eaten").await, 400, "invalid-parameter", "`why`:");
    refused(&desk.take("code=WXYZ&why=lost").await, 404, "not-found", "");
    refused(&desk.take("code=ABCD&why=lost").await, 422, "too-heavy-to-lose", "");
    let hidden = format!("code=ABCD&why=handed_out&door={}", desk.hidden);
    refused(&desk.take(&hidden).await, 400, "invalid-parameter", "`door`: There is no such Door.");
    // A body means nothing, and is not mistaken for inputs.
    let path = format!("/desk/v1/parcels/{}", desk.parcel);
    let body = r#"{"code":"ABCD","why":"handed_out"}"#;
    let ask = Ask::new("DELETE", &path).header("if-match", "*").json(body);
    refused(&desk.server.ask(ask).await, 400, "invalid-parameter", "`code`: A value is needed.");
    let path = format!("{path}?code=ABCD&why=handed_out");
    let ask = Ask::new("DELETE", &path).header("if-match", "*").json(body);
    refused(&desk.server.ask(ask).await, 422, "unknown-property", "");
    let stale = Ask::new("DELETE", &path).header("if-match", "\"7\"");
    refused(&desk.server.ask(stale).await, 412, "precondition-failed", "");

    let query = format!("code=ABCD&why=handed_out&door={}", desk.hall);
    assert_eq!(desk.take(&query).await.status, 204);
    refused(&desk.take(&query).await, 404, "not-found", "");
    let ask = Ask::new("GET", "/desk/v1/removals").bearer(&desk.clerk);
    let removals = desk.server.ask(ask).await.json();
    let removal = &removals["items"][0];
    assert_eq!(removals["items"].as_array().map(Vec::len), Some(1));
    assert_eq!([&removal["code"], &removal["why"]], [&json!("ABCD"), &json!("handed_out")]);
    assert_eq!(removal["door"], *desk.hall);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_is_written_by_what_removes_its_row() {
    let desk = Desk::open().await;
    let note = desk.add("notes", "n", json!({ "text": "call back" })).await;
    let path = format!("/desk/v1/notes/{note}");
    let ask = |path| Ask::new("DELETE", path).bearer(&desk.clerk).header("if-match", "*");
    refused(&desk.server.ask(ask(&path)).await, 422, "unexplained", "");
    let long = format!("{path}?reason={}", "x".repeat(41));
    refused(&desk.server.ask(ask(&long)).await, 400, "invalid-parameter", "`reason`:");
    let path = format!("{path}?reason=done%20twice");
    assert_eq!(desk.server.ask(ask(&path)).await.status, 204);
}

/// Who is admitted to an act may depend on its inputs as well.
#[tokio::test(flavor = "multi_thread")]
async fn an_act_is_admitted_by_its_inputs() {
    let desk = Desk::open().await;
    let path = format!("/desk/v1/parcels/{}/empty", desk.parcel);
    for (code, status) in [("WXYZ", 404), ("ABCD", 200)] {
        let body = json!({ "code": code }).to_string();
        let reply = desk.server.ask(Ask::new("POST", &path).key(code).json(&body)).await;
        assert_eq!(reply.status, status, "{}", String::from_utf8_lossy(&reply.body));
    }
    assert_eq!(desk.get("code=ABCD").await.json()["over"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_has_them_in_the_address() {
    let desk = Desk::open().await;
    let contract = desk.server.get("/openapi/desk.json").await.json();
    let path = &contract["paths"]["/desk/v1/parcels/{id}"];
    for (method, needed) in [("get", &["code"][..]), ("delete", &["code", "why"])] {
        let operation = &path[method];
        let parameters = operation["parameters"].as_array().unwrap().iter();
        let in_query: Vec<&Json> = parameters.filter(|of| of["in"] == "query").collect();
        assert_eq!(in_query.len(), 3, "{method}: {in_query:?}");
        let required = in_query.iter().filter(|of| of["required"] == true);
        let required: Vec<&str> = required.filter_map(|of| of["name"].as_str()).collect();
        assert_eq!(required, needed, "{method}");
        assert!(operation["requestBody"].is_null(), "{method}");
    }
    // Nobody says with what: the row that was created is not to be found at its address alone.
    let body = json!({ "code": "EFGH", "weight": 1 }).to_string();
    let ask = Ask::new("POST", "/desk/v1/parcels").bearer(&desk.clerk).key("b").json(&body);
    assert_eq!(desk.server.ask(ask).await.header("location"), None);
}
