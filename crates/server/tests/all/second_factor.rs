//! Second factors as people meet them: at a served backend whose model asks for them.

use accounts::admin::Command;
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac as _};
use hyper::Method;
use serde_json::{Value as Json, json};
use server::IdentitySettings;

use crate::accounts_support::{BOOKS, Browser, Library, MODEL, SECOND, Told};
use crate::oidc_support::{LOGIN, PASSWORD, form};

const HOUR: i64 = 3600 * SECOND;
const STEP: i64 = 30 * SECOND;
const FACTOR: &str = "/auth/second-factor";

/// The library, at another level of assurance, with something for everybody.
pub fn at(level: &str) -> String {
    let open = "      doors: { list: Book, by: [everyone, reader], route: doors, rate: 1/s }\n";
    MODEL.replace("assurance: L1", &format!("assurance: {level}")) + open
}

pub async fn library(level: &str) -> Library {
    Library::of(&at(level), IdentitySettings::default()).await
}

/// What an app shows that was told this secret (RFC 6238; base32 is RFC 4648, section 6).
pub fn shown(secret: &str, micros: i64) -> String {
    let digits = secret.bytes().map(|c| match c {
        b'A'..=b'Z' => c - b'A',
        _ => c - b'2' + 26,
    });
    let bits: Vec<u8> = digits.flat_map(|d| (0..5).rev().map(move |at| d >> at & 1)).collect();
    let key: Vec<u8> =
        bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | bit)).collect();
    let mut mac = <Hmac<sha1::Sha1> as KeyInit>::new_from_slice(&key).unwrap();
    mac.update(&(micros / STEP).to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[19] & 15);
    let number = u32::from_be_bytes(digest[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

pub fn now(library: &Library) -> i64 {
    library.time.load(std::sync::atomic::Ordering::SeqCst)
}

async fn post(library: &Library, browser: &mut Browser, path: &str, body: &Json) -> Told {
    library.ask(browser, Method::POST, path, body).await
}

/// Sets a second factor up; its secret, and the recovery codes.
pub async fn enrolled(library: &Library, browser: &mut Browser) -> (String, Vec<String>) {
    let told = post(library, browser, &format!("{FACTOR}/enrol"), &json!({})).await.expect(201);
    let secret = told.body["secret"].as_str().unwrap().to_owned();
    assert!(told.body["uri"].as_str().unwrap().contains(&secret), "{}", told.text);
    let code = json!({ "code": shown(&secret, now(library)) });
    let told = post(library, browser, &format!("{FACTOR}/confirm"), &code).await.expect(200);
    assert_eq!(told.body["session"]["assurance"], 2, "{}", told.text);
    assert_eq!(told.body["session"]["methods"], json!(["pwd", "otp", "mfa"]));
    let codes = serde_json::from_value(told.body["recovery_codes"].clone()).unwrap();
    (secret, codes)
}

async fn sign_in(library: &Library, browser: &mut Browser, code: &str) -> Told {
    let body = json!({ "login": LOGIN, "password": PASSWORD, "code": code });
    post(library, browser, "/auth/sign-in", &body).await
}

#[tokio::test]
async fn who_is_below_the_level_is_told_the_step_and_may_do_what_everybody_may() {
    let library = library("L2").await;
    let mut browser = library.signed_in().await;
    let told = library.get(&mut browser, BOOKS).await;
    let told = told.refused(401, "insufficient-authentication");
    assert_eq!(
        told.header("www-authenticate"),
        Some(
            "Bearer error=\"insufficient_user_authentication\", acr_values=\"urn:firmitas:aal:2\""
        )
    );
    let doors = format!("{BOOKS}/doors");
    library.get(&mut browser, &doors).await.expect(200);
    // Programs prove themselves otherwise.
    let (key, _) = library.key(&[], None).await;
    library.send(Method::GET, BOOKS, &[("x-api-key", &key)], "").await.expect(200);
    let (_, codes) = enrolled(&library, &mut browser).await;
    assert_eq!(codes.len(), 10);
    library.get(&mut browser, BOOKS).await.expect(200);
    let told = library.get(&mut browser, FACTOR).await.expect(200);
    assert_eq!((&told.body["enrolled"], &told.body["recovery_codes"]), (&json!(true), &json!(10)));
    // A level has its own end.
    library.later(30 * 60 * SECOND);
    library.get(&mut browser, BOOKS).await.expect(200);
    library.later(HOUR);
    library.get(&mut browser, BOOKS).await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn a_code_is_needed_and_good_once() {
    let library = library("L2").await;
    let mut browser = library.signed_in().await;
    let mut other = library.signed_in().await;
    let (secret, codes) = enrolled(&library, &mut browser).await;
    // What was signed in with less has ended.
    library.get(&mut other, "/auth/session").await.refused(401, "unauthenticated");
    let mut fresh = Browser::default();
    library.try_in(&mut fresh, LOGIN, PASSWORD).await.refused(401, "second-factor-required");
    // The code that confirmed it is used up; the next one is not.
    let used = shown(&secret, now(&library));
    sign_in(&library, &mut fresh, &used).await.refused(401, "invalid-code");
    library.later(STEP);
    let next = shown(&secret, now(&library));
    let told = sign_in(&library, &mut fresh, &format!("{} {}", &next[..3], &next[3..])).await;
    assert_eq!(told.expect(200).body["session"]["assurance"], 2);
    sign_in(&library, &mut Browser::default(), &next).await.refused(401, "invalid-code");
    library.get(&mut fresh, BOOKS).await.expect(200);
    // A recovery code as well, once, however it is typed.
    let typed = codes[3].to_uppercase().replace('-', " ");
    sign_in(&library, &mut fresh, &typed).await.expect(200);
    sign_in(&library, &mut fresh, &codes[3]).await.refused(401, "invalid-code");
    let told = library.get(&mut fresh, FACTOR).await.expect(200);
    assert_eq!(told.body["recovery_codes"], 9);
    // A wrong password says nothing about the code.
    let wrong = json!({ "login": LOGIN, "password": "wrong password", "code": codes[4] });
    let told = post(&library, &mut Browser::default(), "/auth/sign-in", &wrong).await;
    told.refused(401, "invalid-credentials");
    sign_in(&library, &mut fresh, &codes[4]).await.expect(200);
    // Another password needs it, too.
    let change = json!({ "current": PASSWORD, "new": "a loud morning in june" });
    let told = post(&library, &mut fresh, "/auth/password", &change).await;
    told.refused(401, "second-factor-required");
    let change = json!({ "current": PASSWORD, "new": "a loud morning in june", "code": codes[5] });
    let told = post(&library, &mut fresh, "/auth/password", &change).await.expect(200);
    assert_eq!(told.body["session"]["assurance"], 2);
}

#[tokio::test]
async fn the_same_code_at_the_same_moment_opens_one_session() {
    let library = library("L2").await;
    let mut browser = library.signed_in().await;
    let (secret, _) = enrolled(&library, &mut browser).await;
    library.later(STEP);
    let code = shown(&secret, now(&library));
    let (mut one, mut two, mut three) = <(Browser, Browser, Browser)>::default();
    let all = tokio::join!(
        sign_in(&library, &mut one, &code),
        sign_in(&library, &mut two, &code),
        sign_in(&library, &mut three, &code),
    );
    let statuses = [all.0.status, all.1.status, all.2.status];
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
}

#[tokio::test]
async fn guesses_get_slower_and_end() {
    let library = library("L2").await;
    let mut browser = library.signed_in().await;
    let (secret, codes) = enrolled(&library, &mut browser).await;
    for _ in 0..5 {
        let told = sign_in(&library, &mut Browser::default(), "aaaa-bbbb-cccc-dddd").await;
        told.refused(401, "invalid-code");
    }
    let told = sign_in(&library, &mut Browser::default(), &codes[0]).await;
    assert!(told.refused(429, "rate-limited").header("retry-after").is_some());
    library.later(31 * SECOND);
    sign_in(&library, &mut Browser::default(), &codes[0]).await.expect(200);
    // A right one forgives them; a hundred wrong ones in a row, however slowly, end it.
    for _ in 0..100 {
        library.later(HOUR);
        let told = sign_in(&library, &mut Browser::default(), "000000x").await;
        told.refused(401, "invalid-code");
    }
    library.later(HOUR);
    let code = shown(&secret, now(&library));
    sign_in(&library, &mut Browser::default(), &code).await.refused(403, "forbidden");
    library.operate(Command::ResetSecondFactor { user: LOGIN.to_owned() }).await;
    let mut fresh = Browser::default();
    library.try_in(&mut fresh, LOGIN, PASSWORD).await.expect(200);
    enrolled(&library, &mut fresh).await;
}

#[tokio::test]
async fn it_is_set_up_soon_after_the_sign_in_renewed_and_taken_away() {
    let library = library("L1").await;
    let mut browser = library.signed_in().await;
    let enrol = format!("{FACTOR}/enrol");
    library.later(16 * 60 * SECOND);
    let told = post(&library, &mut browser, &enrol, &json!({})).await;
    let told = told.refused(401, "reauthentication-required");
    assert!(told.header("www-authenticate").unwrap().contains("max_age=\"900\""));
    let mut browser = library.signed_in().await;
    let confirm = format!("{FACTOR}/confirm");
    post(&library, &mut browser, &confirm, &json!({ "code": "123456" }))
        .await
        .refused(409, "conflict");
    let (secret, codes) = enrolled(&library, &mut browser).await;
    post(&library, &mut browser, &enrol, &json!({})).await.refused(409, "conflict");
    let renew = format!("{FACTOR}/recovery-codes");
    let told = post(&library, &mut browser, &renew, &json!({ "code": codes[0] })).await.expect(200);
    let fresh = told.body["recovery_codes"][0].as_str().unwrap().to_owned();
    let told = sign_in(&library, &mut Browser::default(), &codes[1]).await;
    told.refused(401, "invalid-code");
    sign_in(&library, &mut Browser::default(), &fresh).await.expect(200);
    // Nobody else's page takes it away.
    let remove = format!("{FACTOR}/remove");
    library.later(STEP);
    let code = json!({ "code": shown(&secret, now(&library)) });
    let mut forged = Browser { cookie: browser.cookie.clone(), csrf: None };
    post(&library, &mut forged, &remove, &code).await.refused(403, "forged-request");
    let told = post(&library, &mut browser, &remove, &code).await.expect(200);
    assert_eq!(told.body["session"]["assurance"], 1);
    library.try_in(&mut Browser::default(), LOGIN, PASSWORD).await.expect(200);
    library.get(&mut browser, BOOKS).await.expect(200);
}

/// The value of a hidden field of a page.
fn hidden(page: &Told, name: &str) -> String {
    let from = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.text.split_once(&from).unwrap_or_else(|| panic!("{}", page.text));
    rest.split('"').next().unwrap().replace("&amp;", "&")
}

async fn submit(
    library: &Library,
    browser: &mut Browser,
    path: &str,
    fields: &[(&str, &str)],
) -> Told {
    let cookie = browser.cookie.clone().unwrap_or_default();
    let url = library.live.url.clone();
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", &*url),
        ("sec-fetch-site", "same-origin"),
        ("accept", "text/html"),
        ("cookie", &*cookie),
    ];
    let told = library.send(Method::POST, path, &headers, &form(fields)).await;
    if let Some(set) = told.header("set-cookie") {
        browser.cookie = Some(set.split(';').next().unwrap().to_owned());
    }
    told
}

async fn look(library: &Library, browser: &Browser, path: &str) -> Told {
    let cookie = browser.cookie.clone().unwrap_or_default();
    library.send(Method::GET, path, &[("accept", "text/html"), ("cookie", &cookie)], "").await
}

#[tokio::test]
async fn pages_without_script_lead_to_it_and_ask_for_it() {
    let library = library("L2").await;
    let mut browser = Browser::default();
    let sign_in = [("login", LOGIN), ("password", PASSWORD), ("next", "/orders?x=1")];
    let told = submit(&library, &mut browser, "/auth/sign-in", &sign_in).await.expect(200);
    let to = "/auth/second-factor?next=%2Forders%3Fx%3D1";
    assert!(told.text.contains(to), "{}", told.text);
    let offer = look(&library, &browser, to).await.expect(200);
    let (csrf, next) = (hidden(&offer, "csrf_token"), hidden(&offer, "next"));
    let fields = [("csrf_token", &*csrf), ("next", &*next)];
    let told =
        submit(&library, &mut browser, "/auth/second-factor/enrol", &fields).await.expect(200);
    assert!(told.text.contains("<svg role=\"img\"") && !told.text.contains("<script"));
    let (_, key) = told.text.split_once("<code>").unwrap();
    let secret = key.split('<').next().unwrap().replace(' ', "");
    let fields = [("csrf_token", &*csrf), ("next", &*next), ("code", "12345")];
    let confirm = "/auth/second-factor/confirm";
    let told = submit(&library, &mut browser, confirm, &fields).await.expect(401);
    assert!(told.text.contains("role=\"alert\"") && told.text.contains("<svg"), "{}", told.text);
    let code = shown(&secret, now(&library));
    let fields = [("csrf_token", &*csrf), ("next", &*next), ("code", &*code)];
    let told = submit(&library, &mut browser, confirm, &fields).await.expect(200);
    assert!(told.text.contains("Recovery codes") && told.text.contains("href=\"/orders?x=1\""));
    // The next time, the code is asked for after the password.
    let mut browser = Browser::default();
    let told = submit(&library, &mut browser, "/auth/sign-in", &sign_in).await.expect(200);
    assert!(browser.cookie.is_none() && told.text.contains("one-time-code"), "{}", told.text);
    let ticket = hidden(&told, "ticket");
    library.later(STEP);
    let code = shown(&secret, now(&library));
    let wrong = [("ticket", &*ticket), ("code", "000")];
    let told = submit(&library, &mut browser, "/auth/sign-in", &wrong).await.expect(401);
    assert!(browser.cookie.is_none() && told.text.contains("role=\"alert\""), "{}", told.text);
    for forged in ["", "x", &ticket[1..]] {
        let fields = [("ticket", forged), ("code", &code), ("login", LOGIN), ("password", "x")];
        assert_ne!(submit(&library, &mut browser, "/auth/sign-in", &fields).await.status, 200);
    }
    let right = [("ticket", &*ticket), ("code", &*code)];
    let told = submit(&library, &mut browser, "/auth/sign-in", &right).await.expect(200);
    assert!(told.text.contains("url=/orders?x=1"), "{}", told.text);
    library.get(&mut browser, BOOKS).await.expect(200);
    // It waits for five minutes.
    library.later(6 * 60 * SECOND);
    let code = shown(&secret, now(&library));
    let late = [("ticket", &*ticket), ("code", &*code)];
    let told = submit(&library, &mut Browser::default(), "/auth/sign-in", &late).await.expect(401);
    assert!(told.text.contains("too long"), "{}", told.text);
}
