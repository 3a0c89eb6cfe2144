//! Accounts that operators look after: links by which people set a password, roles and logins that
//! change, and users who go.

use accounts::Revision;
use accounts::admin::{self, Command};
use hyper::Method;
use serde_json::{Value as Json, json};

use crate::accounts_support::{BOOKS, Browser, DAY, Library};
use crate::oidc_support::{LOGIN, PASSWORD, form};

const NEW: &str = "an entirely different evening";
const CLARA: &str = "clara@example.com";

async fn created(library: &Library, login: &str) -> String {
    let create = Command::CreateUser {
        login: login.to_owned(),
        name: None,
        roles: Vec::new(),
        administrator: false,
        password: None,
        invite: Some(72),
    };
    link(&library.operate(create).await)
}

async fn invited(library: &Library, user: &str) -> String {
    link(&library.operate(Command::InviteUser { user: user.to_owned(), hours: 72 }).await)
}

fn link(told: &Json) -> String {
    told["invitation"]["link"].as_str().unwrap().to_owned()
}

fn code(link: &str) -> &str {
    link.strip_prefix("/auth/invitation?code=").unwrap()
}

async fn accept(library: &Library, link: &str, password: &str) -> crate::accounts_support::Told {
    let body = json!({ "code": code(link), "password": password });
    library.ask(&mut Browser::default(), Method::POST, "/auth/invitation", &body).await
}

async fn revised(library: &Library, user: &str, revision: Revision) -> Result<Json, String> {
    let revise = Command::ReviseUser { user: user.to_owned(), revision };
    admin::ask(&library.live.folder, &revise).await.map(Option::unwrap)
}

#[tokio::test]
async fn whoever_is_invited_sets_a_password_on_a_page_and_signs_in() {
    let library = Library::open().await;
    let link = created(&library, CLARA).await;
    let mut browser = Browser::default();
    library.try_in(&mut browser, CLARA, NEW).await.refused(401, "invalid-credentials");
    let page = library.get(&mut browser, &link).await.expect(200);
    assert!(page.text.contains(CLARA) && page.text.contains("new-password"), "{}", page.text);
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let weak = form(&[("code", code(&link)), ("password", "short")]);
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", &*library.live.url),
        ("sec-fetch-site", "same-origin"),
    ];
    let again = library.send(Method::POST, "/auth/invitation", &headers, &weak).await.expect(422);
    assert!(again.text.contains("role=\"alert\""), "{}", again.text);
    let right = form(&[("code", code(&link)), ("password", NEW)]);
    let set = library.send(Method::POST, "/auth/invitation", &headers, &right).await.expect(303);
    assert_eq!(set.header("location"), Some("/auth/sign-in"));
    library.try_in(&mut browser, CLARA, NEW).await.expect(200);
    // Once.
    library.get(&mut Browser::default(), &link).await.expect(404);
    let twice = library.send(Method::POST, "/auth/invitation", &headers, &right).await;
    assert!(twice.expect(404).text.contains("works no more"));
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_and_whoever_knew_it_is_out() {
    let library = Library::open().await;
    let mut old = library.signed_in().await;
    let first = invited(&library, LOGIN).await;
    // The password holds until a link is used.
    library.get(&mut old, BOOKS).await.expect(200);
    let second = invited(&library, LOGIN).await;
    accept(&library, &first, NEW).await.refused(404, "not-found");
    accept(&library, &second, "short").await.refused(422, "validation-failed");
    accept(&library, &second, LOGIN).await.refused(422, "validation-failed");
    accept(&library, &second, NEW).await.expect(204);
    accept(&library, &second, PASSWORD).await.refused(404, "not-found");
    library.get(&mut old, BOOKS).await.refused(401, "unauthenticated");
    let mut browser = Browser::default();
    library.try_in(&mut browser, LOGIN, PASSWORD).await.refused(401, "invalid-credentials");
    library.try_in(&mut browser, LOGIN, NEW).await.expect(200);
}

#[tokio::test]
async fn a_link_ends_with_its_time_and_for_whoever_is_disabled() {
    let library = Library::open().await;
    let late = created(&library, CLARA).await;
    library.later(3 * DAY + 1);
    library.get(&mut Browser::default(), &late).await.expect(404);
    accept(&library, &late, NEW).await.refused(404, "not-found");
    let link = invited(&library, CLARA).await;
    let disable = |enable| Command::DisableUser { user: CLARA.to_owned(), enable };
    library.operate(disable(false)).await;
    accept(&library, &link, NEW).await.refused(404, "not-found");
    library.operate(disable(true)).await;
    accept(&library, &link, NEW).await.expect(204);
    for guess in ["", "x", &"y".repeat(43)] {
        let link = format!("/auth/invitation?code={guess}");
        library.get(&mut Browser::default(), &link).await.expect(404);
        accept(&library, &link, NEW).await.refused(404, "not-found");
    }
}

#[tokio::test]
async fn another_site_sets_no_password() {
    let library = Library::open().await;
    let link = created(&library, CLARA).await;
    let body = json!({ "code": code(&link), "password": NEW }).to_string();
    let headers = [("content-type", "application/json"), ("origin", "https://evil.example")];
    let sent = library.send(Method::POST, "/auth/invitation", &headers, &body).await;
    sent.refused(403, "forged-request");
    accept(&library, &link, NEW).await.expect(204);
}

#[tokio::test]
async fn roles_hold_from_the_next_request_on() {
    let library = Library::open().await;
    let link = created(&library, CLARA).await;
    accept(&library, &link, NEW).await.expect(204);
    let mut browser = Browser::default();
    library.try_in(&mut browser, CLARA, NEW).await.expect(200);
    let book = json!({ "title": "The Tower" });
    library.ask(&mut browser, Method::POST, BOOKS, &book).await.refused(403, "forbidden");
    let staff = || vec!["staff".to_owned()];
    let given = Revision { give_roles: staff(), ..Revision::default() };
    let told = revised(&library, CLARA, given).await.unwrap();
    assert_eq!(told["roles"], json!(["staff"]));
    library.ask(&mut browser, Method::POST, BOOKS, &book).await.expect(201);
    let taken = Revision { take_roles: staff(), ..Revision::default() };
    revised(&library, CLARA, taken).await.unwrap();
    library.ask(&mut browser, Method::POST, BOOKS, &book).await.refused(403, "forbidden");
    let unknown = Revision { give_roles: vec!["emperor".to_owned()], ..Revision::default() };
    let refused = revised(&library, CLARA, unknown).await.unwrap_err();
    assert!(refused.contains("no role `emperor`"), "{refused}");
}

#[tokio::test]
async fn logins_move_but_are_of_one_user_each() {
    let library = Library::open().await;
    accept(&library, &created(&library, CLARA).await, NEW).await.expect(204);
    let logins = |add: &[&str], remove: &[&str]| {
        let owned = |all: &[&str]| all.iter().map(|&login| login.to_owned()).collect();
        Revision { add_logins: owned(add), remove_logins: owned(remove), ..Revision::default() }
    };
    for (add, remove, why) in [
        (&[LOGIN][..], &[][..], "taken"),
        (&["no address"], &[], "an email address"),
        (&[], &[CLARA], "at least one login"),
        (&[], &[LOGIN], "no such login"),
    ] {
        let refused = revised(&library, CLARA, logins(add, remove)).await.unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
    let moved = logins(&["Clara.Miller@example.com"], &[CLARA]);
    let told = revised(&library, CLARA, moved).await.unwrap();
    assert_eq!(told["logins"], json!(["clara.miller@example.com"]));
    let mut browser = Browser::default();
    library.try_in(&mut browser, CLARA, NEW).await.refused(401, "invalid-credentials");
    library.try_in(&mut browser, "clara.miller@example.com", NEW).await.expect(200);
    // Whoever is removed is out, and the login is free.
    let remove = Command::RemoveUser { user: "clara.miller@example.com".to_owned() };
    library.operate(remove).await;
    library.get(&mut browser, BOOKS).await.refused(401, "unauthenticated");
    let link = created(&library, "clara.miller@example.com").await;
    accept(&library, &link, PASSWORD).await.expect(204);
    library.try_in(&mut browser, "clara.miller@example.com", NEW).await.expect(401);
    library.try_in(&mut browser, "clara.miller@example.com", PASSWORD).await.expect(200);
}
