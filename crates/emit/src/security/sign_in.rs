//! How every actor proves who it is, in words and as sequence diagrams.

use std::collections::{BTreeMap, BTreeSet};

use decide::{design::Verdict, naming::kebab};
use model::model::{Actor, Authentication};

use super::scan::Scan;
use crate::{
    Artifact,
    markdown::{Markdown, some},
};

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

/// A sequence diagram of each way to sign in that is used, with who uses it.
pub fn diagrams(scan: &Scan<'_>) -> Vec<Artifact> {
    let mut used: BTreeMap<&str, Vec<&Verdict>> = BTreeMap::new();
    for verdict in scan.design.verdicts.iter().filter(|of| of.family == "authentication") {
        used.entry(verdict.choice).or_default().push(verdict);
    }
    let drawn = used.into_iter().filter_map(|(choice, by)| {
        let contents = filled(diagram(choice)?, &by);
        let path = format!("diagrams/sign-in/{}.mmd", kebab(choice));
        Some(Artifact { path, contents })
    });
    drawn.collect()
}

/// A `{name}` of a diagram becomes what the verdicts say of that parameter, `{who}` the actors.
fn filled(diagram: &str, by: &[&Verdict]) -> String {
    let who: BTreeSet<&str> = by.iter().map(|verdict| verdict.subject.as_str()).collect();
    let who: Vec<&str> = who.into_iter().collect();
    let mut text = diagram.replace("{who}", &who.join(", "));
    let parameters = || by.iter().flat_map(|verdict| &verdict.parameters);
    let names: BTreeSet<&str> = parameters().map(|(name, _)| name.as_str()).collect();
    for name in names {
        let values: BTreeSet<&str> =
            parameters().filter(|(of, _)| of == name).map(|(_, value)| value.as_str()).collect();
        let values: Vec<&str> = values.into_iter().collect();
        // A semicolon ends a line of Mermaid.
        let values = values.join(" or ").replace(';', ",");
        text = text.replace(&format!("{{{name}}}"), &values);
    }
    text
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
    actor person as {who}
    participant app as app
    participant issuer as identity provider
    participant api as API
    app->>issuer: authorise, with code challenge (PKCE, S256), state and nonce
    person->>issuer: signs in
    issuer-->>app: code, once, for minutes
    app->>issuer: code and code verifier
    issuer-->>app: access token ({access token}), refresh token ({refresh token})
    app->>api: request with access token
    api->>api: signature, algorithm, issuer, audience, expiry
    api-->>app: answer
    Note over app,issuer: later, signed in anew {signed in anew}
    app->>issuer: refresh token
    alt it was used before
        issuer-->>app: refused, and the whole family is revoked
    else
        issuer-->>app: new access token and a new refresh token
    end
";

const SESSION: &str = "sequenceDiagram
    actor person as {who}
    participant browser as browser
    participant api as API
    participant store as sessions
    person->>browser: signs in
    browser->>api: credentials over TLS
    api->>api: password hash, attempts of account and address
    api->>store: {kept as}, with times of use and end
    api-->>browser: cookie {cookie}
    browser->>api: request with cookie, and a token against forgery where it writes
    api->>store: session of that hash
    alt it is over, {signed in anew}
        api-->>browser: 401, sign in again
    else
        api-->>browser: answer
    end
";

const API_KEY: &str = "sequenceDiagram
    participant client as {who}
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
    participant client as {who}
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
    participant service as {who}
    participant issuer as identity provider
    participant api as API
    service->>issuer: client credentials
    issuer-->>service: token ({token})
    service->>api: request with token
    api->>api: signature, algorithm, issuer, audience, expiry
    api-->>service: answer
";
