//! How every actor proves who it is, in words and as sequence diagrams.

use std::collections::BTreeSet;

use decide::naming::kebab;
use model::model::{Actor, Authentication};

use super::scan::{Scan, some};
use crate::{Artifact, markdown::Markdown};

/// The section.
pub fn write(scan: &Scan<'_>, page: &mut Markdown) {
    page.section("Who proves what");
    let mut actors: Vec<&Actor> = scan.design.model.actors.iter().collect();
    actors.sort_by_key(|of| of.name.value.as_str());
    let row = |actor: &&Actor| {
        let verdict = scan.verdict("authentication", &actor.name)?;
        let details = verdict.parameters.iter().map(|(name, value)| format!("{name}: {value}"));
        let details: Vec<String> = details.collect();
        Some(vec![
            format!("`{}`", actor.name),
            verdict.choice.to_owned(),
            details.join("; "),
            actor.role.clone().map_or_else(|| "none".to_owned(), |role| format!("`{role}`")),
            if verdict.runnable { "served" } else { "decided, not served yet" }.to_owned(),
        ])
    };
    let heads = ["actor", "proves it by", "how", "role in the token", "`firm up`"];
    page.table(&heads, actors.iter().filter_map(row), "There are no actors.");
    let drawn: Vec<String> = diagrams(scan).into_iter().map(|of| of.path).collect();
    if !drawn.is_empty() {
        page.paragraph(&format!("Drawn in {}.", some(&drawn)));
    }
    if scan.authenticates(Authentication::User) {
        let hash = scan.verdict("password-hash", "system").map_or("argon2id", |of| of.choice);
        page.paragraph(&format!(
            "Passwords are kept as {hash} alone. Failed attempts are counted for each account and \
             each address, and the answer is the same whether or not the account exists."
        ));
    }
}

/// A sequence diagram of each way to sign in that is used.
pub fn diagrams(scan: &Scan<'_>) -> Vec<Artifact> {
    let used: BTreeSet<&str> = scan
        .design
        .verdicts
        .iter()
        .filter(|of| of.family == "authentication")
        .map(|of| of.choice)
        .collect();
    let drawn = used.into_iter().filter_map(|choice| {
        let contents = diagram(choice)?;
        let path = format!("diagrams/sign-in/{}.mmd", kebab(choice));
        Some(Artifact { path, contents: contents.to_owned() })
    });
    drawn.collect()
}

fn diagram(choice: &str) -> Option<&'static str> {
    match choice {
        "jwt" => Some(JWT),
        "session" => Some(SESSION),
        "api-key" => Some(API_KEY),
        "mtls" => Some(MTLS),
        "service-token" => Some(SERVICE_TOKEN),
        _ => None,
    }
}

const JWT: &str = "sequenceDiagram
    actor person as person
    participant app as app
    participant issuer as identity provider
    participant api as API
    app->>issuer: authorise, with code challenge (PKCE, S256), state and nonce
    person->>issuer: signs in
    issuer-->>app: code, once, for minutes
    app->>issuer: code and code verifier
    issuer-->>app: access token (15 min), refresh token (7 d)
    app->>api: request with access token
    api->>api: signature, algorithm, issuer, audience, expiry
    api-->>app: answer
    Note over app,issuer: later
    app->>issuer: refresh token
    alt it was used before
        issuer-->>app: refused, and the whole family is revoked
    else
        issuer-->>app: new access token and a new refresh token
    end
";

const SESSION: &str = "sequenceDiagram
    actor person as person
    participant browser as browser
    participant api as API
    participant store as sessions
    person->>browser: signs in
    browser->>api: credentials over TLS
    api->>api: password hash, attempts of account and address
    api->>store: SHA-256 of a random token, with times of use and end
    api-->>browser: cookie __Host-session, Secure, HttpOnly, SameSite
    browser->>api: request with cookie, and a token against forgery where it writes
    api->>store: session of that hash
    alt it is idle too long or over
        api-->>browser: 401, sign in again
    else
        api-->>browser: answer, and a later end near the end
    end
";

const API_KEY: &str = "sequenceDiagram
    participant client as client
    participant api as API
    participant store as keys
    client->>api: request with key
    api->>store: key by its prefix
    store-->>api: SHA-256, scopes, expiry
    api->>api: compares hashes in constant time
    alt unknown, revoked or expired
        api-->>client: 401
    else
        api->>store: time of last use
        api-->>client: answer
    end
";

const MTLS: &str = "sequenceDiagram
    participant client as client
    participant api as API
    participant authority as certificate authority
    client->>authority: signing request, renewed before it ends
    authority-->>client: certificate of days
    client->>api: TLS handshake with certificate
    api->>api: chain, validity, revocation, name
    client->>api: request
    api-->>client: answer
";

const SERVICE_TOKEN: &str = "sequenceDiagram
    participant service as service
    participant issuer as identity provider
    participant api as API
    service->>issuer: client credentials
    issuer-->>service: token of minutes, for this audience
    service->>api: request with token
    api->>api: signature, algorithm, issuer, audience, expiry
    api-->>service: answer
";
