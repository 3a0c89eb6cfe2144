//! PATCH of values of `types` over HTTP, compared with the algorithm of RFC 7396 itself.

use serde_json::{Map, Value as Json, json};

use crate::http_support::{Ask, Server};

const PEOPLE: &str = r"
firmitas: 1
system: { name: People }
actors:
  clerk: { auth: service }
  guest: { auth: none }
types:
  Place:
    fields: { city: string(1..20), zip: 'string(1..5)?', tags: 'list(string(1..5), ..3)', at: geo? }
  Address:
    fields: { street: string(1..20), place: Place, before: Place?, country: 'enum(de, at) = de', note: string(..20)?, club: people.Club? }
contexts:
  people:
    entities:
      Club: { rows: 10, fields: { name: string(1..20), hidden: bool = false } }
      Person:
        rows: 1k
        fields: { name: string(1..20), home: Address, work: Address?, past: 'list(Place, ..3)' }
        parts:
          moves: { size: ..3, fields: { to: Place } }
        invariants: { works-elsewhere: 'self.work == null || self.work.street != self.home.street' }
    operations:
      addClub: { create: Club, by: [clerk], input: [name, hidden], rate: 1/day }
      clubs: { list: Club, by: { guest: self.hidden == false, clerk: true }, rate: 1/s }
      add: { create: Person, by: [guest, clerk], input: [name, home, work, past, moves.to], rate: 1/s }
      change: { update: Person, by: [guest], input: [name, home, work, past, moves.to], rate: 1/s }
      person: { get: Person, by: [guest], rate: 1/s }
";

/// RFC 7396, section 2.
fn merge(target: Json, patch: &Json) -> Json {
    let Json::Object(patch) = patch else { return patch.clone() };
    let mut members = match target {
        Json::Object(members) => members,
        _ => Map::new(),
    };
    for (name, value) in patch {
        match value {
            Json::Null => drop(members.remove(name)),
            value => {
                let old = members.remove(name).unwrap_or_default();
                drop(members.insert(name.clone(), merge(old, value)));
            }
        }
    }
    Json::Object(members)
}

/// The members of a type, with what each is where it is absent: `None` where it has to be there.
fn members(of: &str) -> Vec<(&'static str, Option<Json>)> {
    match of {
        "Place" => vec![
            ("city", None),
            ("zip", Some(Json::Null)),
            ("tags", Some(json!([]))),
            ("at", Some(Json::Null)),
        ],
        _ => vec![
            ("street", None),
            ("place", None),
            ("before", Some(Json::Null)),
            ("country", Some("de".into())),
            ("note", Some(Json::Null)),
            ("club", Some(Json::Null)),
        ],
    }
}

fn type_of(member: &str) -> Option<&'static str> {
    match member {
        "home" | "work" => Some("Address"),
        "place" | "before" => Some("Place"),
        _ => None,
    }
}

/// A value as it is answered, absent members filled in; `None` where one is missing.
fn whole(of: &str, value: &Json) -> Option<Json> {
    let Json::Object(given) = value else { return Some(value.clone()) };
    let filled = members(of).into_iter().map(|(name, absent)| {
        let value = match (given.get(name), type_of(name)) {
            (Some(value), Some(of)) => whole(of, value)?,
            (Some(value), None) => value.clone(),
            (None, _) => absent?,
        };
        Some((name.to_owned(), value))
    });
    filled.collect::<Option<Map<_, _>>>().map(Json::Object)
}

/// Whether null is sent for what may not be null: that is refused, not taken for absent.
fn empties_too_much(of: &str, patch: &Json) -> bool {
    let Json::Object(patch) = patch else { return false };
    let absent = |name: &str| members(of).into_iter().find(|(of, _)| *of == name)?.1;
    patch.iter().any(|(name, value)| match (value, type_of(name)) {
        (Json::Null, _) => absent(name) != Some(Json::Null),
        (value, Some(of)) => empties_too_much(of, value),
        _ => false,
    })
}

/// Numbers that look random and are the same each time (Marsaglia's xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) % bound
    }

    /// Some members, all of a value or a few of a patch.
    fn some(&mut self, of: &str, share: u64) -> Json {
        let mut object = Map::new();
        for (name, absent) in members(of) {
            if self.below(100) >= share {
                continue;
            }
            let null = self.below(100) < if absent == Some(Json::Null) { 25 } else { 3 };
            let value = match (null, name) {
                (true, _) => Json::Null,
                (_, "place" | "before") => self.some("Place", share),
                (_, "club") => continue,
                (_, "country") => ["de", "at"][usize::try_from(self.below(2)).unwrap()].into(),
                (_, "tags") => (0..self.below(3)).map(|at| format!("t{at}")).collect(),
                (_, "at") => json!({ "lat": 1.5, "lon": self.below(90) }),
                (_, "zip") => format!("{}", 1000 + self.below(9000)).into(),
                _ => format!("{name} {}", self.below(1000)).into(),
            };
            object.insert(name.to_owned(), value);
        }
        Json::Object(object)
    }
}

async fn patch(server: &Server, path: &str, media: &str, body: &Json) -> (u16, Json) {
    let text = body.to_string();
    let ask = Ask::new("PATCH", path).header("if-match", "*").header("content-type", media);
    let reply = server.ask(ask.body(text.as_bytes())).await;
    (reply.status, reply.json())
}

async fn add(server: &Server, body: &Json) -> String {
    let text = body.to_string();
    let ask = Ask::new("POST", "/people/v1/people").key("first").json(&text);
    let reply = server.ask(ask).await;
    assert_eq!(reply.status, 201, "{}", reply.json());
    format!("/people/v1/people/{}", reply.json()["id"].as_str().unwrap())
}

fn home() -> Json {
    json!({ "street": "Elm Street", "place": { "city": "Ulm", "zip": "89073" }, "note": "left" })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_is_merged_as_the_standard_says() {
    let server = Server::start(PEOPLE).await;
    let path = add(&server, &json!({ "name": "Ada", "home": home() })).await;
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut done, mut refused) = (0, 0);
    for _ in 0..400 {
        let before = server.get(&path).await.json();
        let field = ["home", "work"][usize::try_from(random.below(2)).unwrap()];
        let share = [35, 60, 100][usize::try_from(random.below(3)).unwrap()];
        let sent = match (field, random.below(10)) {
            ("work", 0) => Json::Null,
            _ => random.some("Address", share),
        };
        // As it is answered, null is what is not there.
        let expected = whole("Address", &merge(before[field].clone(), &sent));
        let refusal = empties_too_much("Address", &sent) || expected.is_none();
        let body = json!({ field: sent });
        let media = ["application/merge-patch+json", "application/json"];
        let media = media[usize::try_from(random.below(2)).unwrap()];
        let (status, told) = patch(&server, &path, media, &body).await;
        if refusal {
            let said = (status, told["code"].as_str());
            assert_eq!(said, (422, Some("validation-failed")), "{before} {body} {told}");
            refused += 1;
            continue;
        }
        let after = server.get(&path).await.json();
        if told["code"] == "works-elsewhere" {
            assert_eq!((status, &after), (409, &before), "{body}");
            continue;
        }
        assert_eq!(status, 200, "{before} {body} {told}");
        assert_eq!(Some(&after[field]), expected.as_ref(), "{before} {body}");
        assert_eq!(after, told);
        done += 1;
    }
    assert!(done > 100 && refused > 50, "{done} {refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_and_what_is_no_member_is_told_by_its_pointer() {
    let server = Server::start(PEOPLE).await;
    let path = add(&server, &json!({ "name": "Ada", "home": home() })).await;
    let json = "application/json";
    for (body, pointer, code) in [
        (json!({ "work": {} }), "/work/street", "required"),
        (json!({ "work": { "street": "a", "place": {} } }), "/work/place/city", "required"),
        (json!({ "home": { "street": null } }), "/home/street", "null"),
        (json!({ "home": { "place": { "city": "" } } }), "/home/place/city", "too-short"),
        (json!({ "home": { "before": {} } }), "/home/before/city", "required"),
        (json!({ "home": { "strete": "a" } }), "/home/strete", "unknown-property"),
        (json!({ "past": [{ "zip": "1" }] }), "/past/0/city", "required"),
        (json!({ "moves": [{ "to": { "zip": "1" } }] }), "/moves/0/to/city", "required"),
    ] {
        let (status, told) = patch(&server, &path, json, &body).await;
        let found =
            (status, told["errors"][0]["pointer"].as_str(), told["errors"][0]["code"].as_str());
        assert_eq!(found, (422, Some(pointer), Some(code)), "{body} {told}");
    }
    // Invariants see the whole.
    let work = json!({ "work": { "street": "Oak", "place": { "city": "Ulm" } } });
    assert_eq!(patch(&server, &path, json, &work).await.0, 200);
    let (status, told) =
        patch(&server, &path, json, &json!({ "work": { "street": "Elm Street" } })).await;
    assert_eq!((status, &told["code"]), (409, &json!("works-elsewhere")));
    let twice = br#"{"home":{"street":"a","street":"b"}}"#;
    let ask = Ask::new("PATCH", &path).header("if-match", "*").header("content-type", json);
    assert_eq!(server.ask(ask.body(twice)).await.code(), "duplicate-property");
}

/// What stays may refer to a row that the caller may not see; what it sends may not.
#[tokio::test(flavor = "multi_thread")]
async fn what_stays_is_not_asked_about() {
    let server = Server::start(PEOPLE).await;
    let clerk = server.token("clerk", "carl");
    let body = json!({ "name": "chess", "hidden": true }).to_string();
    let ask = Ask::new("POST", "/people/v1/clubs").bearer(&clerk).key("c").json(&body);
    let reply = server.ask(ask).await.json();
    let club = reply["id"].as_str().unwrap();
    let mut body = json!({ "name": "Ada", "home": home() });
    body["home"]["club"] = club.into();
    let text = body.to_string();
    let ask = Ask::new("POST", "/people/v1/people").bearer(&clerk).key("p").json(&text);
    let reply = server.ask(ask).await;
    assert_eq!(reply.status, 201, "{}", reply.json());
    let path = format!("/people/v1/people/{}", reply.json()["id"].as_str().unwrap());
    let json = "application/json";
    let sent = json!({ "home": { "street": "Oak", "club": club } });
    let (status, told) = patch(&server, &path, json, &sent).await;
    assert_eq!((status, &told["errors"][0]["pointer"]), (422, &json!("/home/club")));
    let (status, told) = patch(&server, &path, json, &json!({ "home": { "street": "Oak" } })).await;
    assert_eq!((status, &told["home"]["club"]), (200, &json!(club)));
}
