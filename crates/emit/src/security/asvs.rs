//! Rows of the OWASP Application Security Verification Standard 5.0.0 that concern a backend, those
//! of the stated level that apply to this design, and who meets each. The standard is licensed
//! CC BY-SA 4.0; its rows are told here in other words.

use expression::{Type, types::TextFormat};
use model::model::{Authentication, OperationKind, StepKind};

use super::scan::Scan;
use crate::markdown::Markdown;

/// Who meets a row.
#[derive(Clone, Copy, PartialEq)]
enum By {
    /// `firm up` does, for every model.
    Runtime,
    /// A document of this design does.
    Design,
    /// Decided; `firm up` does not do it yet: whoever builds or runs it does.
    Decided,
    /// Whoever runs the system does.
    Operator,
}

impl By {
    const fn name(self) -> &'static str {
        match self {
            Self::Runtime => "`firm up`",
            Self::Design => "this design",
            Self::Decided => "decided, not served yet",
            Self::Operator => "whoever runs it",
        }
    }
}

struct Row {
    id: &'static str,
    level: u8,
    /// What is asked for.
    asks: &'static str,
    by: By,
    /// Where or how it is met.
    how: &'static str,
    applies: fn(&Scan<'_>) -> bool,
}

/// The section.
pub fn write(scan: &Scan<'_>, page: &mut Markdown) {
    page.section("OWASP ASVS 5.0");
    let asked: Vec<&Row> = ROWS.iter().filter(|row| row.level <= scan.level).collect();
    let (apply, not): (Vec<&Row>, Vec<&Row>) =
        asked.into_iter().partition(|row| (row.applies)(scan));
    page.paragraph(&format!(
        "Level {}{}. Of the rows that concern a backend, these apply; what belongs to pages in a \
         browser, to the build or to people is not listed.",
        scan.level,
        if scan.level_stated { ", as stated" } else { ", assumed" }
    ));
    let row = |of: &Row| {
        vec![
            of.id.to_owned(),
            of.level.to_string(),
            of.asks.to_owned(),
            of.by.name().to_owned(),
            of.how.to_owned(),
        ]
    };
    let heads = ["row", "level", "asks for", "met by", "how"];
    page.table(&heads, apply.iter().map(|of| row(of)), "None applies.");
    let count = |by: By| apply.iter().filter(|of| of.by == by).count();
    page.paragraph(&format!(
        "{} rows: {} met by `firm up`, {} by this design, {} decided and not served yet, {} left to \
         whoever runs it.",
        apply.len(),
        count(By::Runtime),
        count(By::Design),
        count(By::Decided),
        count(By::Operator)
    ));
    let not: Vec<&str> = not.iter().map(|of| of.id).collect();
    if !not.is_empty() {
        page.paragraph(&format!("Without an object in this design: {}.", not.join(", ")));
    }
}

fn always(_: &Scan<'_>) -> bool {
    true
}

fn served(scan: &Scan<'_>) -> bool {
    !scan.public.is_empty()
}

fn people(scan: &Scan<'_>) -> bool {
    scan.authenticates(Authentication::User)
}

fn tokens(scan: &Scan<'_>) -> bool {
    ["jwt", "service-token"].iter().any(|of| scan.chosen("authentication", of))
}

fn jwt(scan: &Scan<'_>) -> bool {
    scan.chosen("authentication", "jwt")
}

fn sessions(scan: &Scan<'_>) -> bool {
    scan.chosen("authentication", "session")
}

fn certificates(scan: &Scan<'_>) -> bool {
    scan.chosen("authentication", "mtls") || !scan.remote().is_empty()
}

fn services(scan: &Scan<'_>) -> bool {
    !scan.remote().is_empty()
}

fn externals(scan: &Scan<'_>) -> bool {
    !scan.design.model.externals.is_empty()
}

fn hooks(scan: &Scan<'_>) -> bool {
    !scan.design.model.webhooks.is_empty()
}

fn outbound(scan: &Scan<'_>) -> bool {
    externals(scan) || hooks(scan)
}

fn files(scan: &Scan<'_>) -> bool {
    scan.has_files()
}

fn markdown(scan: &Scan<'_>) -> bool {
    scan.has_type(|ty| matches!(ty, Type::Text { format: TextFormat::Markdown, .. }))
}

fn graphql(scan: &Scan<'_>) -> bool {
    scan.chosen("paradigm", "graphql")
}

fn sockets(scan: &Scan<'_>) -> bool {
    scan.chosen("paradigm", "websocket")
}

fn tenants(scan: &Scan<'_>) -> bool {
    scan.design.model.system.tenancy.is_some()
}

fn personal(scan: &Scan<'_>) -> bool {
    !decide::encryption::of(scan.design).is_empty()
}

fn encrypted(scan: &Scan<'_>) -> bool {
    scan.chosen("encryption", "field") || scan.chosen("encryption", "vault")
}

fn caches(scan: &Scan<'_>) -> bool {
    ["http", "l1", "l2"].iter().any(|of| scan.chosen("cache", of))
}

fn scarce(scan: &Scan<'_>) -> bool {
    scan.design
        .model
        .entities
        .iter()
        .any(|of| !of.exclusive.is_empty() || !of.unique.is_empty() || !of.invariants.is_empty())
}

fn steps(scan: &Scan<'_>) -> bool {
    scan.design.model.entities.iter().any(|of| of.states.is_some())
        || !scan.design.model.flows.is_empty()
}

fn reauthenticated(scan: &Scan<'_>) -> bool {
    scan.design.model.operations.iter().any(|of| of.reauthenticate.is_some())
}

fn approved(scan: &Scan<'_>) -> bool {
    scan.design
        .model
        .flows
        .iter()
        .any(|flow| flow.steps.iter().any(|step| matches!(step.kind, StepKind::Wait { .. })))
}

fn long_work(scan: &Scan<'_>) -> bool {
    scan.design
        .model
        .operations
        .iter()
        .any(|of| of.asynchronous || of.batch.is_some() || of.kind == OperationKind::Stream)
}

macro_rules! rows {
    ($($id:literal $level:literal $by:ident $applies:ident $asks:literal, $how:literal;)*) => {
        const ROWS: &[Row] = &[$(Row {
            id: $id, level: $level, asks: $asks, by: By::$by, how: $how, applies: $applies,
        }),*];
    };
}

rows! {
    "1.2.3" 1 Runtime always "JSON is built so that data cannot change its structure", "one writer escapes every value";
    "1.2.4" 1 Runtime always "no text of a client becomes part of a query", "statements are prepared, values bound, names come from the model";
    "1.3.5" 2 Operator markdown "Markdown of users is made harmless where it is shown", "it is stored as written; whoever renders it sanitises the result";
    "1.3.6" 2 Decided hooks "no request to an address that a client chose, unless it is allowed", "private, loopback and link-local addresses are refused, redirects are not followed";
    "1.4.2" 2 Runtime always "numbers cannot overflow", "ranges of the model are proven or checked";
    "1.5.2" 2 Runtime always "data of clients is read into known shapes alone", "JSON is decoded against the operation's input; other properties are refused";
    "2.1.1" 1 Design served "the rules for each input are written down", "openapi/ has type, length and range of every property";
    "2.1.2" 2 Design scarce "rules over several values are written down", "invariants, unique and exclusive keys of the model";
    "2.1.3" 2 Design always "limits of the business are written down", "rates, sizes and conditions of the model";
    "2.2.1" 1 Runtime always "every input is held to an expected structure", "types and ranges, with all errors in one answer (422)";
    "2.2.2" 1 Runtime always "inputs are checked on the server", "before anything else looks at them";
    "2.2.3" 2 Runtime scarce "combinations of values are checked", "invariants are evaluated on every row that a transaction writes";
    "2.3.1" 1 Runtime steps "steps happen in their order", "a state is entered from the states before it alone (409)";
    "2.3.2" 2 Runtime always "limits of the business hold", "`require`, invariants and keys are part of the transaction";
    "2.3.3" 2 Runtime always "an operation happens whole or not at all", "one transaction, events and idempotency record included";
    "2.3.4" 2 Runtime scarce "what is scarce cannot be taken twice", "unique and exclusive keys in the database, rows locked in one order";
    "2.3.5" 3 Design approved "what is worth most needs a second person", "a flow waits for the other's event";
    "2.4.1" 2 Runtime always "nobody calls more than a person would", "rate limits for each principal and operation, and for each address at the sign-in";
    "4.1.1" 1 Runtime always "every answer says what it is, with its encoding", "`application/json` and `application/problem+json`, both UTF-8";
    "4.1.3" 2 Runtime always "headers of the edge cannot be set by clients", "headers of a proxy are believed from `--trusted-proxy` alone";
    "4.1.4" 3 Runtime always "methods that are not served are refused", "405 with `Allow`";
    "4.2.1" 2 Runtime always "where a message ends is not in doubt", "a strict HTTP parser: lengths that differ are refused, `Transfer-Encoding` counts beside a length";
    "4.3.1" 2 Runtime graphql "queries have a greatest depth and cost", "limits of depth and cost for each request; persisted queries with `--graphql-persisted-only`";
    "4.3.2" 2 Operator graphql "the schema cannot be asked for, unless it is public", "the schema is public here: `--graphql-persisted-only` where it must not be";
    "4.4.1" 1 Operator sockets "WebSockets use TLS", "TLS ends at the edge or in the process";
    "4.4.2" 2 Decided sockets "the origin of a WebSocket is checked", "against the allowed origins, at the handshake";
    "5.1.1" 2 Design files "types and sizes of files are written down", "the size stands in the field's type";
    "5.2.1" 1 Runtime files "files are no larger than can be borne", "the size of the field's type, refused while reading";
    "5.2.2" 1 Runtime files "a file is what it says it is", "its first bytes are compared with its declared type";
    "5.3.2" 1 Runtime files "names of files are ours", "files are kept under random names";
    "5.4.3" 2 Operator files "files are scanned", "before anybody else can fetch them";
    "6.1.1" 1 Design people "how guessing of passwords is stopped is written down", "limits for account and address, in the section on sign-in";
    "6.2.1" 1 Runtime people "passwords have at least 8 characters", "8, 12 from L2 on, and none of those that everybody tries; an identity provider of others has its own";
    "6.3.1" 1 Runtime people "guessing of passwords is stopped", "attempts wait after five failures for a login and fifty from an address";
    "6.3.3" 2 Runtime people "a second factor is asked for", "one-time codes and recovery codes where the assurance asks for them";
    "6.3.8" 3 Runtime people "nobody learns which accounts exist", "whoever is unknown is answered alike, and as slowly";
    "7.1.1" 2 Design sessions "times of inactivity and of an end are written down", "parameters of `authentication`";
    "7.2.2" 1 Runtime people "sessions rest on tokens that are made anew", "short signed tokens; no static secrets";
    "7.2.3" 1 Runtime sessions "tokens of sessions cannot be guessed", "256 random bits, kept as SHA-256";
    "7.3.1" 2 Runtime sessions "an idle session ends", "as `authentication` says";
    "7.3.2" 2 Runtime sessions "every session ends", "as `authentication` says";
    "7.4.2" 1 Decided sessions "sessions of a closed account end", "they are deleted with it";
    "7.5.3" 3 Runtime reauthenticated "what is worth most asks to sign in again", "`reauth` of the operation";
    "8.1.1" 1 Design served "who may do what, to which rows, is written down", "`by` of every operation, in openapi/ and index.html";
    "8.1.2" 2 Design always "who may read and write which fields is written down", "`fields` and `input` of every operation";
    "8.2.1" 1 Runtime always "functions are for those who are admitted", "denied unless `by` admits the actor";
    "8.2.2" 1 Runtime always "rows are for those who are admitted", "conditions are part of the statement; others' rows are 404";
    "8.2.3" 2 Runtime always "fields are for those who are admitted", "outputs and inputs are lists of names";
    "8.3.1" 1 Runtime always "the server decides", "in one place, before effects run";
    "8.3.2" 3 Runtime always "a change of rights counts at once", "conditions read rows at each request; roles live as long as a token";
    "8.4.1" 2 Runtime tenants "tenants cannot reach each other", "the tenant is part of every query and key, row-level security in the database";
    "9.1.1" 1 Runtime tokens "tokens are signed, and signatures checked", "Ed25519";
    "9.1.2" 1 Runtime tokens "algorithms are on a list without `none`", "one algorithm";
    "9.1.3" 1 Runtime tokens "keys come from configured places", "the issuer's own; headers that name keys are ignored";
    "9.2.1" 1 Runtime tokens "tokens end", "`exp` and `nbf`";
    "9.2.3" 2 Runtime tokens "tokens are for this service", "`aud`";
    "10.3.3" 2 Runtime tokens "people are known by what is never given to another", "issuer and subject";
    "10.4.5" 1 Runtime jwt "stolen refresh tokens are noticed", "rotation; the second use revokes the family";
    "10.4.6" 2 Runtime jwt "codes cannot be intercepted", "PKCE with S256";
    "10.4.8" 2 Runtime jwt "refresh tokens end", "after the days that `authentication` says";
    "11.1.2" 2 Design encrypted "keys and what they protect are listed", "the table of what is worth protecting, and `encryption`";
    "11.2.1" 2 Runtime always "cryptography comes from proven libraries", "rustls and ring";
    "11.3.2" 1 Runtime encrypted "ciphers are approved ones", "AES-256-GCM";
    "11.4.2" 2 Runtime people "passwords are kept by a slow hash", "Argon2id with the parameters of `password-hash`";
    "12.1.1" 1 Operator always "TLS 1.2 or 1.3 alone", "where TLS ends";
    "12.1.3" 2 Runtime certificates "certificates of clients are verified", "chain, validity and name";
    "12.2.1" 1 Operator always "clients are served over TLS alone", "where TLS ends";
    "12.3.1" 2 Operator always "every connection is encrypted, inside as well", "URLs of stores, brokers and externals with TLS";
    "12.3.2" 2 Runtime outbound "certificates of others are verified", "rustls with the system's roots";
    "12.3.5" 3 Decided services "services prove themselves to each other", "mutual TLS or short signed tokens";
    "13.1.1" 2 Design outbound "everything that is talked to is listed", "boundaries above, diagrams/containers.mmd";
    "13.1.2" 3 Design always "connections have limits, and it is known what happens at them", "capacity.md and resilience.md";
    "13.1.3" 3 Design outbound "timeouts, attempts and waits are written down", "resilience.md";
    "13.2.1" 2 Decided services "parts of the backend prove themselves with short-lived credentials", "mutual TLS or short signed tokens";
    "13.2.2" 2 Runtime always "parts of the backend have the rights that they need", "the server works as a role that may neither change tables nor pass policies; one for each deployable";
    "13.2.4" 2 Design outbound "what may be called is on a list", "externals of the model; the network policy follows from it";
    "13.3.1" 2 Operator always "secrets are kept in a vault, never in source or image", "variables of the environment, filled from a vault";
    "13.4.2" 2 Runtime always "there is no debug mode", "none exists";
    "13.4.5" 2 Operator always "inner pages are not exposed", "`/metrics` is for the inner network alone";
    "14.1.1" 2 Design personal "what is sensitive is known", "the table of what is worth protecting";
    "14.1.2" 2 Design personal "what each kind asks for is written down", "`encryption`, `retention` and `cache` for each";
    "14.2.1" 1 Runtime always "nothing sensitive stands in addresses", "tokens are taken from the header alone";
    "14.2.2" 2 Runtime caches "nothing sensitive is cached on the way", "no shared cache of what depends on the caller or is personal";
    "14.2.6" 3 Runtime personal "no more is returned than is needed", "outputs are lists of names; `secret` is never returned";
    "14.2.7" 3 Runtime personal "personal data goes when its time has come", "`retention` of each entity";
    "14.3.2" 2 Runtime always "browsers do not keep sensitive answers", "`Cache-Control: no-store` on answers to known callers";
    "15.1.3" 2 Design long_work "what takes long is known", "streams, batches and asynchronous operations in capacity.md";
    "15.2.2" 2 Runtime always "what takes long cannot take everything", "deadlines, bounded queues, one writer, bounded background work";
    "15.3.1" 1 Runtime always "no more is returned than the operation says", "`fields` of each operation";
    "15.3.2" 2 Runtime outbound "redirects are not followed", "calls end where they were sent";
    "15.3.3" 2 Runtime always "clients cannot set what is not theirs", "unknown, `readonly` and `internal` properties are refused (422)";
    "15.3.7" 2 Runtime always "a parameter means one thing", "repeated and unknown parameters are refused";
    "15.4.2" 3 Runtime always "what was checked still holds when it is done", "checks and effects are one transaction";
    "16.1.1" 2 Design always "what is logged is written down", "docs of `firm up` and slo/";
    "16.2.1" 2 Runtime always "a line of the log says when, where, who and what", "time, operation, subject, trace, status, duration";
    "16.2.2" 2 Runtime always "times are in UTC", "RFC 3339";
    "16.2.5" 2 Runtime always "nothing secret is logged", "bodies and tokens never are";
    "16.3.1" 2 Runtime people "attempts to sign in are logged", "`--audit-log` writes each attempt and decision";
    "16.3.2" 2 Runtime always "refusals are logged", "`--audit-log`, with the operation and the subject";
    "16.4.1" 2 Runtime always "data cannot forge lines of the log", "lines are JSON, values escaped";
    "16.4.3" 2 Operator always "logs leave the machine", "standard output, collected elsewhere";
    "16.5.1" 2 Runtime always "errors say nothing about the inside", "code and title alone";
    "16.5.2" 2 Runtime externals "it goes on without what it depends on", "breakers, fallbacks and durable calls of `resilience`";
    "16.5.3" 2 Runtime always "an error refuses", "a condition that cannot be evaluated denies";
    "16.5.4" 3 Runtime always "nothing unforeseen ends the process", "a panic ends its request alone";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_order_and_differ() {
        let number = |id: &str| -> Vec<u32> {
            id.split('.').map(|part| part.parse().unwrap_or_default()).collect()
        };
        for pair in ROWS.windows(2) {
            assert!(number(pair[0].id) < number(pair[1].id), "{} {}", pair[0].id, pair[1].id);
        }
        assert!(ROWS.iter().all(|row| (1..=3).contains(&row.level)));
    }
}
