//! What this version does not do: guards that a model asks for and that would silently be missing
//! stop the start; what merely does not run yet is listed.

use std::collections::BTreeSet;

use base::{Diagnostic, Span};
use decide::Design;
use model::Model;
use model::model::{
    Callee, Effect, EffectKind, Entity, Operation, OperationId, OperationKind, Target, Tenancy,
    TenantFrom,
};

use super::plan::Untranslatable;
use super::sealed;
use super::walk::{expressions, questions};
use crate::store::Store;

/// The guards that are not built yet, one error for each place that asks for one.
pub(crate) fn refused<S: Store>(design: &Design, store: &S) -> Vec<Diagnostic> {
    let model = &design.model;
    let mut errors = Vec::new();
    errors.extend(
        model
            .system
            .tenancy
            .iter()
            .flat_map(|tenancy| apart(design, tenancy, |isolation| store.keeps_apart(isolation))),
    );
    for entity in &model.entities {
        refused_in(entity, &mut errors);
    }
    sealed::refused(model, store.keys().is_some(), &mut errors);
    errors
}

/// Tenants are never less apart than was asked for or decided.
fn apart(design: &Design, tenancy: &Tenancy, keeps: impl Fn(&str) -> bool) -> Vec<Diagnostic> {
    let verdict = design.verdicts.iter().find(|verdict| verdict.family == "tenancy");
    let choice = verdict.map_or("pool", |verdict| verdict.choice);
    let mut errors = Vec::new();
    if choice != "pool" && !keeps(choice) {
        let span = tenancy.isolation.as_ref().map_or(tenancy.span, |isolation| isolation.span);
        errors.push(no_form(
            span,
            &format!("`{choice}`, tenants further apart than in shared tables,"),
        ));
    }
    if let Some(silo) = tenancy.silo.as_ref().filter(|_| !keeps("silo")) {
        errors.push(no_form(silo.span, "`silo`, a database of its own for some tenants,"));
    }
    if let Some(region) = &tenancy.region {
        errors.push(guard("region", region.span, "`region` (where the data of a tenant is)"));
    }
    if tenancy.from == TenantFrom::Host(None) {
        let message = "`from: host` does not say which field of the tenant holds its host";
        errors.push(
            Diagnostic::error("guard-not-built", tenancy.span, message)
                .label("asked for here")
                .help("name a unique field of the tenant: `from: host(domain)`"),
        );
    }
    errors
}

fn no_form(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error("guard-not-built", span, format!("{what} is not built yet for this store"))
        .label("asked for here, or decided")
        .note("tenants would be less apart than the design promises, so it is not started")
        .help(
            "run it on the embedded store (a file for each tenant that has one), or for all tenants \
             with `isolation: silo` (a database for each), `bridge` (a schema for each), or `pool`: \
             shared tables, where each statement is held to one tenant",
        )
}

fn refused_in(entity: &Entity, errors: &mut Vec<Diagnostic>) {
    if !entity.identity.is_empty() {
        errors.push(guard("identity", entity.name.span, "`identity` in place of `id`"));
    }
}

pub(super) fn guard(name: &str, span: Span, what: &str) -> Diagnostic {
    Diagnostic::error("guard-not-built", span, format!("{what} is not built yet"))
        .label("asked for here")
        .note("a backend that ignored it would do what the model forbids, so it is not started")
        .help(format!("take `{name}` out of the model to run it without"))
}

/// Conditions without SQL as diagnostics.
pub(crate) fn untranslatable(errors: &[Untranslatable]) -> Vec<Diagnostic> {
    let diagnostic = |error: &Untranslatable| {
        let message = format!("the condition of `{}` has no SQL", error.operation);
        Diagnostic::error("not-translatable", error.span, message).label(error.why.clone())
    };
    errors.iter().map(diagnostic).collect()
}

/// What does not run yet, and the operations among it, which answer 501.
pub(crate) fn not_running(model: &Model) -> (Vec<Diagnostic>, BTreeSet<OperationId>) {
    let mut list = Vec::new();
    let mut stopped = BTreeSet::new();
    for (id, operation) in model.operations() {
        if let Some(why) = why_stopped(model, operation) {
            let name = model.qualified_operation(id);
            list.push(missing(operation.name.span, format!("`{name}` answers 501: {why}")));
            stopped.insert(id);
        }
    }
    list.extend(sealed::in_the_clear(model).map(|(span, message)| missing(span, message)));
    let mut name = |span: Span, kind: &str, name: &str| {
        list.push(missing(span, format!("{kind} `{name}` does not run yet")));
    };
    model.flows.iter().for_each(|flow| name(flow.name.span, "the flow", &flow.name));
    model.schedules.iter().for_each(|s| name(s.name.span, "the schedule", &s.name));
    model.pipelines.iter().for_each(|p| name(p.name.span, "the pipeline", &p.name));
    model.webhooks.iter().for_each(|w| name(w.name.span, "the webhook", &w.name));
    model.views.iter().for_each(|view| name(view.name.span, "the view", &view.name));
    for external in &model.externals {
        external.callbacks.iter().for_each(|c| name(c.name.span, "the callback", &c.name));
    }
    (list, stopped)
}

fn missing(span: Span, message: String) -> Diagnostic {
    Diagnostic::information("not-running", span, message)
}

fn why_stopped(model: &Model, operation: &Operation) -> Option<&'static str> {
    let batch = operation.batch.is_some();
    match (operation.kind, operation.target) {
        (OperationKind::Stream, _) => Some("streams do not run yet"),
        (_, Target::View(_)) => Some("views do not run yet"),
        _ if batch => Some("batches do not run yet"),
        _ if decide::address_inputs::has_no_body(operation)
            && !operation.input.parameters.is_empty()
            && !decide::address_inputs::are_served(operation) =>
        {
            Some(
                "its requests have no body, and of parameters (`input`) only texts, numbers, times, references and lists of them, none of them `secret` or `sensitive`, can stand in an address",
            )
        }
        _ if operation.asynchronous => Some("`async` operations do not run yet"),
        _ => why_effects_stop(model, operation),
    }
}

fn why_effects_stop(model: &Model, operation: &Operation) -> Option<&'static str> {
    let nested = operation.effects.iter().find_map(|effect| match &effect.kind {
        EffectKind::Call(call) => {
            let fallback = call.fallback.as_deref().unwrap_or_default();
            let inner = call.refused.iter().chain(fallback);
            inner.clone().any(leaves_transaction).then_some("a call after a call does not run yet")
        }
        _ => None,
    });
    let each = operation.effects.iter().any(|effect| match &effect.kind {
        EffectKind::Call(call) => call.safe && effect.each.is_some(),
        _ => false,
    });
    let mut rows = false;
    expressions(&operation.effects, &mut |expression| rows |= questions(expression).is_none());
    let entity = operation.entity().map(|entity| model.entity(entity));
    let invariants = entity.map_or(&[][..], |entity| &entity.invariants);
    rows |= operation.writes() && invariants.iter().any(|i| questions(&i.condition).is_none());
    nested
        .or_else(|| {
            inline_leaves(model, operation, 0)
                .then_some("a durable call within a call does not run yet")
        })
        .or_else(|| each.then_some("a lookup for each item does not run yet"))
        .or_else(|| {
            rows.then_some(
                "rows of an entity are asked about (`exists`, `all`, `size`) but not listed yet",
            )
        })
        .or_else(|| protocol(model, operation))
}

fn leaves_transaction(effect: &Effect) -> bool {
    matches!(&effect.kind, EffectKind::Call(call) if !call.inline)
}

/// Whether an inline call leads to one that is not.
fn inline_leaves(model: &Model, operation: &Operation, depth: u8) -> bool {
    let callees = operation.effects.iter().filter_map(|effect| match &effect.kind {
        EffectKind::Call(call) if call.inline => match call.callee {
            Callee::Operation(callee) => Some(model.operation(callee)),
            Callee::External(..) => None,
        },
        _ => None,
    });
    depth > 16
        || callees.into_iter().any(|callee| {
            callee.effects.iter().any(leaves_transaction) || inline_leaves(model, callee, depth + 1)
        })
}

fn protocol(model: &Model, operation: &Operation) -> Option<&'static str> {
    let other = |effect: &Effect| match &effect.kind {
        EffectKind::Call(call) => match call.callee {
            Callee::External(id, _) => {
                model.external(id).protocol.as_deref().is_some_and(|protocol| protocol != "http")
            }
            Callee::Operation(_) => false,
        },
        _ => false,
    };
    operation.effects.iter().any(other).then_some("externals are called over HTTP alone yet")
}
