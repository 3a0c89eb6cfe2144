//! What the page knows besides the contracts: who there is, what the rows are, which rules hold.

use ::model::model::{
    Actor, Authentication, ContextId, EffectKind, Entity, Field, Operation, RetainEnd, Target,
};
use base::SourceMap;
use decide::{Design, design::Route, naming::kebab};
use expression::FieldIndex;
use serde_json::{Value, json};

use super::PageMode;
use super::words::Words;

/// How much is shown.
pub(super) struct Shown<'s> {
    pub(super) mode: PageMode,
    /// Whether people sign in here.
    pub(super) accounts: bool,
    /// Whether the page gets tokens of any actor.
    pub(super) mints: bool,
    /// Entities without an operation that is served as well.
    pub(super) everything: bool,
    pub(super) sources: Option<&'s SourceMap>,
}

/// The document.
pub(super) fn document(design: &Design, shown: &Shown<'_>) -> String {
    let model = &design.model;
    let words = Words::new(design, shown.sources);
    let contexts = (0u16..).map(ContextId).zip(&model.contexts);
    let context = |(id, of): (ContextId, &::model::model::Context)| {
        let served = operations(design, id, &words);
        let rows = entities(design, id, &words, shown.everything);
        let contract = served.iter().any(|of| of["not_running"].is_null());
        let slug = kebab(&of.name);
        let empty = served.is_empty() && rows.is_empty();
        (!empty).then(|| {
            json!({
                "name": of.name.value,
                "slug": slug,
                "summary": of.summary,
                "contract": contract.then(|| format!("/openapi/{slug}.json")),
                "entities": rows,
                "operations": served,
            })
        })
    };
    let people = model.actors().filter(|(_, of)| of.authentication != Authentication::System);
    json!({
        "system": { "name": model.system.name, "summary": model.system.summary },
        "page": { "mode": shown.mode.name(), "accounts": shown.accounts, "mints": shown.mints },
        "tenancy": model.system.tenancy.is_some(),
        "actors": people.map(|(_, of)| actor(design, of, &words)).collect::<Vec<_>>(),
        "problems": runtime::problem::CODES.iter().map(|of| json!({
            "status": of.status, "code": of.code, "title": of.title,
        })).collect::<Vec<_>>(),
        "contexts": contexts.filter_map(context).collect::<Vec<_>>(),
    })
    .to_string()
}

fn actor(design: &Design, of: &Actor, words: &Words<'_>) -> Value {
    let proof = match of.authentication {
        Authentication::None => "none",
        Authentication::User => "user",
        Authentication::Service => "service",
        Authentication::Key => "key",
        Authentication::Certificate => "certificate",
        Authentication::System => "system",
    };
    json!({
        "name": of.name.value,
        "proof": proof,
        "role": of.role,
        "is": of.entity.map(|id| design.model.entity(id).name.value.clone()),
        "when": of.when.as_ref().map(|when| words.quote(when.span)),
    })
}

fn operations(design: &Design, context: ContextId, words: &Words<'_>) -> Vec<Value> {
    let model = &design.model;
    let mut all: Vec<&Route> = design.routes.iter().flatten().collect();
    all.retain(|route| model.operation(route.operation).context == context);
    all.sort_by(|a, b| (&a.segments, a.method).cmp(&(&b.segments, b.method)));
    all.into_iter().map(|route| operation(design, route, words)).collect()
}

fn operation(design: &Design, route: &Route, words: &Words<'_>) -> Value {
    let model = &design.model;
    let of = model.operation(route.operation);
    let about = match of.target {
        Target::Entity(id) | Target::History(id) | Target::Audit(id) => &model.entity(id).name,
        Target::View(id) => &model.view(id).name,
    };
    let public = |grant: &&::model::model::Grant| route.actors.contains(&grant.actor);
    let who = of.by.iter().filter(public).map(|grant| {
        json!({
            "actor": model.actor(grant.actor).name.value,
            "when": grant.condition.as_ref().map(|condition| words.quote(condition.span)),
        })
    });
    json!({
        "name": of.name.value,
        "kind": of.kind.name(),
        "entity": about.value,
        "method": route.method.name(),
        "path": route.path(),
        "summary": of.doc.as_deref().and_then(|doc| doc.trim().lines().next()),
        "who": who.collect::<Vec<_>>(),
        "where": of.condition.as_ref().map(|condition| words.quote(condition.span)),
        "requires": requires(of, words),
        "moves": moves(of),
        "critical": of.workload.critical,
        "reauth": of.reauthenticate.map(|within| within.to_string()),
        "not_running": route.not_served,
    })
}

/// What is refused with a code of the model, and unless what.
fn requires(of: &Operation, words: &Words<'_>) -> Vec<Value> {
    let effects = of.effects.iter().filter_map(|effect| match &effect.kind {
        EffectKind::Require { condition, otherwise } => Some(json!({
            "code": otherwise.value, "unless": words.quote(condition.span),
        })),
        _ => None,
    });
    effects.collect()
}

fn moves(of: &Operation) -> Vec<&str> {
    let effects = of.effects.iter().filter_map(|effect| match &effect.kind {
        EffectKind::Move { state } => Some(state.value.as_str()),
        _ => None,
    });
    effects.collect()
}

fn entities(
    design: &Design,
    context: ContextId,
    words: &Words<'_>,
    everything: bool,
) -> Vec<Value> {
    let model = &design.model;
    let served = |name: &str| {
        design.routes.iter().flatten().any(|route| {
            let entity = model.operation(route.operation).entity();
            entity.is_some_and(|id| model.entity(id).name.value == name)
        })
    };
    let own = model.entities.iter().filter(|of| of.context == context);
    let shown = own.filter(|of| everything || served(&of.name));
    shown.map(|of| entity(design, of, words)).collect()
}

fn entity(design: &Design, of: &Entity, words: &Words<'_>) -> Value {
    let mut fields: Vec<Value> = Vec::new();
    let mut add = |name: String, field: &Field| {
        if !field.modifiers.internal {
            let ty = field.ty.describe(&design.model.schema);
            let about =
                json!({ "name": name, "type": ty, "marks": marks(field), "doc": field.doc });
            fields.push(about);
        }
    };
    of.fields.iter().for_each(|field| add(field.name.value.clone(), field));
    for part in &of.parts {
        part.fields.iter().for_each(|field| add(format!("{}.{}", part.name, field.name), field));
    }
    let names = |all: &[FieldIndex]| -> Vec<&str> {
        all.iter().map(|at| of.field(*at).name.value.as_str()).collect()
    };
    let states = of.states.iter().flat_map(|states| {
        states.states.iter().map(|(state, next)| {
            let next = next.iter().filter_map(|at| states.states.get(*at));
            json!({
                "name": state.value,
                "next": next.map(|(name, _)| name.value.as_str()).collect::<Vec<_>>(),
            })
        })
    });
    json!({
        "name": of.name.value,
        "doc": of.doc,
        "fields": fields,
        "states": states.collect::<Vec<_>>(),
        "unique": of.unique.iter().map(|key| json!({
            "code": key.code.value, "fields": names(&key.fields),
        })).collect::<Vec<_>>(),
        "exclusive": of.exclusive.iter().map(|key| json!({
            "code": key.code.value, "same": names(&key.same),
            "overlap": names(&[key.overlap.0, key.overlap.1]),
        })).collect::<Vec<_>>(),
        "invariants": of.invariants.iter().map(|rule| json!({
            "code": rule.code.value, "holds": words.quote(rule.condition.span),
        })).collect::<Vec<_>>(),
        "ends": ends(of),
    })
}

fn marks(field: &Field) -> Vec<&'static str> {
    let of = &field.modifiers;
    let all = [
        (field.built_in.is_some(), "kept by the server"),
        (of.immutable, "set once"),
        (of.readonly, "never written by clients"),
        (of.secret, "written, never shown"),
        (of.sensitive, "shown only where it is named"),
        (of.unique, "unique"),
        (of.search, "searched"),
        (of.pii, "personal"),
    ];
    all.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark).collect()
}

/// What becomes of rows, in words.
fn ends(of: &Entity) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(retain) = &of.retain {
        let end = match retain.value.end {
            RetainEnd::Delete => "removed",
            RetainEnd::Anonymise => "made anonymous",
            RetainEnd::Archive => "moved to the archive",
        };
        all.push(format!("A row is {end} after {}.", retain.value.period));
    }
    if let Some(ttl) = &of.ttl {
        all.push(format!("A row is removed {} after its last write.", ttl.value));
    }
    let said = [
        (of.soft_delete, "Deleted rows are kept, out of sight."),
        (of.append_only, "Rows are added, never changed."),
        (of.history, "Every version is kept."),
        (of.audit.is_some(), "Who reads or writes is written down."),
        (of.shared, "Shared by all tenants."),
    ];
    all.extend(said.iter().filter(|(is, _)| *is).map(|(_, text)| (*text).to_owned()));
    all
}
