//! Who and what is around the system: actors, subscribers of webhooks, far ends of pipelines.

use decide::Design;
use model::model::{Actor, ActorId, Authentication, ContextId, EndpointKind, Pipeline};

use super::text::label;

/// Actors but the built-in one, by name.
pub fn actors(design: &Design) -> Vec<(ActorId, &Actor)> {
    let all = design.model.actors();
    let outside = all.filter(|(_, actor)| actor.authentication != Authentication::System);
    let mut actors: Vec<_> = outside.collect();
    actors.sort_by_key(|(_, actor)| actor.name.as_str());
    actors
}

/// The identifier of an actor.
pub fn actor_id(name: &str) -> String {
    format!("actor_{name}")
}

/// How an actor proves who it is.
pub fn how(actor: &Actor) -> &'static str {
    match actor.authentication {
        Authentication::None => "everyone",
        Authentication::User => "signed in",
        Authentication::Service => "a service",
        Authentication::Key => "with a key",
        Authentication::Certificate => "with a certificate",
        Authentication::System => "the system",
    }
}

/// Subscribers and far ends: identifier, label, whether data comes in, and which.
pub fn others(design: &Design) -> Vec<(String, String, bool, String)> {
    let placed = placed(design);
    placed.into_iter().map(|(_, node, text, incoming, what)| (node, text, incoming, what)).collect()
}

/// The same with the context that each has to do with.
pub fn placed(design: &Design) -> Vec<(ContextId, String, String, bool, String)> {
    let model = &design.model;
    let mut all = Vec::new();
    for webhook in &model.webhooks {
        let home = model.entity(webhook.subscriber).context;
        let node = format!("webhook_{}", webhook.name);
        let text = label([&webhook.name.value, "subscribers"]);
        for sent in &webhook.events {
            let event = model.event(sent.event).name.value.clone();
            all.push((home, node.clone(), text.clone(), false, event));
        }
    }
    all.extend(model.pipelines.iter().filter_map(|pipeline| far_end(design, pipeline)));
    all.sort_by(|a, b| (&a.1, &a.4).cmp(&(&b.1, &b.4)));
    all
}

fn far_end(
    design: &Design,
    pipeline: &Pipeline,
) -> Option<(ContextId, String, String, bool, String)> {
    let (far, near, incoming) = match (pipeline.from.kind, pipeline.to.kind) {
        (far, EndpointKind::Entity(near)) => (far, near, true),
        (EndpointKind::Entity(near), far) => (far, near, false),
        _ => return None,
    };
    let kind = match far {
        EndpointKind::File => "files",
        EndpointKind::Http => "HTTP",
        EndpointKind::Sftp => "SFTP",
        EndpointKind::Table => "a table elsewhere",
        EndpointKind::Entity(_) => return None,
    };
    let near = design.model.entity(near);
    let node = format!("pipeline_{}", pipeline.name);
    let text = label([pipeline.name.as_str(), kind]);
    Some((near.context, node, text, incoming, near.name.value.clone()))
}
