//! Every code that the contract states and that no other case is about.

use std::collections::BTreeSet;

use model::model::{Effect, EffectKind};

use super::endpoint::{Case, Endpoint, Kind};
use crate::openapi::problems;

/// One case for each code that none of the others expects.
pub fn cases(endpoint: &Endpoint<'_>, others: &[Case]) -> Vec<Case> {
    let expected: BTreeSet<(u16, &str)> =
        others.iter().filter_map(|case| Some((case.status, case.code.as_deref()?))).collect();
    let actor = endpoint.admitted().first().map(|(name, _)| *name);
    let mut all = Vec::new();
    for (status, codes) in problems::codes(endpoint.design, endpoint.operation, endpoint.route) {
        for code in codes.iter().filter(|code| !expected.contains(&(status, code.as_str()))) {
            let mut case = case(endpoint, status, code);
            if let Some(actor) = actor {
                case = case.by(actor);
            }
            all.push(case.refused(code));
        }
    }
    all
}

fn case(endpoint: &Endpoint<'_>, status: u16, code: &str) -> Case {
    let general = |given: &str| Case::new(Kind::Error, code, given, status);
    let faulty = |given: &str| {
        let mut case = general(given);
        case.not_run = Some("needs a fault that a request cannot bring about".to_owned());
        case
    };
    match code {
        "malformed-request" => general("`Authorization` given twice"),
        "malformed-json" => general("a body that ends in the middle"),
        "duplicate-property" => general("a body that names a property twice"),
        "not-found" => general("an id that no row has; a text that is no id"),
        "not-acceptable" => general("`Accept: text/html`"),
        "payload-too-large" => general("a body of 2 MiB"),
        "uri-too-long" => general("a query of 20 kB"),
        "headers-too-large" => general("a header of 40 kB"),
        "unsupported-media-type" => general("`Content-Type: text/plain`"),
        "request-timeout" => general("a body of which the second half never comes"),
        "still-referenced" => general("a row that another one refers to"),
        "invalid-state" => general("a row in a state from which this is not allowed"),
        "rate-limited" => faulty("more requests than the caller may make"),
        "overloaded" => faulty("more requests at once than the server takes on"),
        "unavailable" => faulty("a store that does not answer"),
        "timed-out" => faulty("a store that is slower than the timeout of the operation"),
        "internal" => faulty("a defect"),
        "conflict" => faulty("another transaction that changed the same rows meanwhile"),
        "in-progress" => faulty("a call about the row that is still under way"),
        "currency-mismatch" => faulty("amounts of two currencies where an effect adds them"),
        "forbidden" => faulty("input for which no condition of an actor holds"),
        "validation-failed" => general("a body that is a list"),
        "evaluation-failed" => faulty("values on which a condition cannot be evaluated"),
        _ => own(endpoint, status, code),
    }
}

/// A code of the model's own: what it stands for says what must be there.
fn own(endpoint: &Endpoint<'_>, status: u16, code: &str) -> Case {
    let entity = endpoint.operation.entity().map(|entity| endpoint.design.model.entity(entity));
    let unique = entity.and_then(|of| of.unique.iter().find(|key| key.code.value == code));
    let name = |at: &expression::FieldIndex| {
        entity.map(|of| format!("`{}`", of.field(*at).name)).unwrap_or_default()
    };
    if let Some(key) = unique {
        let fields: Vec<String> = key.fields.iter().map(name).collect();
        let given = format!("a row that has the same {} already", fields.join(" and "));
        return Case::new(Kind::Error, code, given, status);
    }
    if let Some(key) = entity.and_then(|of| of.exclusive.iter().find(|key| key.code.value == code))
    {
        let same: Vec<String> = key.same.iter().map(name).collect();
        let (from, to) = (name(&key.overlap.0), name(&key.overlap.1));
        let given = format!(
            "a row with the same {} whose time from {from} to {to} overlaps",
            same.join(" and ")
        );
        return Case::new(Kind::Error, code, given, status).asserts(format!(
            "a row that starts when the other ends is admitted with {}",
            endpoint.route.success
        ));
    }
    let invariant = entity.and_then(|of| of.invariants.iter().find(|of| of.code.value == code));
    let other = || {
        let found = decide::dependents::of(&endpoint.design.model, endpoint.operation);
        found.into_iter().map(|(_, of)| of).find(|of| of.code.value == code)
    };
    let condition = invariant
        .or_else(other)
        .map(|of| of.condition.span)
        .or_else(|| required(&endpoint.operation.effects, code));
    let (given, because) = match condition {
        Some(span) => (
            format!("rows and input for which `{}` does not hold", endpoint.text(span)),
            "needs rows for which a condition of the model fails",
        ),
        None => ("a call that is refused".to_owned(), "needs an external system that refuses"),
    };
    let mut case = Case::new(Kind::Error, code, given, status)
        .asserts("nothing of it is stored, and no event is sent");
    case.not_run = Some(because.to_owned());
    case
}

fn required(effects: &[Effect], code: &str) -> Option<base::Span> {
    effects.iter().find_map(|effect| match &effect.kind {
        EffectKind::Require { condition, otherwise } if otherwise.value == code => {
            Some(condition.span)
        }
        _ => None,
    })
}
