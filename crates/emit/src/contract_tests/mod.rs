//! The tests that each public endpoint has to pass: `contract-tests.json` for a runner, which fills
//! in what came out, and `contract-tests.md` for people. Every case follows from the contract: who
//! is admitted, which codes are answered, which values are refused, what repeats, what pages.

mod access;
mod edges;
mod endpoint;
mod errors;
mod markdown;
mod repeats;

use serde_json::{Value, json};

use crate::{Artifact, Emitter, Input};
use endpoint::{Case, Endpoint};

/// `contract-tests.json`, `contract-tests.md`.
pub static EMITTER: Emitter = Emitter { id: "contract_tests", run: artifacts };

fn artifacts(input: &Input<'_>) -> Vec<Artifact> {
    let all = all(input);
    if all.is_empty() {
        return Vec::new();
    }
    let json = serde_json::to_string_pretty(&document(&all)).unwrap_or_default() + "\n";
    let markdown = markdown::document(input.design, &all);
    [("contract-tests.json", json), ("contract-tests.md", markdown)]
        .map(|(path, contents)| Artifact { path: path.to_owned(), contents })
        .into()
}

/// Every public endpoint with its cases, by path and method.
fn all<'d>(input: &Input<'d>) -> Vec<(Endpoint<'d>, Vec<Case>)> {
    let mut endpoints = Endpoint::all(input);
    endpoints.sort_by(|a, b| {
        (&a.route.segments, a.route.method).cmp(&(&b.route.segments, b.route.method))
    });
    let with_cases = |endpoint: Endpoint<'d>| {
        let mut cases = access::cases(&endpoint);
        cases.extend(edges::cases(&endpoint));
        cases.extend(repeats::cases(&endpoint));
        cases.extend(errors::cases(&endpoint, &cases));
        cases.sort_by_key(|case| case.kind);
        if let Some(why) = endpoint.route.not_served {
            cases.iter_mut().for_each(|case| case.not_run = Some(why.to_owned()));
        }
        (endpoint, cases)
    };
    endpoints.into_iter().map(with_cases).collect()
}

fn document(all: &[(Endpoint<'_>, Vec<Case>)]) -> Value {
    let cases: Vec<&Case> = all.iter().flat_map(|(_, cases)| cases).collect();
    let waiting = cases.iter().filter(|case| case.not_run.is_some()).count();
    let endpoints: Vec<Value> = all
        .iter()
        .map(|(endpoint, cases)| {
            json!({
                "operation": endpoint.name,
                "method": endpoint.route.method.name(),
                "path": endpoint.route.path(),
                "cases": cases.iter().map(|case| case.json(&endpoint.name)).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "version": 1,
        "statuses": {
            "generated": "complete: a runner can make the request and judge the answer",
            "not-run": "needs what a request alone cannot bring about, see `because`",
        },
        "summary": {
            "endpoints": all.len(),
            "cases": cases.len(),
            "generated": cases.len() - waiting,
            "not-run": waiting,
        },
        "endpoints": endpoints,
    })
}
