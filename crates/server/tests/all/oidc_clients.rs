//! Clients that act for themselves.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value as Json, json};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::oidc_support::{LOGIN, Live, claims};

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

#[tokio::test(flavor = "multi_thread")]
async fn tokens_and_cookies_of_people_are_not_handed_on() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let external = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut seen = vec![0; 64 * 1024];
        let length = stream.read(&mut seen).await.unwrap();
        let body = "{\"label\":\"a\"}";
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        String::from_utf8_lossy(&seen[..length]).to_lowercase()
    });
    let live = Live::calling(&key(3).1, vec![("printer".to_owned(), url)]).await;
    let cookie = live.sign_in(LOGIN).await;
    let tokens = live.tokens(&cookie, "openid lending").await;
    let token = tokens["access_token"].as_str().unwrap();
    let asked = live.http.post(format!("{}/lending/v1/books/labelled", live.url));
    let asked = asked.bearer_auth(token).header("cookie", &cookie).header("idempotency-key", "a");
    let reply = asked.header("content-type", "application/json").body(r#"{"title":"T"}"#).send();
    let reply = reply.await.unwrap();
    assert_eq!(reply.status().as_u16(), 201, "{:?}", reply.text().await);
    let seen = external.await.unwrap();
    assert!(seen.starts_with("post /print "), "{seen}");
    let secret = cookie.split('=').nth(1).unwrap().to_lowercase();
    let signature = token.rsplit('.').next().unwrap().to_lowercase();
    for leak in ["authorization", "cookie", secret.as_str(), signature.as_str(), LOGIN] {
        assert!(!seen.contains(leak), "{leak}: {seen}");
    }
    live.stop().await;
}
