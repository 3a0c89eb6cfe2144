//! What entities, actors, events and the tenancy say as expressions.

use std::collections::{BTreeMap, BTreeSet};

use base::{Diagnostic, Spanned};
use expression::{EntityId, FieldIndex, Rules, Type, ir::Expression, ir::VariableIndex};

use super::context::{Cx, mentions, read};
use super::entities::{FieldNames, given};
use super::names::Names;
use crate::model::{Entity, Event, Exclusive, Invariant, Isolation, Model, Tenancy, TenantFrom};
use crate::syntax::{self, SyntaxTree};

/// The rules of all entities, read but not checked: that happens where they are used, and once for
/// what nothing uses (see [`check_rules`]).
pub(crate) fn rules(names: &Names<'_>, sink: &mut Vec<Diagnostic>) -> Rules {
    let mut rules = Rules::new();
    for (at, owner) in (0u32..).zip(&names.entity_syntax) {
        for (name, text) in &owner.syntax.rules {
            if let Some(ast) = read(text, sink) {
                rules.insert((EntityId(at), name.value.clone()), ast);
            }
        }
    }
    rules
}

/// Checks every rule for itself: some actor must be able to make sense of it.
fn check_rules(cx: &Cx<'_, '_>, id: EntityId, syntax: &syntax::Entity, sink: &mut Vec<Diagnostic>) {
    let rows: BTreeSet<EntityId> = cx.model.actors.iter().filter_map(|a| a.entity).collect();
    for (name, _) in &syntax.rules {
        let Some(ast) = cx.rules.get(&(id, name.value.clone())) else { continue };
        let about_actor = mentions(ast, &mut |name| name == "actor");
        let actors = rows.iter().filter(|_| about_actor).copied().map(Some);
        let mut first = None;
        let fits = actors.chain([None]).any(|actor| {
            let mut scope = cx.row_scope(id);
            if let Some(actor) = actor {
                scope.bind_row("actor", VariableIndex::ACTOR, actor);
            }
            let mut found = Vec::new();
            cx.check_ast(ast, &scope, Some(&Type::Bool), &mut found);
            let fits = !base::has_errors(&found);
            first.get_or_insert(found);
            fits
        });
        sink.extend(first.filter(|_| !fits).unwrap_or_default());
    }
}

/// The conditions of one entity.
pub(crate) struct EntityConditions {
    /// Conditions of the keys of `unique`, by code.
    unique: BTreeMap<String, Expression>,
    exclusive: Vec<Exclusive>,
    invariants: Vec<Invariant>,
}

/// The conditions of every entity.
pub(crate) fn entities(cx: &Cx<'_, '_>, sink: &mut Vec<Diagnostic>) -> Vec<EntityConditions> {
    let owners = (0u32..).map(EntityId).zip(&cx.names.entity_syntax).zip(&cx.model.entities);
    owners.map(|((id, owner), entity)| of_entity(cx, id, owner.syntax, entity, sink)).collect()
}

fn of_entity(
    cx: &Cx<'_, '_>,
    id: EntityId,
    syntax: &syntax::Entity,
    entity: &Entity,
    sink: &mut Vec<Diagnostic>,
) -> EntityConditions {
    check_rules(cx, id, syntax, sink);
    let scope = cx.row_scope(id);
    let mut unique = BTreeMap::new();
    for (code, key) in &syntax.unique {
        let Some(text) = &key.condition else { continue };
        if let Some(condition) = cx.query(text, &scope, sink) {
            unique.insert(code.value.clone(), condition);
        }
    }
    let mut exclusive = Vec::new();
    for (code, key) in &syntax.exclusive {
        let condition = key.condition.as_ref().and_then(|text| cx.query(text, &scope, sink));
        let index = FieldNames::of(&entity.fields);
        let same = key.same.iter().filter_map(|name| index.known(name, sink)).collect();
        let Some((start, end)) = &key.overlap else { continue };
        let (Some(from), Some(to)) = (index.known(start, sink), index.known(end, sink)) else {
            continue;
        };
        let ty = |field: FieldIndex| entity.field(field).ty.required().clone();
        if ty(from) != ty(to)
            || !matches!(ty(from), Type::Timestamp | Type::Date | Type::Time | Type::Int { .. })
        {
            let message = format!("`{start}` and `{end}` are no range");
            sink.push(
                Diagnostic::error("unfit-range", start.span.to(end.span), message)
                    .help("a range is two `timestamp`, `date`, `time` or `int` fields of one type"),
            );
            continue;
        }
        exclusive.push(Exclusive { code: code.clone(), same, overlap: (from, to), condition });
    }
    let mut invariants = Vec::new();
    for (code, text) in &syntax.invariants {
        if let Some(condition) = cx.condition(text, &scope, sink) {
            invariants.push(Invariant { code: code.clone(), condition });
        }
    }
    EntityConditions { unique, exclusive, invariants }
}

/// Puts the conditions where they belong.
pub(crate) fn apply(model: &mut Model, conditions: Vec<EntityConditions>) {
    for (entity, mut found) in model.entities.iter_mut().zip(conditions) {
        for key in &mut entity.unique {
            key.condition = found.unique.remove(&key.code.value);
        }
        entity.exclusive = found.exclusive;
        entity.invariants = found.invariants;
    }
}

/// `login` and `when` of every actor, in their order.
pub(crate) fn actors(
    cx: &Cx<'_, '_>,
    tree: &SyntaxTree,
    sink: &mut Vec<Diagnostic>,
) -> Vec<(Option<FieldIndex>, Option<Expression>)> {
    let mut found = Vec::with_capacity(tree.actors.len());
    for ((name, written), actor) in tree.actors.iter().zip(&cx.model.actors) {
        let Some(entity) = actor.entity else {
            if written.entity.is_none() {
                refuse_rowless(name, written, sink);
            }
            found.push((None, None));
            continue;
        };
        let login = written.login.as_ref().and_then(|login| {
            let owner = cx.model.entities.get(entity.0 as usize)?;
            FieldNames::of(&owner.fields).known(login, sink)
        });
        let mut scope = cx.scope(cx.model.entities.get(entity.0 as usize).map(|e| e.context));
        scope.bind_row("actor", VariableIndex::ACTOR, entity);
        let when = written.when.as_ref().and_then(|text| cx.condition(text, &scope, sink));
        found.push((login, when));
    }
    found
}

fn refuse_rowless(name: &Spanned<String>, written: &syntax::Actor, sink: &mut Vec<Diagnostic>) {
    let login = written.login.as_ref().map(|login| ("login", login.span));
    let when = written.when.as_ref().map(|when| ("when", when.span));
    for (key, span) in login.into_iter().chain(when) {
        let message = format!("`{key}` reads the row of an actor, but `{name}` has none");
        sink.push(
            Diagnostic::error("rowless-actor", span, message)
                .related(name.span, "the actor")
                .help("add `is: Entity`"),
        );
    }
}

/// The ordering key of every event, in their order.
pub(crate) fn event_keys(cx: &Cx<'_, '_>, sink: &mut Vec<Diagnostic>) -> Vec<Option<Expression>> {
    let written = cx.names.homes.iter().flat_map(|home| &home.declarations.events);
    let events = written.zip(&cx.model.events);
    events.map(|((_, syntax), event)| event_key(cx, syntax, event, sink)).collect()
}

fn event_key(
    cx: &Cx<'_, '_>,
    syntax: &syntax::Event,
    event: &Event,
    sink: &mut Vec<Diagnostic>,
) -> Option<Expression> {
    let text = syntax.key.as_ref()?;
    let mut ast = read(text, sink)?;
    // `key: order` is a path into the payload.
    if let Some(head) = head(&mut ast)
        && head != "event"
    {
        let record = Type::Record(event.payload);
        let mut scope = cx.scope(Some(event.context));
        scope.bind("event", VariableIndex::EVENT, record);
        let path = super::fill::member_of("event", ast);
        return cx.check_ast(&path, &scope, None, sink);
    }
    let mut scope = cx.scope(Some(event.context));
    scope.bind("event", VariableIndex::EVENT, Type::Record(event.payload));
    cx.check_ast(&ast, &scope, None, sink)
}

/// The first name of a path.
fn head(ast: &mut expression::Ast) -> Option<String> {
    ast.path().and_then(|path| path.first().map(|(name, _)| (*name).to_owned()))
}

/// The tenancy without its conditions, so that `tenant` can be named; then its conditions.
pub(crate) fn tenancy(
    names: &Names<'_>,
    tree: &SyntaxTree,
    entities: &[Entity],
    sink: &mut Vec<Diagnostic>,
) -> Option<Tenancy> {
    let written = tree.system.as_ref()?.tenancy.as_ref()?;
    let syntax::Tenancy::Tenants(tenants) = &written.value else { return None };
    let by = names.find(&names.entities, tenants.by.as_ref()?, names.unassigned, sink)?;
    let from = match tenants.from.as_ref().map(|from| &from.value) {
        None | Some(syntax::TenantFrom::Actor) => TenantFrom::Actor,
        Some(syntax::TenantFrom::Host(host)) => {
            let entity = entities.get(by.0 as usize)?;
            let index = FieldNames::of(&entity.fields);
            TenantFrom::Host(host.field.as_ref().and_then(|field| index.known(field, sink)))
        }
    };
    let isolation = tenants.isolation.as_ref().map(|isolation| {
        let value = match isolation.value {
            syntax::Isolation::Pool => Isolation::Pool,
            syntax::Isolation::Bridge => Isolation::Bridge,
            syntax::Isolation::Silo => Isolation::Silo,
        };
        Spanned::new(value, isolation.span)
    });
    let largest_share = given(tenants.largest_share.as_ref());
    let span = written.span;
    Some(Tenancy { by, from, isolation, silo: None, region: None, largest_share, span })
}

/// `silo` and `region` of the tenancy.
pub(crate) fn tenancy_conditions(
    cx: &Cx<'_, '_>,
    tree: &SyntaxTree,
    sink: &mut Vec<Diagnostic>,
) -> (Option<Expression>, Option<Expression>) {
    let written = tree.system.as_ref().and_then(|system| system.tenancy.as_ref());
    let (Some(tenancy), Some(Spanned { value: syntax::Tenancy::Tenants(tenants), .. })) =
        (&cx.model.system.tenancy, written)
    else {
        return (None, None);
    };
    let scope = cx.row_scope(tenancy.by);
    let silo = tenants.silo.as_ref().and_then(|text| cx.condition(text, &scope, sink));
    let region = tenants.region.as_ref().and_then(|text| cx.check(text, &scope, None, sink));
    (silo, region)
}
