//! The list for people.

use std::fmt::Write as _;

use decide::Design;

use super::endpoint::{Case, Endpoint, Kind};
use crate::markdown::cell;

/// A table of all endpoints, and one of each.
pub fn document(design: &Design, all: &[(Endpoint<'_>, Vec<Case>)]) -> String {
    let cases: usize = all.iter().map(|(_, cases)| cases.len()).sum();
    let waiting =
        all.iter().flat_map(|(_, cases)| cases).filter(|case| case.not_run.is_some()).count();
    let mut out = format!(
        "# Contract tests of {}\n\n\
         {} endpoints, {cases} cases: {} are generated (complete, a runner can make the request and \
         judge the answer), {waiting} are not run (they need what a request alone cannot bring \
         about, which their row says). `contract-tests.json` holds the same for the runner, which \
         replaces the status with what came out. Each case follows from the contract in `openapi/`; \
         nothing here is written by hand.\n\n",
        cell(&design.model.system.name),
        all.len(),
        cases - waiting,
    );
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    writeln!(out, "| endpoint | {} | not run |", kinds.join(" | ")).ok();
    writeln!(out, "|---|{}---:|", "---:|".repeat(kinds.len())).ok();
    for (endpoint, cases) in all {
        let count =
            |kind: &Kind| cases.iter().filter(|case| case.kind == *kind).count().to_string();
        let counts: Vec<String> = Kind::ALL.iter().map(count).collect();
        let waiting = cases.iter().filter(|case| case.not_run.is_some()).count();
        writeln!(out, "| {} | {} | {waiting} |", title(endpoint), counts.join(" | ")).ok();
    }
    for (endpoint, cases) in all {
        out += &section(endpoint, cases);
    }
    out
}

fn title(endpoint: &Endpoint<'_>) -> String {
    format!("`{} {}`", endpoint.route.method.name(), endpoint.route.path())
}

fn section(endpoint: &Endpoint<'_>, cases: &[Case]) -> String {
    let mut out = format!("\n## {}\n\n`{}`", title(endpoint), endpoint.name);
    if let Some(why) = endpoint.route.not_served {
        write!(out, ": {}", why.trim_end_matches('.')).ok();
    }
    out += ".\n\n| case | asked by | given | expected | status |\n|---|---|---|---|---|\n";
    for case in cases {
        let actor =
            case.actor.as_deref().map_or_else(|| "nobody".to_owned(), |actor| format!("`{actor}`"));
        let mut expected = case.status.to_string();
        if let Some(code) = &case.code {
            write!(expected, " `{code}`").ok();
        }
        if !case.asserts.is_empty() {
            write!(expected, "; {}", case.asserts.join("; ")).ok();
        }
        let status = match &case.not_run {
            Some(why) => format!("not-run: {}", why.trim_end_matches('.')),
            None => "generated".to_owned(),
        };
        let cells =
            [case.id(), actor, case.given.clone(), expected, status].map(|text| cell(&text));
        writeln!(out, "| {} |", cells.join(" | ")).ok();
    }
    out
}
