//! What requests show: cookies and keys, and what is worth nothing.

use accounts::{Authenticators, NewKey, NewSession, SessionCookie, secret};
use hyper::Request;
use hyper::http::request::Parts;
use runtime::call::Caller;
use runtime::http::Peer;
use runtime::identity::{Authenticate as _, Issuer};
use runtime::problem::Problem;

use crate::memory::{Club, HOUR, SECOND};

struct Door {
    known: Authenticators,
    folder: std::path::PathBuf,
}

impl Drop for Door {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

impl Door {
    fn of(club: &Club) -> Self {
        Self::over(club, club.accounts.clone())
    }

    fn over(club: &Club, accounts: std::sync::Arc<accounts::Accounts>) -> Self {
        let name = format!("accounts-{}", secret::random().unwrap());
        let folder = std::env::temp_dir().join(name);
        let issuer = Issuer::open(&folder, club.design.model.clone()).unwrap();
        Self { known: Authenticators::new(issuer, accounts, Vec::new()), folder }
    }

    async fn ask(&self, head: &Parts) -> Result<Caller, Problem> {
        let peer = Peer::plain(([127, 0, 0, 1], 5000).into());
        self.known.caller(head, &peer).known().await
    }
}

const HOST: &str = "127.0.0.1:8080";

fn head(method: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri("/club/v1/notes").header("host", HOST);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

async fn signed_in(club: &Club) -> (SessionCookie, String) {
    let anna = club.anna().await;
    let new = NewSession { host: HOST.to_owned(), ..NewSession::default() };
    let (_, cookie) = club.accounts.sessions().open(&anna, new).await.unwrap();
    let header = format!("session={}", cookie.token);
    (cookie, header)
}

fn names(club: &Club, caller: &Caller) -> Vec<String> {
    let name = |id: &model::model::ActorId| club.design.model.actor(*id).name.value.clone();
    caller.actors.iter().map(name).collect()
}

#[tokio::test]
async fn a_session_admits_to_actors_without_role_and_only_at_its_host() {
    let club = Club::new("L1");
    let door = Door::of(&club);
    let (_, cookie) = signed_in(&club).await;
    let caller = door.ask(&head("GET", &[("cookie", &cookie)])).await.unwrap();
    assert_eq!(names(&club, &caller), ["member", "visitor"]);
    assert_eq!(caller.identity.as_ref().unwrap().assurance, Some(1));
    let mut elsewhere = head("GET", &[("cookie", &cookie)]);
    elsewhere.headers.insert("host", "localhost:8080".parse().unwrap());
    assert_eq!(door.ask(&elsewhere).await.unwrap().identity, None);
}

#[tokio::test]
async fn another_site_cannot_write_with_somebody_elses_cookie() {
    let club = Club::new("L1");
    let door = Door::of(&club);
    let (session, cookie) = signed_in(&club).await;
    let token = secret::derived(&session.token, "firmitas csrf");
    let own = "http://127.0.0.1:8080";
    let ask = async |more: &[(&str, &str)]| {
        let mut headers = vec![("cookie", cookie.as_str())];
        headers.extend_from_slice(more);
        let asked = door.ask(&head("POST", &headers)).await;
        asked.map(|caller| caller.identity.is_some()).map_err(|problem| problem.code)
    };
    let token = token.as_str();
    assert_eq!(ask(&[("x-csrf-token", token), ("origin", own)]).await, Ok(true));
    assert_eq!(ask(&[("x-csrf-token", token), ("sec-fetch-site", "same-origin")]).await, Ok(true));
    for forged in [
        &[][..],
        &[("origin", own)],
        &[("x-csrf-token", "x"), ("origin", own)],
        &[("x-csrf-token", token), ("origin", "http://evil.example")],
        &[("x-csrf-token", token), ("origin", "null")],
        &[("x-csrf-token", token), ("sec-fetch-site", "cross-site")],
        &[("x-csrf-token", token), ("sec-fetch-site", "same-site"), ("origin", own)],
    ] {
        assert_eq!(ask(forged).await, Err("forged-request".into()), "{forged:?}");
    }
}

#[tokio::test]
async fn sessions_end_as_their_level_says() {
    for (level, idle, total) in [("L2", HOUR, 24 * HOUR), ("L3", HOUR / 4, 12 * HOUR)] {
        let club = Club::new(level);
        let door = Door::of(&club);
        let (_, cookie) = signed_in(&club).await;
        let alive = async || {
            let caller = door.ask(&head("GET", &[("cookie", &cookie)])).await.unwrap();
            caller.identity.is_some()
        };
        let mut passed = 0;
        while passed + idle / 2 < total {
            club.later(idle / 2);
            passed += idle / 2;
            assert!(alive().await, "{level}: used all the time, after {}", passed / SECOND);
        }
        club.later(idle / 2);
        assert!(!alive().await, "{level}: over for good");
        let (club, cookie) = {
            let club = Club::new(level);
            let (_, cookie) = signed_in(&club).await;
            (club, cookie)
        };
        let door = Door::of(&club);
        club.later(idle + SECOND);
        let caller = door.ask(&head("GET", &[("cookie", &cookie)])).await.unwrap();
        assert_eq!(caller.identity, None, "{level}: not used");
    }
}

#[tokio::test]
async fn a_weekly_visitor_stays_signed_in_at_level_one_until_ninety_days() {
    let club = Club::new("L1");
    let door = Door::of(&club);
    let (_, cookie) = signed_in(&club).await;
    for week in 1..=13 {
        club.later(7 * 24 * HOUR);
        let caller = door.ask(&head("GET", &[("cookie", &cookie)])).await.unwrap();
        assert_eq!(caller.identity.is_some(), week * 7 < 90, "week {week}");
    }
}

#[tokio::test]
async fn ten_thousand_guesses_are_nobody() {
    let club = Club::new("L1");
    let door = Door::of(&club);
    signed_in(&club).await;
    for _ in 0..5_000 {
        let guess = secret::random().unwrap();
        let cookie = format!("session={guess}");
        let caller = door.ask(&head("GET", &[("cookie", &cookie)])).await.unwrap();
        assert_eq!(caller.identity, None);
        let key = format!("firm_0123456789ab_{guess}");
        let refused = door.ask(&head("GET", &[("x-api-key", &key)])).await;
        assert_eq!(refused.unwrap_err().code, "invalid-token");
    }
}

fn new_key(scopes: &[&str], expires: Option<i64>) -> NewKey {
    NewKey {
        owner: "acme".to_owned(),
        name: "import".to_owned(),
        actors: vec!["partner".to_owned()],
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        expires,
        tenant: None,
    }
}

#[tokio::test]
async fn a_key_is_good_for_its_actor_and_scope_until_it_ends() {
    let club = Club::new("L1");
    let door = Door::of(&club);
    let now = club.time.load(std::sync::atomic::Ordering::SeqCst);
    let keys = club.accounts.keys();
    let (about, key) = keys.create(new_key(&["club.read"], Some(now + HOUR))).await.unwrap();
    assert!(key.starts_with("firm_") && key.contains(&about.prefix));
    assert!(club.records.values().iter().all(|value| !value.contains(&key)));
    let bearer = format!("Bearer {key}");
    for shown in [("authorization", bearer.as_str()), ("x-api-key", key.as_str())] {
        let caller = door.ask(&head("POST", &[shown])).await.unwrap();
        assert_eq!(names(&club, &caller), ["partner", "visitor"]);
        let reaches = |name: &str| {
            let model = &club.design.model;
            let found = model.operations().find(|(id, _)| model.qualified_operation(*id) == name);
            caller.reaches(found.unwrap().0)
        };
        assert!(reaches("club.read") && !reaches("club.write"));
    }
    let both = door.ask(&head("GET", &[("authorization", &bearer), ("x-api-key", &key)])).await;
    assert_eq!(both.unwrap_err().code, "malformed-request");
    let forged = format!("{}x", &key[..key.len() - 1]);
    let forged = if forged == key { format!("{}y", &key[..key.len() - 1]) } else { forged };
    let refused = door.ask(&head("GET", &[("x-api-key", &forged)])).await;
    assert_eq!(refused.unwrap_err().code, "invalid-token");
    club.later(HOUR);
    let ended = door.ask(&head("GET", &[("x-api-key", &key)])).await;
    assert_eq!(ended.unwrap_err().code, "token-expired");
}

#[tokio::test]
async fn a_revoked_key_ends_at_once() {
    let club = Club::new("L1");
    let door = Door::of(&club);
    let (about, key) = club.accounts.keys().create(new_key(&[], None)).await.unwrap();
    let ask = async || door.ask(&head("GET", &[("x-api-key", &key)])).await;
    assert!(ask().await.is_ok());
    assert!(ask().await.is_ok(), "remembered");
    club.accounts.keys().revoke(&about.prefix).await.unwrap();
    assert_eq!(ask().await.unwrap_err().code, "invalid-token");
    assert!(club.accounts.keys().revoke(&about.prefix).await.is_err());
    // What was written about its last use does not bring it back.
    tokio::task::yield_now().await;
    assert_eq!(club.records.count("api-key"), 0);
    let unknown = club.accounts.keys().create(new_key(&["club.nothing"], None)).await;
    assert!(unknown.is_err());
}

#[tokio::test]
async fn signing_out_ends_the_session_for_good() {
    let club = Club::new("L1");
    let door = Door::of(&club);
    let (session, cookie) = signed_in(&club).await;
    let ask = async || door.ask(&head("GET", &[("cookie", &cookie)])).await.unwrap().identity;
    assert!(ask().await.is_some());
    club.accounts.sessions().end(&session.token).await.unwrap();
    assert_eq!(ask().await, None);
    assert_eq!(club.records.count("session"), 0);
}
