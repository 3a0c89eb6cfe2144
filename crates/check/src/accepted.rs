//! What a model accepts and decides itself, and for how long.

use base::{Diagnostic, Spanned, did_you_mean};
use model::{
    Model,
    model::{Acceptance, Override},
};

use crate::checks::ALL;

/// The findings that are left after what the model accepts, with what is wrong about accepting:
/// findings that do not exist, that nothing makes any more, or whose day has passed.
pub fn settle(findings: Vec<Diagnostic>, model: &Model, today: Option<&str>) -> Vec<Diagnostic> {
    let holds = |acceptance: &&Acceptance| !passed(acceptance.until.as_ref(), today);
    let accepted = |finding: &Diagnostic| {
        let mut acceptances = model.accepted.iter().filter(holds);
        acceptances.any(|acceptance| finding.accept_as.as_ref() == Some(&acceptance.id.value))
    };
    let own = model.accepted.iter().filter_map(|of| problem(of, &findings, today));
    let decisions = model.overrides.iter().filter_map(|of| expired_decision(of, today));
    let mut all: Vec<Diagnostic> = own.chain(decisions).collect();
    all.extend(findings.into_iter().filter(|finding| !accepted(finding)));
    all
}

/// Whether the last day of something lies before today. Both are written as `2026-12-31`, so that
/// their order is that of their texts.
fn passed(until: Option<&Spanned<String>>, today: Option<&str>) -> bool {
    until.zip(today).is_some_and(|(until, today)| until.value.as_str() < today)
}

fn problem(
    acceptance: &Acceptance,
    findings: &[Diagnostic],
    today: Option<&str>,
) -> Option<Diagnostic> {
    let key = acceptance.id.value.as_str();
    let id = key.split_once('@').map_or(key, |(id, _)| id);
    if !ALL.iter().any(|check| check.id == id) {
        return Some(unknown(acceptance, id));
    }
    let Some(finding) = findings.iter().find(|of| of.accept_as.as_deref() == Some(key)) else {
        return Some(unused(acceptance, id, findings));
    };
    let until = acceptance.until.as_ref().filter(|until| passed(Some(until), today))?;
    let message = format!("`{key}` was accepted until {until}");
    let because = acceptance.because.as_str();
    Some(
        Diagnostic::warning("acceptance-expired", until.span, message)
            .label("has passed")
            .related(finding.primary.span, "reported again")
            .note(format!("the reason was: {because}"))
            .help("settle it, or look at the reason again and give it a new day"),
    )
}

fn unknown(acceptance: &Acceptance, id: &str) -> Diagnostic {
    let key = acceptance.id.value.as_str();
    let message = format!("there is no finding `{id}` that a model could accept");
    let diagnostic =
        Diagnostic::error("unknown-finding", acceptance.id.span, message).label("accepts nothing");
    match did_you_mean(id, ALL.iter().map(|check| check.id)) {
        Some(nearest) => diagnostic.suggest(Some(&key.replacen(id, nearest, 1))),
        None => diagnostic.help(
            "write the id of a finding, `@` and what it is about, as `firm check --json` gives it in `accept`",
        ),
    }
}

fn unused(acceptance: &Acceptance, id: &str, findings: &[Diagnostic]) -> Diagnostic {
    let key = acceptance.id.value.as_str();
    let message = format!("nothing is found that `{key}` accepts");
    let same = findings.iter().filter(|of| of.id == id).filter_map(|of| of.accept_as.as_deref());
    let diagnostic = Diagnostic::warning("acceptance-unused", acceptance.id.span, message)
        .label("accepts nothing");
    match did_you_mean(key, same) {
        Some(nearest) => diagnostic.suggest(Some(nearest)),
        None => diagnostic
            .note("left in place, it would hide the finding should it come back for another reason")
            .help("remove it"),
    }
}

fn expired_decision(own: &Override, today: Option<&str>) -> Option<Diagnostic> {
    let until = own.until.as_ref().filter(|until| passed(Some(until), today))?;
    let message = format!("`{}: {}` was decided until {until}", own.id, own.choose);
    Some(
        Diagnostic::warning("decision-expired", until.span, message)
            .label("has passed")
            .related(own.id.span, "still obeyed")
            .note(format!("the reason was: {}", own.because))
            .help(format!(
                "remove it and see what the rules say (`firm explain {}`), or give it a new day",
                own.id
            )),
    )
}
