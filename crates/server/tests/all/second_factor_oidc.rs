//! What clients of the OpenID Connect provider learn of second factors, and may ask for.

use server::IdentitySettings;

use crate::accounts_support::{BOOKS, Library, MODEL};
use crate::oidc_support::claims;
use crate::second_factor::{at, enrolled, library};

#[tokio::test]
async fn clients_ask_for_a_level_and_are_told_it() {
    let library = Library::of(MODEL, IdentitySettings::default()).await;
    let mut browser = library.signed_in().await;
    let cookie = browser.cookie.clone().unwrap();
    let live = &library.live;
    let tokens = live.tokens(&cookie, "openid").await;
    let id = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(id["acr"], "urn:firmitas:aal:1");
    assert_eq!(id["amr"], serde_json::json!(["pwd"]));
    let asked = [("acr_values", "gold urn:firmitas:aal:2 urn:firmitas:aal:3")];
    let away = live.authorize(&cookie, &asked).await;
    let to = away.location.clone().unwrap();
    assert!(to.starts_with("/auth/second-factor?next=%2Foauth%2Fauthorize"), "{to}");
    let silent = [asked[0], ("prompt", "none")];
    assert_eq!(live.authorize(&cookie, &silent).await.error(), "interaction_required");
    for unmet in ["urn:firmitas:aal:3", "gold"] {
        let answer = live.authorize(&cookie, &[("acr_values", unmet)]).await;
        assert_eq!(answer.error(), "unmet_authentication_requirements", "{unmet}");
    }
    enrolled(&library, &mut browser).await;
    let cookie = browser.cookie.clone().unwrap();
    let code = live.code(&cookie, &[asked[0], ("prompt", "none"), ("max_age", "60")]).await;
    let tokens = live.redeem(&code, &[]).await.json();
    for token in ["id_token", "access_token"] {
        let told = claims(tokens[token].as_str().unwrap());
        assert_eq!(told["acr"], "urn:firmitas:aal:2", "{told}");
        assert_eq!(told["amr"], serde_json::json!(["pwd", "otp", "mfa"]), "{told}");
        assert!(told["auth_time"].as_i64().is_some(), "{told}");
    }
}

#[tokio::test]
async fn tokens_carry_the_level_and_the_model_asks_for_it_by_itself() {
    let library = library("L2").await;
    let mut browser = library.signed_in().await;
    let cookie = browser.cookie.clone().unwrap();
    let away = library.live.authorize(&cookie, &[("scope", "openid lending")]).await;
    assert!(away.location.unwrap().starts_with("/auth/second-factor?"));
    enrolled(&library, &mut browser).await;
    let tokens = library.live.tokens(&browser.cookie.clone().unwrap(), "openid lending").await;
    let answer = library.live.get(BOOKS, tokens["access_token"].as_str().unwrap()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn what_nobody_can_prove_here_is_said_at_start_and_never_served_for_less() {
    let library = Library::of(&at("L3"), IdentitySettings::default()).await;
    let said = library.live.server.as_ref().unwrap().not_running();
    assert!(said.iter().any(|of| of.message.contains("AAL3")), "{said:?}");
    let mut browser = library.signed_in().await;
    enrolled(&library, &mut browser).await;
    let told = library.get(&mut browser, BOOKS).await.refused(401, "insufficient-authentication");
    assert!(told.header("www-authenticate").unwrap().contains("urn:firmitas:aal:3"));
    let two = self::library("L2").await;
    assert!(two.live.server.as_ref().unwrap().not_running().is_empty());
}
