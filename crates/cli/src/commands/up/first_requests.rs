//! The first requests to try, from the design alone: a public read, and a write with a token.

use decide::{Design, design::Route};
use expression::EntityId;
use model::model::{Authentication, Operation, OperationKind};
use runtime::json::write_value;

use crate::seed::{Purpose, Random, Targets, Values};

/// The number of the row that the first request makes: one that `firm seed` rarely comes to.
const FIRST: u64 = 998;

/// Lines to paste into a shell; `token` is the command that prints a token, without its actor.
#[must_use]
pub fn first_requests(design: &Design, token: &str, url: &str, now: i64) -> Vec<String> {
    let write = write(design, token, url, now);
    let (target, mut lines) = match write {
        Some((target, lines)) => (Some(target), lines),
        None => (None, Vec::new()),
    };
    lines.extend(read(design, url, target));
    lines
}

/// A list that everyone may read, of what was just written if there is one.
fn read(design: &Design, url: &str, target: Option<EntityId>) -> Option<String> {
    let lists = routed(design).filter(|(operation, _)| {
        operation.kind == OperationKind::List
            && admits(design, operation, Authentication::None)
            && !operation.input.parameters.iter().any(|input| input.required)
    });
    let (_, route) = lists.min_by_key(|(operation, _)| operation.entity() != target)?;
    Some(format!("curl {url}{}", route.path()))
}

/// A creation that needs nothing to be there before: by an actor that is no row, or by the actor
/// whose own row it creates.
fn write(design: &Design, token: &str, url: &str, now: i64) -> Option<(EntityId, Vec<String>)> {
    let model = &design.model;
    let public = |entity| {
        routed(design).any(|(operation, _)| {
            operation.kind == OperationKind::List
                && operation.entity() == entity
                && admits(design, operation, Authentication::None)
        })
    };
    let creates = routed(design).filter(|(operation, _)| operation.kind == OperationKind::Create);
    // Where rows belong to tenants the first thing to make is one, or what belongs to none.
    let apart = |entity| model.system.tenancy.is_some() && !model.entity(entity).shared;
    let creates = creates.filter(|(of, _)| !of.entity().is_some_and(apart));
    let candidates = creates.filter_map(|(operation, route)| {
        let grant = operation.by.iter().find(|grant| {
            let actor = model.actor(grant.actor);
            let own = actor.entity.is_none() || actor.entity == operation.entity();
            own && !matches!(actor.authentication, Authentication::System)
        })?;
        let body = body(design, operation, now)?;
        Some((operation, route, model.actor(grant.actor), body))
    });
    let (operation, route, actor, body) = candidates.max_by_key(|(operation, ..)| {
        (public(operation.entity()), operation.input.parameters.len())
    })?;
    let post = format!(
        "curl -X POST {url}{} -H 'Idempotency-Key: first' -H 'Content-Type: application/json'",
        route.path()
    );
    let body = format!("-d '{}'", body.replace('\'', "'\\''"));
    let lines = match actor.authentication {
        Authentication::None => vec![format!("{post} {body}")],
        _ => vec![
            format!("TOKEN=$({token} --actor {})", actor.name.value),
            format!("{post} -H \"Authorization: Bearer $TOKEN\" {body}"),
        ],
    };
    Some((operation.entity()?, lines))
}

/// The smallest body: required inputs alone; `None` if one of them cannot be made up here.
fn body(design: &Design, operation: &Operation, now: i64) -> Option<String> {
    let schema = &design.model.schema;
    let values = Values { schema, targets: &Nothing, now };
    let entity = operation.entity().map_or("", |entity| &schema.entity(entity).name);
    let mut text = Vec::from(*b"{");
    for parameter in operation.input.parameters.iter().filter(|parameter| parameter.required) {
        let field = parameter.name.value.as_str();
        let purpose = Purpose { entity, field, unique: true, index: FIRST };
        let value = values.make(&parameter.ty, purpose, &mut Random::of(0, field, 0))?;
        let comma = if text.len() > 1 { ", " } else { "" };
        text.extend(format!("{comma}\"{field}\": ").into_bytes());
        write_value(&mut text, schema, &parameter.ty, &value);
    }
    text.push(b'}');
    String::from_utf8(text).ok()
}

fn routed(design: &Design) -> impl Iterator<Item = (&Operation, &Route)> {
    let served = design.model.operations();
    served.filter_map(|(id, operation)| Some((operation, design.route(id)?)))
}

fn admits(design: &Design, operation: &Operation, how: Authentication) -> bool {
    operation.by.iter().any(|grant| design.model.actor(grant.actor).authentication == how)
}

/// An empty store: there is nothing to refer to.
struct Nothing;

impl Targets for Nothing {
    fn pick(&self, _: EntityId, _: bool, _: u64, _: &mut Random) -> Option<u128> {
        None
    }
}
