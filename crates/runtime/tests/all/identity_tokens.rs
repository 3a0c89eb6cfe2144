//! Tokens that are worth something, and all the others.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::AlgorithmParameters};
use runtime::identity::{Issuer, TokenRefused};
use serde_json::{Value, json};

use crate::http_support::{LIBRARY, design};
use crate::store_support::Folder;

struct Case {
    folder: Folder,
    issuer: Issuer,
    token: String,
}

fn case() -> Case {
    let folder = Folder::new();
    let model = design(LIBRARY).model.clone();
    let issuer = Issuer::open(folder.path(), model.clone()).unwrap();
    let (librarian, _) = model.actors().find(|(_, actor)| actor.name.value == "librarian").unwrap();
    let token = issuer.issue(librarian, "lib", Duration::from_secs(60)).unwrap();
    Case { folder, issuer, token }
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

fn signed(case: &Case, header: &Header, claims: &Value) -> String {
    let pem = std::fs::read(case.folder.path().join("identity.key")).unwrap();
    let key = EncodingKey::from_ed_pem(&pem).unwrap();
    jsonwebtoken::encode(header, claims, &key).unwrap()
}

#[test]
fn a_token_admits_to_the_actor_that_it_names_and_to_everyones() {
    let case = case();
    let model = design(LIBRARY).model.clone();
    let caller = case.issuer.caller(&case.token).unwrap();
    let names: Vec<&str> =
        caller.actors.iter().map(|id| model.actor(*id).name.value.as_str()).collect();
    assert_eq!(names, ["librarian", "visitor"]);
    assert_eq!(&*caller.identity.unwrap().subject, "lib");
    // Again, from memory.
    assert_eq!(case.issuer.caller(&case.token).unwrap().actors, caller.actors);
    // And after a restart.
    let again = Issuer::open(case.folder.path(), model).unwrap();
    assert!(again.caller(&case.token).is_ok());
}

#[test]
fn no_token_exists_for_those_who_prove_nothing() {
    let case = case();
    let model = design(LIBRARY).model.clone();
    for (id, actor) in model.actors() {
        let proves = !matches!(actor.name.value.as_str(), "visitor" | "system");
        let issued = case.issuer.issue(id, "x", Duration::from_secs(60));
        assert_eq!(issued.is_ok(), proves, "{}", actor.name.value);
    }
}

#[test]
fn claims_must_fit() {
    let case = case();
    let header = Header::new(Algorithm::EdDSA);
    let good = claims(&case.token);
    assert!(case.issuer.caller(&signed(&case, &header, &good)).is_ok(), "signed like ours");
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        signed(&case, &header, &claims)
    };
    let without = |name: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(name);
        signed(&case, &header, &claims)
    };
    let invalid = [
        with("iss", json!("urn:else")),
        with("aud", json!("urn:firmitas:system:Other")),
        with("nbf", json!(4_000_000_000u64)),
        with("actor", json!("system")),
        with("actor", json!("visitor")),
        with("actor", json!("nobody")),
        with("roles", json!([])),
        with("roles", json!(["other"])),
        with("exp", json!("soon")),
        with("exp", json!(-1)),
        without("exp"),
        without("iss"),
        without("aud"),
        without("sub"),
        without("nbf"),
        without("actor"),
    ];
    for token in &invalid {
        assert_eq!(case.issuer.caller(token), Err(TokenRefused::Invalid), "{}", claims(token));
    }
    assert_eq!(case.issuer.caller(&with("exp", json!(1_000_000))), Err(TokenRefused::Expired));
}

#[test]
fn signatures_must_be_ours() {
    let case = case();
    let good = claims(&case.token);
    let parts: Vec<&str> = case.token.split('.').collect();
    let none = URL_SAFE_NO_PAD.encode(br#"{"alg":"none","typ":"JWT"}"#);
    // The public key as a shared secret: what a verifier that trusts `alg` would fall for.
    let AlgorithmParameters::OctetKeyPair(public) = &case.issuer.public_key().algorithm else {
        panic!("an Ed25519 key")
    };
    let secret = URL_SAFE_NO_PAD.decode(&public.x).unwrap();
    let confused = |secret: &[u8]| {
        let key = EncodingKey::from_secret(secret);
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &good, &key).unwrap()
    };
    let elsewhere = Folder::new();
    let stranger = Issuer::open(elsewhere.path(), design(LIBRARY).model.clone()).unwrap();
    let model = design(LIBRARY).model.clone();
    let (id, _) = model.actors().find(|(_, actor)| actor.name.value == "librarian").unwrap();
    let mut promoted = good.clone();
    promoted["sub"] = json!("root");
    let promoted = URL_SAFE_NO_PAD.encode(promoted.to_string());
    let tokens = [
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        confused(&secret),
        confused(public.x.as_bytes()),
        stranger.issue(id, "lib", Duration::from_secs(60)).unwrap(),
        format!("{}.{promoted}.{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        format!("{}.{}", case.token, parts[2]),
        format!("{}{}", case.token, "A".repeat(10_000)),
        String::new(),
        "..".to_owned(),
        "\u{1F600}.a.b".to_owned(),
    ];
    for token in tokens {
        assert_eq!(case.issuer.caller(&token), Err(TokenRefused::Invalid), "{token}");
    }
}

#[test]
fn a_token_ends_when_it_says_even_if_it_is_remembered() {
    let case = case();
    let mut soon = claims(&case.token);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    soon["exp"] = json!(now + 2);
    let token = signed(&case, &Header::new(Algorithm::EdDSA), &soon);
    assert!(case.issuer.caller(&token).is_ok());
    std::thread::sleep(Duration::from_millis(2100));
    assert_eq!(case.issuer.caller(&token), Err(TokenRefused::Expired));
    assert_eq!(case.issuer.caller(&token), Err(TokenRefused::Expired), "forgotten, still refused");
}

#[cfg(unix)]
#[test]
fn the_key_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let case = case();
    let path = case.folder.path().join("identity.key");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let model = design(LIBRARY).model.clone();
    let error = Issuer::open(case.folder.path(), model.clone()).unwrap_err();
    assert!(error.to_string().contains("chmod 600"), "{error}");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&path, "nonsense").unwrap();
    assert!(Issuer::open(case.folder.path(), model).is_err());
}
