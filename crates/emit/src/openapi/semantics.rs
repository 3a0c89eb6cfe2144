//! How long a request may take, when it may be repeated, how often, and who is asked for what: on
//! every operation, for people in its description and for programs in `x-semantics`.

use std::collections::BTreeMap;

use decide::{
    Design, budget,
    design::{Route, Verdict},
    facts,
    subjects::Names,
};
use model::model::{ActorId, Operation, OperationKind};
use serde_json::{Map, Value, json};

/// The verdicts of a design, to be found by family and subject.
#[derive(Debug)]
pub struct Decided<'d> {
    design: &'d Design,
    subjects: Names,
    verdicts: BTreeMap<(&'d str, &'d str), &'d Verdict>,
}

impl<'d> Decided<'d> {
    /// Of a design.
    pub fn of(design: &'d Design) -> Self {
        let by_name = |of: &'d Verdict| ((of.family, of.subject.as_str()), of);
        let verdicts = design.verdicts.iter().map(by_name).collect();
        Self { design, subjects: Names::of(&design.model), verdicts }
    }

    fn find(&self, family: &str, subject: &str) -> Option<&'d Verdict> {
        self.verdicts.get(&(family, subject)).copied()
    }
}

/// For programs.
pub fn extension(decided: &Decided<'_>, operation: &Operation, route: &Route) -> Value {
    let design = decided.design;
    let model = design.facts();
    let mut value = json!({
        "timeout": seconds(design, operation),
        "objective": facts::percentiles(&facts::objective(model, operation).value),
        "availability": facts::percent(facts::availability(model, operation).value.0),
        "retry": retry(operation, route).0,
        "authentication": authentication(decided, route),
    });
    if let Some(verdict) =
        decided.find("authorisation", decided.subjects.operation(route.operation))
    {
        value["authorisation"] = verdict.choice.into();
    }
    let limits = rate_limits(decided, operation, route);
    if !limits.is_empty() {
        value["rate-limit"] = Value::Object(limits);
    }
    value
}

/// For people.
pub fn sentences(design: &Design, operation: &Operation, route: &Route) -> String {
    let timeout = seconds(design, operation);
    let retry = retry(operation, route).1;
    format!("Given up after {timeout} with 504. {retry}")
}

/// After which the server gives up.
fn seconds(design: &Design, operation: &Operation) -> String {
    facts::seconds(budget::served_deadline(design, operation))
}

/// Whether a request may be sent again when no answer came, or one that says to wait.
fn retry(operation: &Operation, route: &Route) -> (&'static str, &'static str) {
    if route.idempotency_key {
        return (
            "same-key",
            "Without an answer, or after 429, 503 and 504, it may be sent again with the same \
             `Idempotency-Key`: it is done once.",
        );
    }
    match operation.kind {
        OperationKind::Update | OperationKind::Delete if route.if_match => (
            "same-version",
            "Without an answer, or after 429, 503 and 504, it may be sent again with the same \
             `If-Match`: 412 then means that it was done, or that somebody else was faster.",
        ),
        _ => ("safe", "Without an answer, or after 429, 503 and 504, it may be sent again."),
    }
}

fn authentication(decided: &Decided<'_>, route: &Route) -> Value {
    let mut all = Map::new();
    for actor in &route.actors {
        let name = &decided.design.model.actor(*actor).name.value;
        let choice = decided.find("authentication", name).map_or("none", |of| of.choice);
        all.insert(name.clone(), choice.into());
    }
    all.sort_keys();
    Value::Object(all)
}

/// What was decided about how often each actor may ask. Whether it is enforced already is said too.
fn rate_limits(decided: &Decided<'_>, operation: &Operation, route: &Route) -> Map<String, Value> {
    let mut all = Map::new();
    for actor in &route.actors {
        if let Some(verdict) = rate_limit(decided, operation, *actor) {
            let details = verdict.parameters.iter();
            let details = details.map(|(name, value)| (name.clone(), value.as_str().into()));
            let limit = json!({
                "kind": verdict.choice,
                "enforced": verdict.runnable,
                "parameters": Value::Object(details.collect()),
            });
            all.insert(decided.design.model.actor(*actor).name.value.clone(), limit);
        }
    }
    all.sort_keys();
    all
}

fn rate_limit<'d>(
    decided: &Decided<'d>,
    operation: &Operation,
    actor: ActorId,
) -> Option<&'d Verdict> {
    let model = &decided.design.model;
    let context = &model.context(operation.context).name;
    decided.find("rate-limit", &format!("{}->{context}", model.actor(actor).name))
}

/// Whether the server tells callers how much of a limit is left.
pub fn tells_limits(decided: &Decided<'_>, operation: &Operation, route: &Route) -> bool {
    let told = |actor: &ActorId| {
        let verdict = rate_limit(decided, operation, *actor);
        verdict.is_some_and(|verdict| verdict.choice != "none" && verdict.runnable)
    };
    route.actors.iter().any(told)
}
