//! Clients that act for themselves.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value as Json, json};

use crate::oidc_support::{Live, claims};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// PKCS#8 of an Ed25519 private key before its 32 bytes (RFC 8410).
const ED25519: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

fn key(seed: u8) -> (EncodingKey, Json) {
    let key = EncodingKey::from_ed_der(&[&ED25519[..], &[seed; 32]].concat());
    let jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(&key, Algorithm::EdDSA).unwrap();
    (key, serde_json::to_value(jwk).unwrap())
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_shows_an_assertion_once_and_becomes_its_actor() {
    let (own, public) = key(3);
    let live = Live::with(&public).await;
    let sound = |id: &str| {
        json!({ "iss": "stock", "sub": "stock", "aud": live.url, "jti": id,
            "iat": now(), "exp": now() + 60 })
    };
    let ask = async |assertion: &str| {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", TYPE),
            ("client_assertion", assertion),
        ];
        live.post("/oauth/token", &form).await
    };
    let signed = |claims: &Json, key: &EncodingKey| {
        jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), claims, key).unwrap()
    };
    let first = signed(&sound("1"), &own);
    let granted = ask(&first).await;
    assert_eq!(granted.status, 200, "{granted:?}");
    let token = granted.json()["access_token"].as_str().unwrap().to_owned();
    assert!(granted.json().get("refresh_token").is_none());
    assert_eq!(claims(&token)["sub"], "stock");
    assert_eq!(live.get("/lending/v1/books", &token).await.status, 200);
    assert_eq!(live.get("/desk/v1/notes", &token).await.status, 403, "no reader");
    assert_eq!(ask(&first).await.error(), "invalid_client", "replayed");
    let changed = |name: &str, value: Json| {
        let mut claims = sound(name);
        claims[name] = value;
        signed(&claims, &own)
    };
    for (why, assertion) in [
        ("another's key", signed(&sound("2"), &key(4).0)),
        ("another audience", changed("aud", json!("https://elsewhere.example"))),
        ("another client", changed("iss", json!("web"))),
        ("another subject", changed("sub", json!("other"))),
        ("expired", changed("exp", json!(now() - 60))),
        ("for too long", changed("exp", json!(now() + 3600))),
        ("in the future", changed("nbf", json!(now() + 300))),
        ("without an id", changed("jti", Json::Null)),
        ("unsigned", format!("{}.{}.", encoded(&json!({ "alg": "none" })), encoded(&sound("3")))),
        ("by a shared secret", hmac(&sound("4"), &public)),
    ] {
        let refused = ask(&assertion).await;
        assert_eq!((refused.status, refused.error().as_str()), (401, "invalid_client"), "{why}");
    }
    live.stop().await;
}

fn encoded(json: &Json) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

fn hmac(claims: &Json, public: &Json) -> String {
    let secret = URL_SAFE_NO_PAD.decode(public["x"].as_str().unwrap()).unwrap();
    let key = EncodingKey::from_secret(&secret);
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).unwrap()
}
