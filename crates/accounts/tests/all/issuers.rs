//! Tokens of issuers of others: what is accepted, and everything that is not.

use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use accounts::issuers::{IssuerOptions, IssuerSettings, Tokens};
use accounts::{Clock, Recognise as _};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use decide::Design;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use runtime::call::Caller;
use runtime::http::Peer;
use runtime::problem::Problem;
use serde_json::{Value as Json, json};

use crate::support::{Elsewhere, Signer, anonymous, design, head, names, now};

struct Tried {
    design: Arc<Design>,
    tokens: Tokens,
    warned: Arc<Mutex<Vec<String>>>,
}

impl Tried {
    fn with(settings: Vec<IssuerSettings>, between: Duration) -> Self {
        let design = design();
        let warned: Arc<Mutex<Vec<String>>> = Arc::default();
        let warn = Arc::clone(&warned);
        let options = IssuerOptions {
            issuers: settings,
            clock: Clock::default(),
            warn: Arc::new(move |why: &str| warn.lock().unwrap().push(why.to_owned())),
            between: Some(between),
        };
        let tokens = Tokens::new(&design.model, anonymous(&design), None, options).unwrap();
        Self { design, tokens, warned }
    }

    fn at(url: &str) -> Self {
        let settings = IssuerSettings::parse(&format!("{url}=my-api")).unwrap();
        Self::with(vec![settings], Duration::from_secs(60))
    }

    /// `None` where the token is nobody's here.
    async fn ask(&self, token: &str) -> Option<Result<Caller, Problem>> {
        let (head, peer) = (head(token), Peer::default());
        match self.tokens.recognise(&head, &peer) {
            Some(proof) => Some(proof.known().await),
            None => None,
        }
    }

    async fn code(&self, token: &str) -> String {
        match self.ask(token).await {
            None => "nobody's".to_owned(),
            Some(Ok(caller)) => names(&self.design, &caller).join(" "),
            Some(Err(problem)) => problem.code.into_owned(),
        }
    }
}

fn claims(issuer: &str) -> Json {
    json!({ "iss": issuer, "aud": "my-api", "sub": "anna", "iat": now(), "exp": now() + 300 })
}

fn with(issuer: &str, name: &str, value: Json) -> Json {
    let mut claims = claims(issuer);
    claims[name] = value;
    claims
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_issuer_says_becomes_a_caller() {
    let (ed, rsa) = (Signer::ed(1), Signer::rsa());
    let issuer = Elsewhere::start(&[ed.public(), rsa.public()]).await;
    let tried = Tried::at(&issuer.url);
    let mut said = with(&issuer.url, "roles", json!(["staff"]));
    said["email"] = json!("Anna@example.com");
    said["email_verified"] = json!(true);
    said["phone_number"] = json!("+4930123456");
    said["auth_time"] = json!(1_700_000_000);
    said["amr"] = json!(["pwd", "mfa"]);
    for signer in [&ed, &rsa] {
        let caller = tried.ask(&signer.sign(&said)).await.unwrap().unwrap();
        assert_eq!(names(&tried.design, &caller), ["reader", "librarian", "everyone"]);
        let identity = caller.identity.unwrap();
        assert_eq!((&*identity.issuer, &*identity.subject), (issuer.url.as_str(), "anna"));
        let logins: Vec<&str> = identity.logins.iter().map(|login| &**login).collect();
        assert_eq!(logins, ["anna@example.com"], "an unverified number links nobody");
        assert_eq!(identity.authenticated_at, Some(1_700_000_000_000_000));
        assert_eq!(identity.assurance, Some(2));
    }
    assert_eq!(tried.code(&ed.sign(&claims(&issuer.url))).await, "reader everyone");
    let both = with(&issuer.url, "aud", json!(["other", "my-api"]));
    assert_eq!(tried.code(&ed.sign(&both)).await, "reader everyone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_read_where_it_is_configured_and_must_be_an_id() {
    let ed = Signer::ed(1);
    let issuer = Elsewhere::start(&[ed.public()]).await;
    let id = "0190b5a4-0000-7000-8000-000000000001";
    let tried = |claim: Option<&str>| {
        let mut settings = IssuerSettings::parse(&format!("{}=my-api", issuer.url)).unwrap();
        settings.tenant_claim = claim.map(str::to_owned);
        Tried::with(vec![settings], Duration::from_secs(60))
    };
    let token = |value: Json| ed.sign(&with(&issuer.url, "org", value));
    let reads = tried(Some("org"));
    let caller = reads.ask(&token(json!(id))).await.unwrap().unwrap();
    assert_eq!(caller.tenant.claim, runtime::json::parse_uuid(id));
    assert_eq!(reads.ask(&token(Json::Null)).await.unwrap().unwrap().tenant.claim, None);
    for wrong in [json!("acme"), json!(7), json!([id])] {
        assert_eq!(reads.code(&token(wrong.clone())).await, "invalid-token", "{wrong}");
    }
    // What nobody asked for says nothing.
    assert_eq!(tried(None).ask(&token(json!(id))).await.unwrap().unwrap().tenant.claim, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_and_foreign_tokens_are_refused() {
    let (ed, rsa) = (Signer::ed(1), Signer::rsa());
    let issuer = Elsewhere::start(&[ed.public(), rsa.public()]).await;
    let tried = Tried::at(&issuer.url);
    let url = issuer.url.as_str();
    assert_eq!(tried.code(&ed.sign(&claims(url))).await, "reader everyone");
    let minutes = |minutes: i64| json!(now().saturating_add_signed(minutes * 60));
    for (why, claims, code) in [
        ("audience", with(url, "aud", json!("other-api")), "invalid-token"),
        ("no audience", with(url, "aud", Json::Null), "invalid-token"),
        ("issuer", claims("https://evil.example"), "nobody's"),
        ("issuer with a slash", claims(&format!("{url}/")), "nobody's"),
        ("expired", with(url, "exp", minutes(-2)), "token-expired"),
        ("never ends", with(url, "exp", Json::Null), "invalid-token"),
        ("end is a text", with(url, "exp", json!("9999999999")), "invalid-token"),
        ("future", with(url, "nbf", minutes(5)), "invalid-token"),
        ("issued in the future", with(url, "iat", minutes(5)), "invalid-token"),
        ("no subject", with(url, "sub", json!("")), "invalid-token"),
        ("long subject", with(url, "sub", json!("a".repeat(300))), "invalid-token"),
    ] {
        assert_eq!(tried.code(&ed.sign(&claims)).await, code, "{why}");
    }
    let sound = claims(url);
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    let unsigned = |alg: &str| format!("{}.{}.", part(&json!({ "alg": alg })), part(&sound));
    let public = rsa.public();
    let secrets = [
        URL_SAFE_NO_PAD.decode(public["n"].as_str().unwrap()).unwrap(),
        public.to_string().into_bytes(),
        URL_SAFE_NO_PAD.decode(ed.public()["x"].as_str().unwrap()).unwrap(),
    ];
    let mut wrong: Vec<String> = ["none", "NONE", ""].map(unsigned).to_vec();
    wrong.extend(secrets.iter().map(|secret| {
        let mut head = Header::new(Algorithm::HS256);
        head.kid = Some("rsa".to_owned());
        jsonwebtoken::encode(&head, &sound, &EncodingKey::from_secret(secret)).unwrap()
    }));
    // The name of one key on the signature of another.
    let mixed = Signer { id: "ed1".to_owned(), ..Signer::rsa() };
    wrong.push(mixed.sign(&sound));
    wrong.push(Signer { id: "rsa".to_owned(), ..Signer::ed(1) }.sign(&sound));
    wrong.push(Signer { id: "ed1".to_owned(), ..Signer::ed(2) }.sign(&sound));
    // PS256 is accepted, but this key says that it is for RS256.
    wrong.push(Signer { algorithm: Algorithm::PS256, ..Signer::rsa() }.sign(&sound));
    // Made for another purpose.
    wrong.push(ed.sign_as(&sound, "logout+jwt"));
    for token in wrong {
        assert_eq!(tried.code(&token).await, "invalid-token", "{token}");
    }
    let long = ed.sign(&with(url, "more", json!("a".repeat(10_000))));
    assert_eq!(tried.code(&long).await, "nobody's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_unknown_keys_asks_the_issuer_once() {
    let issuer = Elsewhere::start(&[Signer::ed(1).public()]).await;
    let tried = Tried::at(&issuer.url);
    assert_eq!(tried.code(&Signer::ed(1).sign(&claims(&issuer.url))).await, "reader everyone");
    let before = issuer.asked.load(SeqCst);
    assert_eq!(before, 2, "configuration and keys");
    for seed in 2..50 {
        let token = Signer::ed(seed).sign(&claims(&issuer.url));
        assert_eq!(tried.code(&token).await, "invalid-token");
    }
    assert_eq!(issuer.asked.load(SeqCst), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_followed_when_they_change_and_kept_when_the_issuer_is_silent() {
    let (old, new) = (Signer::ed(1), Signer::ed(2));
    let issuer = Elsewhere::start(&[old.public()]).await;
    let settings = IssuerSettings::parse(&format!("{}=my-api", issuer.url)).unwrap();
    let tried = Tried::with(vec![settings], Duration::ZERO);
    assert_eq!(tried.code(&old.sign(&claims(&issuer.url))).await, "reader everyone");
    issuer.publish(&[new.public()]);
    assert_eq!(tried.code(&new.sign(&claims(&issuer.url))).await, "reader everyone");
    let again = with(&issuer.url, "jti", json!("again"));
    assert_eq!(tried.code(&old.sign(&again)).await, "invalid-token", "withdrawn");
    for (status, body) in [(500, ""), (200, "no JSON"), (200, "{\"keys\":[]}"), (302, "")] {
        issuer.serve("/keys", status, body);
        assert_eq!(tried.code(&Signer::ed(9).sign(&again)).await, "invalid-token");
        let other = with(&issuer.url, "jti", json!(format!("{status}{body}")));
        assert_eq!(tried.code(&new.sign(&other)).await, "reader everyone", "{status} {body}");
    }
    issuer.serve("/keys", 200, &format!("{{\"keys\":[],\"x\":\"{}\"}}", "a".repeat(300_000)));
    assert_eq!(tried.code(&Signer::ed(9).sign(&again)).await, "invalid-token");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_come_from_the_host_of_the_issuer_alone() {
    let evil = Elsewhere::start(&[Signer::ed(1).public()]).await;
    let issuer = Elsewhere::start(&[Signer::ed(2).public()]).await;
    let path = "/.well-known/openid-configuration";
    for configuration in [
        json!({ "issuer": issuer.url, "jwks_uri": format!("{}/keys", evil.url) }),
        json!({ "issuer": evil.url, "jwks_uri": format!("{}/keys", issuer.url) }),
        json!({ "issuer": issuer.url, "jwks_uri": "file:///etc/passwd" }),
        json!({ "issuer": issuer.url }),
    ] {
        issuer.serve(path, 200, &configuration.to_string());
        let tried = Tried::at(&issuer.url);
        for seed in [1, 2] {
            let token = Signer::ed(seed).sign(&claims(&issuer.url));
            assert_eq!(tried.code(&token).await, "invalid-token", "{configuration}");
        }
    }
    // A redirect is not followed.
    issuer.serve(path, 302, "");
    let tried = Tried::at(&issuer.url);
    let token = Signer::ed(2).sign(&claims(&issuer.url));
    assert_eq!(tried.code(&token).await, "invalid-token");
    assert_eq!(evil.asked.load(SeqCst), 0);
    // Another host that is configured is fine.
    let mut settings = IssuerSettings::parse(&format!("{}=my-api", issuer.url)).unwrap();
    settings.jwks_uri = Some(format!("{}/keys", evil.url));
    let tried = Tried::with(vec![settings], Duration::from_secs(60));
    let token = Signer::ed(1).sign(&claims(&issuer.url));
    assert_eq!(tried.code(&token).await, "reader everyone");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_is_not_there_is_a_warning_and_others_go_on() {
    let there = Elsewhere::start(&[Signer::ed(1).public()]).await;
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let settings = [&there.url, &gone].map(|url| IssuerSettings::parse(&format!("{url}=my-api")));
    let settings = settings.into_iter().map(Result::unwrap).collect();
    let tried = Tried::with(settings, Duration::from_secs(60));
    assert_eq!(tried.code(&Signer::ed(1).sign(&claims(&gone))).await, "invalid-token");
    assert_eq!(tried.code(&Signer::ed(1).sign(&claims(&there.url))).await, "reader everyone");
    for _ in 0..100 {
        if !tried.warned.lock().unwrap().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let warned = tried.warned.lock().unwrap().clone();
    assert!(warned.iter().all(|why| why.contains(&gone)), "{warned:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_are_read_as_configured() {
    let key = Signer::ed(1);
    let issuer = Elsewhere::start(&[key.public()]).await;
    let text = json!({ "issuers": [{
        "issuer": issuer.url, "audience": "my-api", "algorithms": ["EdDSA"],
        "roles_claim": "realm_access.roles", "actors": ["librarian", "stock"],
        "authorized_parties": ["web"], "type": "at+jwt", "assurance": { "silver": 2 },
    }] });
    let settings = IssuerSettings::read(&text.to_string()).unwrap();
    let tried = Tried::with(settings, Duration::from_secs(60));
    let mut said = with(&issuer.url, "realm_access", json!({ "roles": ["staff"] }));
    said["azp"] = json!("web");
    said["acr"] = json!("silver");
    let caller = tried.ask(&key.sign_as(&said, "at+jwt")).await.unwrap().unwrap();
    assert_eq!(names(&tried.design, &caller), ["librarian", "stock", "everyone"]);
    assert_eq!(caller.identity.unwrap().assurance, Some(2));
    assert_eq!(tried.code(&key.sign(&said)).await, "invalid-token", "an ID token");
    said["azp"] = json!("other");
    assert_eq!(tried.code(&key.sign_as(&said, "at+jwt")).await, "invalid-token");
    let mut unknown = IssuerSettings::parse(&format!("{}=my-api", issuer.url)).unwrap();
    unknown.actors = Some(vec!["nobody".to_owned()]);
    let options = IssuerOptions {
        issuers: vec![unknown],
        clock: Clock::default(),
        warn: Arc::new(|_| {}),
        between: None,
    };
    let design = design();
    assert!(Tokens::new(&design.model, Caller::default(), None, options).is_err());
}
