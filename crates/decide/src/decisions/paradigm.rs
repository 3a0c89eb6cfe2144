use expression::Type;
use model::model::{ActorId, Authentication, ContextId, OperationId, OperationKind};

use crate::decision::{Answer, Context, decision};
use crate::{
    facts::{self, Facts},
    numbers,
};

decision!(
    "paradigm",
    "How does an actor talk to a context?",
    reads ["style"],
    ActorInContext run
);

const SOURCE: &str = "Azure Architecture Center, API design; RFC 9110";

/// The operations of a context that are served to an actor, by name.
fn served(cx: &Context<'_>, actor: ActorId, context: ContextId) -> Vec<OperationId> {
    let model = cx.model;
    let here = |id: &OperationId| model.operation(*id).context == context;
    let mut mine: Vec<OperationId> = (0u32..)
        .map(OperationId)
        .zip(cx.routes)
        .filter(|(_, route)| route.as_ref().is_some_and(|route| route.actors.contains(&actor)))
        .map(|(id, _)| id)
        .filter(here)
        .collect();
    mine.sort_by_key(|id| model.operation(*id).name.value.as_str());
    mine
}

fn run(cx: &Context<'_>, actor: ActorId, context: ContextId) -> Option<Answer> {
    let model = cx.model;
    let mine = served(cx, actor, context);
    if mine.is_empty() {
        return None;
    }
    let kind = |id: &&OperationId| model.operation(**id).kind == OperationKind::Stream;
    let (streams, others): (Vec<&OperationId>, Vec<&OperationId>) = mine.iter().partition(kind);
    let two_way = two_way_rate(model, actor, &streams, &others);
    let accepts = streams.iter().any(|id| !model.operation(**id).accepts.is_empty());
    let depth = depth(model, &others);
    let clients = model.actor(actor).clients.len();
    let screens = screens(model, &others);
    let wants_graph = clients >= 2
        && streams.is_empty()
        && depth >= model.value(&numbers::GRAPH_DEPTH)
        && screens.entities >= model.value(&numbers::GRAPH_ENTITIES)
        && screens.reads >= model.value(&numbers::GRAPH_READS) - 1e-9
        && !has_stale_public_list(model, &others);
    let of_ours = model.actor(actor).authentication == Authentication::Service;
    let divided = |choice: &str| matches!(choice, "hybrid" | "microservices");
    let between_deployables =
        of_ours && cx.verdicts_of("style").any(|verdict| divided(verdict.choice));
    let choice = match (streams.is_empty(), others.is_empty()) {
        (false, _) if accepts => "websocket",
        (false, true) => "sse",
        (false, false) if two_way >= model.value(&numbers::TWO_WAY_RATE) => "websocket",
        _ if between_deployables => "grpc",
        _ if wants_graph => "graphql",
        _ => "rest",
    };
    let mut answer = Answer::new(choice, SOURCE);
    for id in mine.iter().take(5) {
        let operation = model.operation(*id);
        answer = answer.given(
            format!("{} {}", kind_name(operation.kind), operation.name),
            operation.name.span,
            "is served to the actor",
        );
    }
    if !streams.is_empty() && choice == "rest" {
        answer = answer.parameter("streams", "sse");
    }
    let graph = format!(
        "from 2 kinds of client, references {} deep, {} entities and {} of reads on clients should \
         shape their own answers; here are {clients} stated, {depth} deep, {} and {}",
        model.value(&numbers::GRAPH_DEPTH),
        model.value(&numbers::GRAPH_ENTITIES),
        facts::percent(model.value(&numbers::GRAPH_READS)),
        screens.entities,
        facts::percent(screens.reads)
    );
    Some(
        answer
            .reject(
                "rest",
                "the actor only follows streams, or shapes answers itself: see the drivers",
            )
            .reject("graphql", graph)
            .reject("grpc", "the actor is no deployable of ours")
            .reject("websocket", "the actor does not write often on what it follows")
            .reject("sse", "the actor does more than follow streams")
            .reject("queue", "every operation answers its caller"),
    )
}

const fn kind_name(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::List => "list",
        OperationKind::Get => "get",
        OperationKind::Create => "create",
        OperationKind::Update => "update",
        OperationKind::Delete => "delete",
        OperationKind::Act => "act",
        OperationKind::Stream => "stream",
    }
}

/// What an actor puts on its screens.
struct Screens {
    /// Entities that it reads.
    entities: f64,
    /// Share of its requests that read.
    reads: f64,
}

fn screens(model: Facts<'_>, operations: &[&OperationId]) -> Screens {
    let (mut all, mut reads) = (0.0, 0.0);
    let mut entities: Vec<_> = Vec::new();
    for operation in operations.iter().map(|id| model.operation(**id)) {
        let rate = facts::rate(model, operation).value.mean;
        all += rate;
        if !operation.writes() {
            reads += rate;
            entities.extend(operation.entity());
        }
    }
    entities.sort_unstable();
    entities.dedup();
    let reads = if all > 0.0 { reads / all } else { 0.0 };
    Screens { entities: facts::count(entities.len()), reads }
}

/// Writes a second of one principal that is connected; nothing where the model does not say how
/// many there are.
fn two_way_rate(
    model: Facts<'_>,
    actor: ActorId,
    streams: &[&OperationId],
    operations: &[&OperationId],
) -> f64 {
    let count = model.actor(actor).count.as_ref().map(|count| count.value);
    let open = streams.iter().filter_map(|id| model.operation(**id).workload.open_streams.as_ref());
    let open = open.map(|open| open.value).reduce(f64::max);
    let Some(connected) = count.into_iter().chain(open).reduce(f64::min) else { return 0.0 };
    let writes = operations.iter().map(|id| model.operation(**id)).filter(|of| of.writes());
    writes.map(|of| facts::rate(model, of).value.mean).sum::<f64>() / connected.max(1.0)
}

/// Longest chain of references from what is read, up to three.
fn depth(model: Facts<'_>, operations: &[&OperationId]) -> f64 {
    let read = operations.iter().map(|id| model.operation(**id)).filter(|of| !of.writes());
    let entities = read.filter_map(model::model::Operation::entity);
    entities.map(|entity| chain(model, entity, 3)).fold(0.0, f64::max)
}

fn chain(model: Facts<'_>, entity: expression::EntityId, room: u32) -> f64 {
    if room == 0 {
        return 0.0;
    }
    let fields = &model.entity(entity).fields;
    let targets = fields.iter().filter(|field| field.built_in.is_none());
    let next = targets.filter_map(|field| match field.ty.required() {
        Type::Reference(target) if *target != entity => Some(1.0 + chain(model, *target, room - 1)),
        _ => None,
    });
    next.fold(0.0, f64::max)
}

/// A graph is asked for by POST: what everybody may read a little late is then not cached.
fn has_stale_public_list(model: Facts<'_>, operations: &[&OperationId]) -> bool {
    operations.iter().map(|id| model.operation(**id)).any(|of| {
        let public = |grant: &model::model::Grant| {
            model.actor(grant.actor).authentication == Authentication::None
        };
        of.kind == OperationKind::List && of.workload.stale.is_some() && of.by.iter().any(public)
    })
}
