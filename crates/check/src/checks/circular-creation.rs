//! Rows that need each other before either is there.

use std::collections::BTreeSet;

use expression::{EntityId, Type};
use model::model::{EndpointKind, OperationId, OperationKind, Parameter};

use crate::context::{Context, Sink, check};

check!(
    "circular-creation",
    Data,
    Error,
    "0.1",
    "entities whose first row can never be made: each needs a row of the other",
    "circular-creation.md"
);

/// What keeps an operation from creating its first row.
#[derive(Clone, Copy)]
enum Need<'m> {
    /// A reference that every request must hold.
    Input(&'m Parameter, EntityId),
    /// The row that it acts upon.
    Target(EntityId),
}

impl Need<'_> {
    const fn entity(self) -> EntityId {
        match self {
            Self::Input(_, entity) | Self::Target(entity) => entity,
        }
    }
}

fn run(context: &Context, sink: &mut Sink) {
    // Rows of the system that is replaced are there before the first request.
    if context.model.system.existing.is_some() {
        return;
    }
    let made = made(context);
    let mut told: BTreeSet<EntityId> = BTreeSet::new();
    for (id, _) in context.model.entities() {
        let Some(circle) = circle(context, &made, id) else { continue };
        if circle.iter().any(|(of, ..)| !told.insert(*of)) {
            continue;
        }
        report(context, &circle, sink);
    }
}

/// Entities of which a first row can be made, or gets there in another way.
fn made(context: &Context) -> BTreeSet<EntityId> {
    let imported = context.model.pipelines.iter().filter_map(|of| match of.to.kind {
        EndpointKind::Entity(id) => Some(id),
        _ => None,
    });
    let never = |id: &EntityId| !context.usage.creates.contains_key(id);
    // Of what nothing creates another check tells.
    let all = context.model.entities().map(|(id, _)| id);
    let mut made: BTreeSet<EntityId> = all.filter(never).chain(imported).collect();
    loop {
        let possible = context.usage.creates.iter().filter(|(id, operations)| {
            let free = |of: &&OperationId| need(context, &made, **of).is_none();
            !made.contains(id) && operations.iter().any(|of| free(&of))
        });
        let more: Vec<EntityId> = possible.map(|(id, _)| *id).collect();
        if more.is_empty() {
            return made;
        }
        made.extend(more);
    }
}

/// What an operation needs that is not there, to create a row of an entity.
fn need<'m>(context: &'m Context, made: &BTreeSet<EntityId>, id: OperationId) -> Option<Need<'m>> {
    let operation = context.model.model.operation(id);
    let input = |of: &'m Parameter| match of.ty.required() {
        Type::Reference(entity) if of.required && !made.contains(entity) => {
            Some(Need::Input(of, *entity))
        }
        _ => None,
    };
    let target = || {
        let target = operation.entity()?;
        let first = operation.kind == OperationKind::Create || operation.upsert;
        (!first && !made.contains(&target)).then_some(Need::Target(target))
    };
    operation.input.parameters.iter().find_map(input).or_else(target)
}

type Step<'m> = (EntityId, OperationId, Need<'m>);

/// The circle that an entity is part of: each step needs what the next one creates.
fn circle<'m>(
    context: &'m Context,
    made: &BTreeSet<EntityId>,
    start: EntityId,
) -> Option<Vec<Step<'m>>> {
    let mut way: Vec<Step<'m>> = Vec::new();
    let mut at = start;
    while !made.contains(&at) {
        if way.iter().any(|(of, ..)| *of == at) {
            // Who only waits for a circle is mended with it.
            return (at == start).then_some(way);
        }
        let operation = *context.usage.creates.get(&at)?.first()?;
        let need = need(context, made, operation)?;
        way.push((at, operation, need));
        at = need.entity();
    }
    None
}

fn report(context: &Context, circle: &[Step<'_>], sink: &mut Sink) {
    let Some((first, operation, _)) = circle.first() else { return };
    let name = |id: &EntityId| context.model.entity(*id).name.value.as_str();
    let place = |(_, operation, need): &Step<'_>| match need {
        Need::Input(of, _) => of.name.span,
        Need::Target(_) => context.model.operation(*operation).name.span,
    };
    let says = |(made, operation, need): &Step<'_>| {
        let operation = &context.model.operation(*operation).name;
        format!("`{operation}` makes a `{}` of a `{}`", name(made), name(&need.entity()))
    };
    let names: Vec<String> = circle.iter().map(|(of, ..)| format!("`{}`", name(of))).collect();
    let message = match names.as_slice() {
        [one] => format!("the first {one} can never be made: each needs another one"),
        many => format!("neither {} can ever be made: each needs the other", many.join(" nor ")),
    };
    let subject = context.entity_name(*first);
    let Some(primary) = circle.first().map(place) else { return };
    let optional = context.model.operation(*operation).name.value.clone();
    sink.report(&subject, primary, message, |mut finding| {
        for step in circle.iter().skip(1) {
            finding = finding.related(place(step), says(step));
        }
        finding
            .label(circle.first().map(says).unwrap_or_default())
            .note("an input that refers to a row is refused where there is none, and here there is never a first one")
            .help(format!("make the reference optional (`?`) and set it later, or let `{optional}` create what it needs with an effect (`create:`)"))
    });
}
