//! Contradictions as diagnostics: what was seen, where the model asks for it, what would mend it.

use base::{Diagnostic, Provenance, Span};
use decide::{Design, decided, facts};
use model::model::OperationId;

use super::{Contradiction, What};
use crate::design::{OperationAnswer, Promise};
use crate::experiment::QUANTILES;
use crate::output::format::{digits, share, time, with_interval};

/// Names that are told of those that suffer as well.
const OTHERS: usize = 5;

/// All of them as diagnostics.
#[must_use]
pub fn diagnostics(design: &Design, all: &[Contradiction]) -> Vec<Diagnostic> {
    all.iter().map(|of| diagnostic(design, of)).collect()
}

/// One of them as a diagnostic, where the model states what is contradicted.
#[must_use]
pub fn diagnostic(design: &Design, of: &Contradiction) -> Diagnostic {
    let name = of.subjects.first().map_or("", String::as_str);
    let subject = subject(design, name);
    let message = match of.what {
        What::Overloaded => of.seen.clone(),
        What::Retries => "retries keep the system down after the trigger is gone".to_owned(),
        _ => format!("the simulation contradicts a promise of `{name}`"),
    };
    let mut found = Diagnostic::warning(of.what.id(), subject.span, message);
    if !matches!(of.what, What::Overloaded) {
        found = found.label(of.seen.clone());
    }
    if let Some(span) = subject.promise {
        found = found.related(span, "what is promised");
    }
    let others: Vec<String> = of.subjects.iter().skip(1).map(|name| format!("`{name}`")).collect();
    if !others.is_empty() {
        let more = others.len().saturating_sub(OTHERS);
        let and = if more > 0 { format!(" and {more} more") } else { String::new() };
        let shown = others.into_iter().take(OTHERS).collect::<Vec<_>>().join(", ");
        found = found.note(format!("so it is with {shown}{and}"));
    }
    let times = match of.trials {
        1 => "once".to_owned(),
        many => format!("{many} times"),
    };
    let mut trials = format!("found by simulating {times} with the same random numbers");
    if of.cut && of.mended.is_empty() {
        trials =
            format!("the search for a number that mends it was ended after simulating {times}");
        return found.note(trials);
    }
    if of.mended.is_empty() {
        let objective = match of.what {
            What::Overloaded => "",
            _ => ", and an objective of up to 64 times",
        };
        let note = format!(
            "no number that was tried mends it: up to eight times the busiest machines{objective}"
        );
        return found.note(note).note(trials);
    }
    if of.cut {
        trials.push_str("; the search was ended there, and less may do");
    }
    let then: Vec<&str> = of.mended.iter().map(|raised| raised.then.as_str()).collect();
    let now: Vec<&str> = of.mended.iter().map(|raised| raised.now.as_str()).collect();
    found.note(trials).help(format!(
        "it holds with {} (now {})",
        then.join(" and "),
        now.join(" and ")
    ))
}

struct Subject {
    span: Span,
    promise: Option<Span>,
}

/// Where an operation or flow stands in the model.
fn subject(design: &Design, name: &str) -> Subject {
    let model = design.facts();
    let given = |provenance: &Provenance| provenance.span();
    if let Some(flow) = name.strip_prefix("flow ")
        && let Some(flow) = design.model.flows.iter().find(|of| of.name.value == flow)
    {
        let promise = flow.latency.as_ref().and_then(|of| given(&of.provenance));
        return Subject { span: flow.name.span, promise };
    }
    let names = decided::operation_names(model);
    let id = names.iter().zip(0u32..).find(|(known, _)| *known == name);
    let id = id.map_or(OperationId(0), |(_, id)| OperationId(id));
    match design.model.operations.get(id.0 as usize) {
        Some(operation) => Subject {
            span: operation.name.span,
            promise: given(&facts::objective(model, operation).provenance),
        },
        None => Subject { span: Span::default(), promise: None },
    }
}

/// What is broken of an operation: `p95 340ms ±1.2%, promised 100ms`.
pub(super) fn broken(of: &OperationAnswer) -> String {
    let mut words = Vec::new();
    for (wanted, bound, promise) in &of.latency {
        let at = QUANTILES.iter().position(|share| (share - wanted).abs() < 1e-9);
        let quantile = at.and_then(|at| of.quantiles.get(at).copied().flatten());
        if let Some(seen) = quantile.filter(|_| *promise == Promise::Broken) {
            let name = format!("{}", wanted * 100.0).replace('.', "");
            let seen = with_interval(&seen, time);
            words.push(format!("p{name} {seen}, promised {}", time(*bound)));
        }
    }
    if of.availability.1 == Promise::Broken {
        let why = of
            .failures
            .first()
            .map_or(String::new(), |(why, of)| format!(", mostly {} ({})", why.name(), share(*of)));
        let promised = facts::percent(of.availability.0);
        words.push(format!("{} fail{why}, promised {promised}", share(of.failed.value)));
    }
    words.join("; ")
}

/// More comes than is served.
pub(super) fn overloaded(rate: Option<f64>, bottleneck: &str) -> String {
    let more = rate.map_or(String::new(), |rate| {
        format!(": {} more requests are in progress with every second", digits(rate))
    });
    match bottleneck {
        "" => format!("more comes than is served{more}"),
        full => format!("{full} cannot keep up{more}"),
    }
}
