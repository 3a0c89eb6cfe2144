//! The containers (in C4's sense): who comes in, what is deployed, where data lives, what is not
//! ours.

use std::collections::{BTreeMap, BTreeSet};

use decide::{Design, design::Verdict};
use model::model::{Authentication, EndpointKind, Pipeline};

use super::context_map::externals;
use super::relations::{self, Node, Relations, Strength};
use super::text::{label, some};

/// Where contexts that have no deployable of their own run together.
const SHARED: &str = "deployable";

/// The diagram.
pub fn diagram(design: &Design) -> String {
    let relations = relations::all(design);
    let mut out = String::from("flowchart TB\n");
    let mut edges: Edges = Edges::new();
    out += &actors(design, &mut edges);
    out += &format!("    subgraph system [{}]\n", label([&design.model.system.name]));
    out += &deployables(design);
    out += &stores(design, &mut edges);
    out += &broker(design, &mut edges);
    out += "    end\n";
    out += &externals(design);
    out += &others(design, &mut edges);
    calls(design, &relations, &mut edges);
    for ((from, to), names) in edges {
        out += &format!("    {from} -- {} --> {to}\n", label(some(names)));
    }
    out
}

/// Edges with what goes along them.
type Edges = BTreeMap<(String, String), BTreeSet<String>>;

fn add(edges: &mut Edges, from: &str, to: &str, what: &str) {
    let key = (from.to_owned(), to.to_owned());
    edges.entry(key).or_default().insert(what.to_owned());
}

fn verdict<'d>(design: &'d Design, family: &str, subject: &str) -> Option<&'d Verdict> {
    design.verdicts.iter().find(|of| of.family == family && of.subject == subject)
}

/// The identifier of the deployable that a context runs in.
fn deployable(design: &Design, context: &str) -> String {
    let own = verdict(design, "service", context).is_some_and(|verdict| verdict.choice == "own");
    if own { format!("deployable_{context}") } else { SHARED.to_owned() }
}

fn actors(design: &Design, edges: &mut Edges) -> String {
    let mut out = String::new();
    let mut actors: Vec<_> = design.model.actors().collect();
    actors.sort_by_key(|(_, actor)| actor.name.as_str());
    for (id, actor) in actors {
        let how = match actor.authentication {
            Authentication::None => "everyone",
            Authentication::User => "signed in",
            Authentication::Service => "a service",
            Authentication::Key => "with a key",
            Authentication::Certificate => "with a certificate",
            Authentication::System => continue,
        };
        let node = format!("actor_{}", actor.name);
        out += &format!("    {node}([{}])\n", label([actor.name.as_str(), how]));
        let admitted = design
            .model
            .operations
            .iter()
            .filter(|operation| operation.by.iter().any(|grant| grant.actor == id));
        for operation in admitted {
            let context = &design.model.context(operation.context).name;
            let subject = format!("{}->{context}", actor.name);
            let paradigm = verdict(design, "paradigm", &subject).map_or("rest", |of| of.choice);
            add(edges, &node, &deployable(design, context), paradigm);
        }
    }
    out
}

fn deployables(design: &Design) -> String {
    let mut all: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (_, context) in super::contexts(design) {
        all.entry(deployable(design, context)).or_default().push(context);
    }
    let style = verdict(design, "style", "system").map_or("monolith", |style| style.choice);
    let node = |(id, contexts): (String, Vec<&str>)| {
        let first = if id == SHARED { style } else { "service" };
        let lines = std::iter::once(first.to_owned()).chain(some(contexts));
        format!("        {id}[{}]\n", label(lines))
    };
    all.into_iter().map(node).collect()
}

/// One database with a schema for each context, and what else a store verdict adds.
fn stores(design: &Design, edges: &mut Edges) -> String {
    let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (_, context) in super::contexts(design) {
        let Some(store) = verdict(design, "store", context) else { continue };
        // Every other option stands beside the relational database, but for a document store.
        let relational = if store.choice == "document" { None } else { Some("postgresql") };
        let beside = Some(store.choice).filter(|choice| *choice != "postgresql");
        for choice in relational.into_iter().chain(beside) {
            all.entry(choice).or_default().push(context);
            add(edges, &deployable(design, context), &store_id(choice), "reads, writes");
        }
    }
    let node = |(choice, contexts): (&str, Vec<&str>)| {
        let lines = std::iter::once(choice.to_owned()).chain(some(contexts));
        format!("        {}[({})]\n", store_id(choice), label(lines))
    };
    all.into_iter().map(node).collect()
}

fn store_id(choice: &str) -> String {
    format!("store_{}", choice.replace('-', "_"))
}

fn broker(design: &Design, edges: &mut Edges) -> String {
    let broker = verdict(design, "broker", "system").filter(|broker| broker.choice != "none");
    let Some(broker) = broker else { return String::new() };
    for (_, context) in super::contexts(design) {
        add(edges, &deployable(design, context), "broker", "events");
    }
    format!("        broker[[{}]]\n", label([broker.choice]))
}

/// Subscribers of webhooks, and the far ends of pipelines.
fn others(design: &Design, edges: &mut Edges) -> String {
    let mut nodes: BTreeSet<String> = BTreeSet::new();
    for webhook in &design.model.webhooks {
        let context = design.model.entity(webhook.subscriber).context;
        let from = deployable(design, &design.model.context(context).name);
        let node = format!("webhook_{}", webhook.name);
        nodes
            .insert(format!("    {node}{{{{{}}}}}\n", label([&webhook.name.value, "subscribers"])));
        for sent in &webhook.events {
            add(edges, &from, &node, &design.model.event(sent.event).name);
        }
    }
    for pipeline in &design.model.pipelines {
        nodes.extend(far_end(design, pipeline, edges));
    }
    nodes.into_iter().collect()
}

fn far_end(design: &Design, pipeline: &Pipeline, edges: &mut Edges) -> Option<String> {
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
    let deployable = deployable(design, &design.model.context(near.context).name);
    let node = format!("pipeline_{}", pipeline.name);
    let (from, to) = if incoming { (&node, &deployable) } else { (&deployable, &node) };
    add(edges, from, to, &near.name);
    Some(format!("    {node}{{{{{}}}}}\n", label([pipeline.name.as_str(), kind])))
}

/// What crosses the border of a deployable.
fn calls(design: &Design, relations: &Relations, edges: &mut Edges) {
    let place = |node: &Node| match node {
        Node::Context(name) => deployable(design, name),
        Node::External(_) => node.id(),
    };
    for ((from, to, strength), names) in relations {
        let (from, to) = (place(from), place(to));
        if from != to && *strength == Strength::Uses {
            names.iter().for_each(|name| add(edges, &from, &to, name));
        }
    }
}
