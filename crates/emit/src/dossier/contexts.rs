//! What each context owns and serves.

use decide::facts;
use expression::EntityId;
use model::model::{ContextId, Entity, Field, Operation, OperationId};

use super::Page;
use base::html::{Html, anchor};

/// The part.
pub fn write(page: &Page<'_>, out: &mut Html) {
    for &(id, name) in &page.contexts {
        out.element("div", &[("class", "context"), ("id", &anchor("context", name))], |out| {
            out.element("h3", &[("data-find", name)], |out| out.text(name));
            about(page, id, name, out);
            operations(page, id, out);
            entities(page, id, out);
        });
    }
}

fn about(page: &Page<'_>, id: ContextId, name: &str, out: &mut Html) {
    let model = &page.design.model;
    let context = model.context(id);
    if let Some(summary) = &context.summary {
        out.leaf("p", &[], summary);
    }
    let team = context.team.and_then(|at| model.system.teams.get(at));
    out.element("p", &[("class", "tags")], |out| {
        let mut tag = |what: &str, value: &str| {
            out.element("span", &[("class", "tag")], |out| {
                out.text(what);
                out.text(" ");
                out.leaf("b", &[], value);
            });
        };
        tag("team", team.map_or("none", |team| team.name.as_str()));
        for family in ["service", "store", "boundary"] {
            page.choice(family, name).into_iter().for_each(|choice| tag(family, choice));
        }
    });
    let contract = format!("openapi/{}.yaml", decide::naming::kebab(name));
    if page.design.routes.iter().flatten().any(|of| model.operation(of.operation).context == id) {
        out.element("p", &[("class", "hint")], |out| {
            out.text("Contract: ");
            out.leaf("a", &[("href", &contract)], &contract);
        });
    }
}

fn operations(page: &Page<'_>, context: ContextId, out: &mut Html) {
    let own = facts::operations_by_name(page.design.facts(), context);
    if own.is_empty() {
        return;
    }
    out.leaf("h4", &[], "Operations");
    let heads = ["Operation", "Served at", "Admitted", "Load", "Objective", "Index", "Cache"];
    out.table(&heads, |out| {
        for (id, operation) in own {
            row(page, id, operation, out);
        }
    });
}

fn row(page: &Page<'_>, id: OperationId, operation: &Operation, out: &mut Html) {
    let name = page.name(id);
    let route = page.design.route(id);
    let served = route.map_or_else(
        || "inside only".to_owned(),
        |route| format!("{} {}", route.method.name(), route.path()),
    );
    let facts = page.design.facts();
    let (load, _) = facts::rate_fact(facts, id);
    let load = load.split_once(": ").map_or(load.as_str(), |(_, load)| load).to_owned();
    let objective = facts::percentiles(&facts::objective(facts, operation).value);
    let choice = |family: &str| page.choice(family, name).unwrap_or("\u{2013}");
    let cells = [
        served,
        admitted(page, operation),
        load,
        objective,
        choice("index").to_owned(),
        choice("cache").to_owned(),
    ];
    let attributes = [("id", anchor("operation", name)), ("data-find", name.to_owned())];
    let attributes = attributes.each_ref().map(|(name, value)| (*name, value.as_str()));
    out.element("tr", &attributes, |out| {
        out.element("th", &[("scope", "row")], |out| {
            out.text(&operation.name);
            out.leaf("small", &[], operation.kind.name());
            if operation.workload.critical {
                out.leaf("small", &[("class", "critical")], "critical");
            }
        });
        cells.iter().for_each(|cell| out.leaf("td", &[], cell));
    });
}

/// The actors, with their conditions as the model writes them.
fn admitted(page: &Page<'_>, operation: &Operation) -> String {
    let one = |grant: &model::model::Grant| {
        let actor = page.design.model.actor(grant.actor).name.value.clone();
        let condition = grant.condition.as_ref();
        condition.map_or_else(
            || actor.clone(),
            |condition| format!("{actor} if {}", page.input.sources.text(condition.span)),
        )
    };
    operation.by.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn entities(page: &Page<'_>, context: ContextId, out: &mut Html) {
    let model = &page.design.model;
    let own = model.entities().filter(|(_, of)| of.context == context);
    let mut own: Vec<(EntityId, &Entity)> = own.collect();
    own.sort_by_key(|(_, of)| of.name.value.as_str());
    for (id, entity) in own {
        let name = entity.name.value.as_str();
        let place = anchor("entity", &format!("{}.{name}", model.context(context).name));
        out.element("details", &[("id", &place), ("data-find", name)], |out| {
            out.element("summary", &[], |out| {
                out.leaf("span", &[("class", "subject")], name);
                rows(page, id).iter().for_each(|mark| {
                    out.leaf("span", &[("class", "mark")], mark);
                });
            });
            fields(page, entity, out);
            keys(page, entity, out);
        });
    }
}

/// Size and what happens to rows in the end.
fn rows(page: &Page<'_>, id: EntityId) -> Vec<String> {
    let facts = page.design.facts();
    let entity = page.design.model.entity(id);
    let rows = facts::rows_at_horizon(facts, id);
    let rows = rows.map(|of| format!("{} rows in two years", facts::people(of.value)));
    let kept = entity.retain.as_ref().map(|of| format!("kept {}", of.value.period));
    let marks = [
        (entity.soft_delete, "soft deletion"),
        (entity.append_only, "append only"),
        (entity.volatile, "may be lost"),
        (entity.history, "history"),
        (entity.audit.is_some(), "audited"),
    ];
    let marks = marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark.to_owned());
    rows.into_iter().chain(kept).chain(marks).collect()
}

fn fields(page: &Page<'_>, entity: &Entity, out: &mut Html) {
    let schema = &page.design.model.schema;
    out.table(&["Field", "Type", "Marks", "What it is"], |out| {
        let mut field = |name: String, field: &Field| {
            let ty = field.ty.describe(schema);
            let doc = field.doc.as_deref().unwrap_or_default();
            out.element("tr", &[], |out| {
                out.leaf("th", &[("scope", "row")], &name);
                [ty.as_str(), &marks(field), doc].iter().for_each(|cell| out.leaf("td", &[], cell));
            });
        };
        for of in entity.fields.iter().filter(|of| of.built_in.is_none()) {
            field(of.name.value.clone(), of);
        }
        for part in &entity.parts {
            part.fields.iter().for_each(|of| field(format!("{}.{}", part.name, of.name), of));
        }
    });
}

fn marks(field: &Field) -> String {
    let of = &field.modifiers;
    let all = [
        (of.immutable, "immutable"),
        (of.readonly, "readonly"),
        (of.internal, "internal"),
        (of.secret, "secret"),
        (of.sensitive, "sensitive"),
        (of.unique, "unique"),
        (of.search, "search"),
        (of.pii, "personal"),
    ];
    all.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark).collect::<Vec<_>>().join(", ")
}

fn keys(page: &Page<'_>, entity: &Entity, out: &mut Html) {
    let name = |at: &expression::FieldIndex| entity.field(*at).name.value.as_str();
    let names = |of: &[expression::FieldIndex]| of.iter().map(name).collect::<Vec<_>>().join(", ");
    let mut all: Vec<(&str, String)> = Vec::new();
    all.extend(entity.unique.iter().map(|of| ("unique", names(&of.fields))));
    all.extend(entity.exclusive.iter().map(|of| ("no overlap within", names(&of.same))));
    let text = |span| page.input.sources.text(span).to_owned();
    all.extend(entity.invariants.iter().map(|of| ("always", text(of.condition.span))));
    if let Some(states) = &entity.states {
        let one = |(state, next): &(base::Spanned<String>, Vec<usize>)| {
            let next = next.iter().filter_map(|at| states.states.get(*at));
            let next: Vec<&str> = next.map(|(name, _)| name.value.as_str()).collect();
            if next.is_empty() {
                state.value.clone()
            } else {
                format!("{} \u{2192} {}", state.value, next.join(" or "))
            }
        };
        all.push(("states", states.states.iter().map(one).collect::<Vec<_>>().join("; ")));
    }
    if all.is_empty() {
        return;
    }
    out.element("dl", &[("class", "parameters")], |out| {
        for (what, which) in all {
            out.leaf("dt", &[], what);
            out.leaf("dd", &[], &which);
        }
    });
}
