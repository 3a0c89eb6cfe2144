//! OWASP API Security Top 10, 2023: where this design meets each.

use expression::{Type, types::TextFormat};
use model::model::{Addressed, OperationKind};

use super::scan::Scan;
use crate::markdown::{Markdown, some};

/// The section.
pub fn write(scan: &Scan<'_>, page: &mut Markdown) {
    page.section("OWASP API Security Top 10 (2023)");
    let rows =
        ROWS.iter().map(|(id, title, met)| vec![(*id).to_owned(), (*title).to_owned(), met(scan)]);
    page.table(&["id", "risk", "where it is met"], rows, "");
}

type Row = (&'static str, &'static str, fn(&Scan<'_>) -> String);

const ROWS: [Row; 10] = [
    ("API1", "Broken object level authorisation", objects),
    ("API2", "Broken authentication", authentication),
    ("API3", "Broken object property level authorisation", properties),
    ("API4", "Unrestricted resource consumption", resources),
    ("API5", "Broken function level authorisation", functions),
    ("API6", "Unrestricted access to sensitive business flows", flows),
    ("API7", "Server side request forgery", requests),
    ("API8", "Security misconfiguration", configuration),
    ("API9", "Improper inventory management", inventory),
    ("API10", "Unsafe consumption of APIs", consumption),
];

fn objects(scan: &Scan<'_>) -> String {
    let single = scan.which(|of| of.addressed != Addressed::Collection);
    let wide = scan.unconditional();
    let rest = if wide.is_empty() {
        "each with a condition on the row for every actor".to_owned()
    } else {
        format!("without a condition for some actor (reviewed as such): {}", some(&wide))
    };
    format!(
        "{} operations address one row; `by` is evaluated on that row in the statement that reads \
         it, {rest}. Ids are random (UUID version 7), and a reference is accepted only to a row \
         that the caller may see.",
        single.len()
    )
}

fn authentication(scan: &Scan<'_>) -> String {
    let mut how: Vec<String> = scan
        .design
        .verdicts
        .iter()
        .filter(|of| of.family == "authentication")
        .map(|of| format!("`{}`: {}", of.subject, of.choice))
        .collect();
    how.sort();
    format!("{}. Details below.", how.join("; "))
}

fn properties(scan: &Scan<'_>) -> String {
    let narrow = scan.which(|of| {
        of.entity().is_some_and(|id| of.fields.len() < scan.design.model.entity(id).fields.len())
    });
    let partial = scan.which(|of| {
        matches!(of.kind, OperationKind::Create | OperationKind::Update)
            && !of.input.parameters.is_empty()
    });
    format!(
        "{} operations return fewer properties than the row has; {} take a list of inputs by name, \
         and anything else is refused (422).",
        narrow.len(),
        partial.len()
    )
}

fn resources(scan: &Scan<'_>) -> String {
    let lists = scan.which(|of| of.kind == OperationKind::List);
    let batches = scan.which(|of| of.batch.is_some());
    let mut said = format!("{} lists are paged (at most 1,000 rows)", lists.len());
    if !batches.is_empty() {
        said += &format!("; batches are bounded: {}", some(&batches));
    }
    if scan.has_files() {
        said += "; files have a largest size";
    }
    let limits = scan.design.verdicts.iter().filter(|of| of.family == "rate-limit").count();
    format!("{said}; every text and list has a greatest length; rate limits: {limits} decisions.")
}

fn functions(scan: &Scan<'_>) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for of in scan.design.verdicts.iter().filter(|of| of.family == "authorisation") {
        match kinds.iter_mut().find(|(choice, _)| *choice == of.choice) {
            Some((_, count)) => *count += 1,
            None => kinds.push((of.choice, 1)),
        }
    }
    let kinds: Vec<String> =
        kinds.iter().map(|(choice, count)| format!("{count} by {choice}")).collect();
    format!(
        "Every operation names its actors; none is admitted otherwise: {}. {} operations have no \
         route.",
        kinds.join(", "),
        scan.inner.len()
    )
}

fn flows(scan: &Scan<'_>) -> String {
    let critical = scan.which(|of| of.workload.critical);
    let again = scan.which(|of| of.reauthenticate.is_some());
    let mut said = if critical.is_empty() {
        "The model calls no operation critical".to_owned()
    } else {
        format!("Critical: {}", some(&critical))
    };
    if !again.is_empty() {
        said += &format!("; these ask to sign in again: {}", some(&again));
    }
    let open = scan.anonymous(true);
    if !open.is_empty() {
        said += &format!("; **everyone may call** {}", some(&open));
    }
    said + ". Idempotency keys keep a repeated request from being done twice; limits per principal \
            keep one caller from taking everything."
}

fn requests(scan: &Scan<'_>) -> String {
    let urls = scan.has_type(|ty| matches!(ty, Type::Text { format: TextFormat::Url, .. }));
    let hooks = scan.design.model.webhooks.len();
    if hooks > 0 {
        return format!(
            "{hooks} webhooks call addresses of subscribers: private, loopback and link-local \
             addresses are refused when connecting, redirects are not followed."
        );
    }
    if urls {
        return "URLs are stored, and nothing calls them: there are no webhooks.".to_owned();
    }
    "No address of a client is ever called: there are neither URLs nor webhooks.".to_owned()
}

fn configuration(scan: &Scan<'_>) -> String {
    let how = scan.verdict("deployment", "system").map_or("one process", |of| of.choice);
    format!(
        "Deployed as {how}. Answers carry `X-Content-Type-Options: nosniff` and, where they depend \
         on the caller, `Cache-Control: no-store`; errors say no more than their code and title; \
         there is no debug mode. TLS ends at the edge or in the process."
    )
}

fn inventory(scan: &Scan<'_>) -> String {
    let contexts =
        scan.design.routes.iter().flatten().map(|of| scan.operation(of.operation).context);
    let contexts: std::collections::BTreeSet<_> = contexts.collect();
    format!(
        "{} public operations in {} APIs, each with a contract and a major version in its path; \
         what is not in a contract is not served.",
        scan.public.len(),
        contexts.len()
    )
}

fn consumption(scan: &Scan<'_>) -> String {
    let externals = scan.externals();
    if externals.is_empty() {
        return "No API of others is called.".to_owned();
    }
    format!(
        "{}: answers are held to the declared types, calls have timeouts, bulkheads and a bounded \
         number of attempts; see resilience.md.",
        some(&externals)
    )
}
