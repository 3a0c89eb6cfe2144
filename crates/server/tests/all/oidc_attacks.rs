//! What attackers try, each refused.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value as Json, json};

use crate::oidc_support::{
    Answer, BACK, LOGIN, Live, SECRET, VERIFIER, authorization, claims, forged,
};

const BOOKS: &str = "/lending/v1/books";

fn text<'a>(json: &'a Json, name: &str) -> &'a str {
    json[name].as_str().unwrap_or_else(|| panic!("{json}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_used_twice_ends_the_family() {
    let live = Live::start().await;
    let cookie = live.sign_in(LOGIN).await;
    let first = live.tokens(&cookie, "openid lending").await;
    let second = live.refresh(text(&first, "refresh_token")).await;
    assert_eq!(second.status, 200, "{second:?}");
    let second = second.json();
    assert_eq!(live.get(BOOKS, text(&second, "access_token")).await.status, 200);
    // The thief, or the victim after the thief.
    let reused = live.refresh(text(&first, "refresh_token")).await;
    assert_eq!((reused.status, reused.error().as_str()), (400, "invalid_grant"));
    let dead = live.refresh(text(&second, "refresh_token")).await;
    assert_eq!(dead.error(), "invalid_grant", "the family is dead");
    for tokens in [&first, &second] {
        assert_eq!(live.get(BOOKS, text(tokens, "access_token")).await.status, 401);
    }
    live.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_refreshes_at_once_one_wins_and_the_family_ends() {
    let live = Live::start().await;
    let cookie = live.sign_in(LOGIN).await;
    let first = live.tokens(&cookie, "openid").await;
    let token = text(&first, "refresh_token");
    let (a, b, c) = tokio::join!(live.refresh(token), live.refresh(token), live.refresh(token));
    let fine: Vec<&Answer> = [&a, &b, &c].into_iter().filter(|of| of.status == 200).collect();
    assert_eq!(fine.len(), 1, "{a:?} {b:?} {c:?}");
    let next = fine[0].json();
    assert_eq!(live.refresh(text(&next, "refresh_token")).await.error(), "invalid_grant");
    live.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_once_and_its_replay_ends_what_came_of_it() {
    let live = Live::start().await;
    let cookie = live.sign_in(LOGIN).await;
    let code = live.code(&cookie, &[("scope", "openid lending")]).await;
    let tokens = live.redeem(&code, &[]).await.json();
    assert_eq!(live.get(BOOKS, text(&tokens, "access_token")).await.status, 200);
    assert_eq!(live.redeem(&code, &[]).await.error(), "invalid_grant");
    assert_eq!(live.get(BOOKS, text(&tokens, "access_token")).await.status, 401);
    assert_eq!(live.refresh(text(&tokens, "refresh_token")).await.error(), "invalid_grant");
    live.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_bound_to_client_address_and_verifier() {
    let live = Live::start().await;
    let cookie = live.sign_in(LOGIN).await;
    let code = live.code(&cookie, &[]).await;
    let other = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    for wrong in [
        ("client_id", "other"),
        ("redirect_uri", "http://127.0.0.1/back"),
        ("redirect_uri", "https://app.example/back/"),
        ("code_verifier", other),
        ("code_verifier", "short"),
    ] {
        let answer = live.redeem(&code, &[wrong]).await;
        assert_eq!((answer.status, answer.error().as_str()), (400, "invalid_grant"), "{wrong:?}");
    }
    for missing in ["code_verifier", "redirect_uri"] {
        assert_eq!(live.redeem(&code, &[(missing, "")]).await.error(), "invalid_request");
    }
    // None of that used it up.
    assert_eq!(live.redeem(&code, &[]).await.status, 200);
    live.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_sent_where_the_client_did_not_register() {
    let live = Live::start().await;
    let cookie = live.sign_in(LOGIN).await;
    for uri in [
        "https://evil.example/back",
        "https://app.example.evil.example/back",
        "https://app.example@evil.example/back",
        "https://user@app.example/back",
        "https://app.example/back#@evil.example",
        "https://app.example/back?next=https://evil.example",
        "https://app.example/back/../elsewhere",
        "https://app.example/%62ack",
        "https://APP.example/back",
        "https://app.example/back/",
        "https://app.example\\@evil.example/back",
        "//evil.example/back",
        "http://app.example/back",
        "http://127.0.0.1:80@evil.example/back",
        "http://127.0.0.1.evil.example/back",
        "http://localhost/back",
        "javascript:alert(1)",
        "https://other.example/back",
    ] {
        // Neither an answer nor a refusal leads there.
        for broken in [("response_type", "code"), ("response_type", "token"), ("prompt", "none")] {
            let answer = live.authorize(&cookie, &[("redirect_uri", uri), broken]).await;
            assert_eq!((answer.status, answer.location.as_deref()), (400, None), "{uri}");
            assert!(!answer.body.contains("evil.example"), "{}", answer.body);
        }
    }
    let unknown = live.authorize(&cookie, &[("client_id", "nobody")]).await;
    assert_eq!((unknown.status, unknown.location), (400, None));
    let twice = format!("{}&redirect_uri=https%3A%2F%2Fevil.example", authorization(&[]));
    let url = format!("{}/oauth/authorize?{twice}", live.url);
    let answer = live.http.get(url).header("cookie", &cookie).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 400);
    // A native app on any port of this machine is no other.
    let port = [("redirect_uri", "http://127.0.0.1:51004/back")];
    let answer = live.authorize(&cookie, &port).await;
    assert!(answer.location.unwrap().starts_with("http://127.0.0.1:51004/back?code="));
    live.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pkce_cannot_be_left_out_or_weakened() {
    let live = Live::start().await;
    let cookie = live.sign_in(LOGIN).await;
    for weaker in [
        &[("code_challenge", ""), ("code_challenge_method", "")][..],
        &[("code_challenge_method", "plain")],
        &[("code_challenge_method", "")],
        &[("code_challenge", VERIFIER), ("code_challenge_method", "plain")],
        &[("code_challenge", "short")],
        &[("response_type", "token")],
        &[("response_type", "code id_token")],
        &[("response_mode", "fragment")],
        &[("request_uri", "https://evil.example/request")],
        &[("request", "eyJhbGciOiJub25lIn0.e30.")],
        &[("scope", "openid everything")],
        &[("scope", "openid desk")],
        &[("prompt", "none login")],
        &[("max_age", "-1")],
    ] {
        let answer = live.authorize(&cookie, weaker).await;
        assert_eq!(answer.status, 303, "{weaker:?}");
        assert!(answer.parameter("error").is_some(), "{weaker:?} {answer:?}");
        assert!(answer.parameter("code").is_none());
        // Sent to the client with its state, and with who refuses (mix-up: RFC 9207).
        assert!(answer.location.as_ref().unwrap().starts_with(BACK));
        assert_eq!(answer.parameter("state").as_deref(), Some("s t&te"));
        assert_eq!(answer.parameter("iss").as_deref(), Some(live.url.as_str()));
    }
    live.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_tokens_are_worth_nothing() {
    let live = Live::start().await;
    let cookie = live.sign_in(LOGIN).await;
    let tokens = live.tokens(&cookie, "openid lending").await;
    let access = text(&tokens, "access_token");
    assert_eq!(live.get(BOOKS, access).await.status, 200);
    let sound = claims(access);
    let keys: Json = live.get("/.well-known/jwks.json", access).await.json();
    let parts: Vec<&str> = access.split('.').collect();
    let head: Json = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
    let kid = text(&head, "kid");
    let signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
    let mut wrong = Vec::new();
    // No signature, in every spelling.
    for none in ["none", "None", "NONE", "nOnE", ""] {
        wrong.push(forged(&json!({ "typ": "at+jwt", "alg": none, "kid": kid }), &sound, b""));
    }
    // A public key as the secret of an HMAC, raw, as JWK and as text.
    for key in keys["keys"].as_array().unwrap() {
        let x = text(key, "x");
        let raw = URL_SAFE_NO_PAD.decode(x).unwrap();
        for secret in [raw, x.as_bytes().to_vec(), key.to_string().into_bytes()] {
            let mut head = Header::new(Algorithm::HS256);
            head.typ = Some("at+jwt".to_owned());
            head.kid = Some(kid.to_owned());
            let key = EncodingKey::from_secret(&secret);
            wrong.push(jsonwebtoken::encode(&head, &sound, &key).unwrap());
        }
    }
    // The right signature under another algorithm, kind, key; over other claims.
    for other in [
        json!({ "typ": "at+jwt", "alg": "ES256", "kid": kid }),
        json!({ "typ": "at+jwt", "alg": "RS256", "kid": kid }),
        json!({ "typ": "JWT", "alg": "EdDSA", "kid": kid }),
        json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": "unknown" }),
        json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": kid, "crit": ["b64"], "b64": false }),
    ] {
        wrong.push(forged(&other, &sound, &signature));
    }
    let mut raised = sound.clone();
    raised["roles"] = json!(["staff", "admin"]);
    wrong.push(forged(&head, &raised, &signature));
    // A key of the forger's own, which the head brings along or points to.
    let own = EncodingKey::from_ed_der(&[&ED25519[..], &[7; 32]].concat());
    let mut brought = Header::new(Algorithm::EdDSA);
    brought.typ = Some("at+jwt".to_owned());
    brought.jwk = Some(jsonwebtoken::jwk::Jwk::from_encoding_key(&own, Algorithm::EdDSA).unwrap());
    brought.jku = Some("http://127.0.0.1:1/keys".to_owned());
    brought.x5u = Some("http://127.0.0.1:1/chain".to_owned());
    wrong.push(jsonwebtoken::encode(&brought, &sound, &own).unwrap());
    // The ID token is no access token; neither is what is too long or no token at all.
    wrong.push(text(&tokens, "id_token").to_owned());
    wrong.push(text(&tokens, "refresh_token").to_owned());
    wrong.push(format!("{}.{}.{}", parts[0], "A".repeat(20_000), parts[2]));
    wrong.extend(["..", "a.b.c", "", "eyJ0eXAiOiJhdCtqd3Qi"].map(str::to_owned));
    for token in wrong {
        let answer = live.get(BOOKS, &token).await;
        assert_eq!(answer.status, 401, "{token} {answer:?}");
    }
    assert_eq!(live.get(BOOKS, access).await.status, 200);
    live.stop().await;
}

/// PKCS#8 of an Ed25519 private key before its 32 bytes (RFC 8410).
const ED25519: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

#[tokio::test(flavor = "multi_thread")]
async fn nobody_agrees_in_the_name_of_others() {
    let live = Live::start().await;
    let anna = live.sign_in(LOGIN).await;
    let partner = [("client_id", "partner"), ("redirect_uri", "https://partner.example/back")];
    let page = live.authorize(&anna, &partner).await;
    assert_eq!((page.status, &page.location), (200, &None), "a page asks");
    assert!(page.body.contains("A &lt;b&gt;partner"), "{}", page.body);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    let question = page.body.split("name=\"question\" value=\"").nth(1).unwrap();
    let question = question.split('"').next().unwrap();
    let answer = async |cookie: &str, question: &str, site: &str, answer: &str| {
        let form = crate::oidc_support::form(&[("question", question), ("answer", answer)]);
        let asked = live.http.post(format!("{}/oauth/consent", live.url)).header("cookie", cookie);
        let asked = asked.header("content-type", "application/x-www-form-urlencoded");
        asked.header("sec-fetch-site", site).body(form).send().await.unwrap()
    };
    // Another person's, nobody's, a changed one, one of another site.
    let ben = live.sign_in("ben@example.com").await;
    for (cookie, question, site) in [
        (ben.as_str(), question, "same-origin"),
        ("", question, "same-origin"),
        (anna.as_str(), "", "same-origin"),
        (anna.as_str(), &question[1..], "same-origin"),
        (anna.as_str(), question, "cross-site"),
        (anna.as_str(), question, "same-site"),
    ] {
        let refused = answer(cookie, question, site, "allow").await;
        assert_eq!(refused.status().as_u16(), 403);
        assert!(refused.headers().get("location").is_none());
    }
    let denied = answer(&anna, question, "same-origin", "deny").await;
    assert!(denied.headers()["location"].to_str().unwrap().contains("error=access_denied"));
    let silent = live.authorize(&anna, &[partner[0], partner[1], ("prompt", "none")]).await;
    assert_eq!(silent.error(), "consent_required");
    let allowed = answer(&anna, question, "same-origin", "allow").await;
    assert!(allowed.headers()["location"].to_str().unwrap().contains("code="));
    let again = live.authorize(&anna, &[partner[0], partner[1], ("prompt", "none")]).await;
    assert!(again.parameter("code").is_some(), "asked once: {again:?}");
    let more = [partner[0], partner[1], ("scope", "openid lending")];
    assert_eq!(live.authorize(&anna, &more).await.status, 200, "more is asked for: asked again");
    live.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn others_applications_get_what_was_granted_and_no_more() {
    let live = Live::start().await;
    let cookie = live.sign_in(LOGIN).await;
    let narrow = live.tokens(&cookie, "openid desk.notes").await;
    let token = text(&narrow, "access_token");
    assert_eq!(live.get("/desk/v1/notes", token).await.status, 200);
    assert_eq!(live.get(BOOKS, token).await.status, 403, "not in the scope");
    let wide = live.tokens(&cookie, "openid").await;
    assert_eq!(live.get(BOOKS, text(&wide, "access_token")).await.status, 200, "ours: all");
    let less = [
        ("grant_type", "refresh_token"),
        ("client_id", "web"),
        ("refresh_token", text(&narrow, "refresh_token")),
        ("scope", "openid lending"),
    ];
    assert_eq!(live.post("/oauth/token", &less).await.error(), "invalid_scope");
    let next = live.refresh(text(&narrow, "refresh_token")).await;
    assert_eq!(next.status, 200, "a refusal of more used nothing up: {next:?}");
    live.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_prove_who_they_are_as_they_are_registered() {
    let live = Live::start().await;
    let cookie = live.sign_in(LOGIN).await;
    let fields = [("grant_type", "authorization_code"), ("code", "x"), ("redirect_uri", BACK)];
    let with = |more: &[(&'static str, &'static str)]| [&fields[..], more].concat();
    for (form, basic) in [
        (with(&[("client_id", "partner")]), None),
        (with(&[("client_id", "partner"), ("client_secret", SECRET)]), None),
        (with(&[]), Some(("partner", "wrong"))),
        (with(&[]), Some(("nobody", SECRET))),
        (with(&[]), Some(("web", ""))),
        (with(&[("client_id", "web")]), Some(("partner", SECRET))),
        (with(&[("client_id", "stock")]), None),
        (with(&[]), None),
    ] {
        let answer = live.post_as("/oauth/token", &form, basic).await;
        assert_eq!((answer.status, answer.error().as_str()), (401, "invalid_client"), "{form:?}");
        assert!(answer.headers.contains_key("www-authenticate"));
    }
    // Public clients ask about nothing, and end nobody else's tokens.
    let tokens = live.tokens(&cookie, "openid lending").await;
    let access = text(&tokens, "access_token");
    let public = [("client_id", "web"), ("token", access)];
    assert_eq!(live.post("/oauth/introspect", &public).await.status, 401);
    let other = [("client_id", "other"), ("token", access)];
    assert_eq!(live.post("/oauth/revoke", &other).await.status, 200);
    let refresh = [("client_id", "other"), ("token", text(&tokens, "refresh_token"))];
    assert_eq!(live.post("/oauth/revoke", &refresh).await.status, 200);
    assert_eq!(live.get(BOOKS, access).await.status, 200);
    let whole = [("token", access)];
    let asked = live.post_as("/oauth/introspect", &whole, Some(("partner", SECRET))).await;
    assert_eq!(asked.json()["active"], true);
    let hidden = [("token", text(&tokens, "refresh_token"))];
    let asked = live.post_as("/oauth/introspect", &hidden, Some(("partner", SECRET))).await;
    assert_eq!(asked.json(), json!({ "active": false }), "another client's");
    live.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_account_and_a_new_password_end_its_tokens() {
    let live = Live::start().await;
    for closing in [true, false] {
        let cookie = live.sign_in(LOGIN).await;
        let tokens = live.tokens(&cookie, "openid lending").await;
        assert_eq!(live.get(BOOKS, text(&tokens, "access_token")).await.status, 200);
        let user = live.accounts().users().by_login(LOGIN).await.unwrap().unwrap();
        if closing {
            live.accounts().set_disabled(&user.id, true).await.unwrap();
        } else {
            let password = "another quiet afternoon".to_owned();
            live.accounts().set_password(&user, password).await.unwrap();
        }
        assert_eq!(live.refresh(text(&tokens, "refresh_token")).await.error(), "invalid_grant");
        assert_eq!(live.get(BOOKS, text(&tokens, "access_token")).await.status, 401);
        live.accounts().set_disabled(&user.id, false).await.unwrap();
    }
    live.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_signed_out_by_their_own_clients_alone() {
    let live = Live::start().await;
    let anna = live.sign_in(LOGIN).await;
    let tokens = live.tokens(&anna, "openid").await;
    let out = async |cookie: &str, query: &[(&str, &str)]| {
        let url = format!("{}/oauth/logout?{}", live.url, crate::oidc_support::form(query));
        live.http.get(url).header("cookie", cookie).send().await.unwrap()
    };
    // Without a proof a page asks; with another's ID token as well.
    let ben = live.sign_in("ben@example.com").await;
    let id = text(&tokens, "id_token");
    for (cookie, query) in [(&anna, vec![]), (&ben, vec![("id_token_hint", id)])] {
        let page = out(cookie, &query).await;
        assert_eq!(page.status().as_u16(), 200);
        assert!(page.headers().get("set-cookie").is_none());
    }
    for uri in
        ["https://evil.example/", "https://app.example/done/..", "https://partner.example/done"]
    {
        let query = [("id_token_hint", id), ("post_logout_redirect_uri", uri)];
        let refused = out(&anna, &query).await;
        assert_eq!((refused.status().as_u16(), refused.headers().get("location")), (400, None));
    }
    let forged = format!("{}x", id);
    assert_eq!(out(&anna, &[("id_token_hint", &forged)]).await.status().as_u16(), 400);
    assert_eq!(live.authorize(&anna, &[("prompt", "none")]).await.status, 303);
    let done = "https://app.example/done";
    let query = [("id_token_hint", id), ("post_logout_redirect_uri", done), ("state", "x")];
    let gone = out(&anna, &query).await;
    assert_eq!(gone.headers()["location"], "https://app.example/done?state=x");
    let after = live.authorize(&anna, &[("prompt", "none")]).await;
    assert_eq!(after.error(), "login_required");
    assert_eq!(live.refresh(text(&tokens, "refresh_token")).await.error(), "invalid_grant");
    live.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_anew_means_anew() {
    let live = Live::start().await;
    let cookie = live.sign_in(LOGIN).await;
    for anew in [[("prompt", "login")], [("max_age", "0")]] {
        let asked = live.authorize(&cookie, &anew).await;
        let to = asked.location.clone().unwrap();
        assert!(to.starts_with("/auth/sign-in?next=%2Foauth%2Fauthorize"), "{to}");
        let next = asked.parameter("next").unwrap();
        let go = async |cookie: &str| {
            let url = format!("{}{next}", live.url);
            let reply = live.http.get(url).header("cookie", cookie).send().await.unwrap();
            reply.headers()["location"].to_str().unwrap().to_owned()
        };
        assert!(go(&cookie).await.starts_with("/auth/sign-in"), "the old one does not count");
        let fresh = live.sign_in(LOGIN).await;
        assert!(go(&fresh).await.starts_with(BACK), "and there is no circle");
    }
    let silent = live.authorize("", &[("prompt", "none")]).await;
    assert_eq!(silent.error(), "login_required");
    live.stop().await;
}
