//! The containers (in C4's sense): who comes in, what is deployed, where data lives, what is not
//! ours.

use std::collections::{BTreeMap, BTreeSet};

use decide::Design;

use super::context_map::externals;
use super::relations::{self, Node, Relations, Strength};
use super::surroundings::{self, how};
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

/// The identifier of the deployable that a context runs in.
fn deployable(design: &Design, context: &str) -> String {
    let own = design.verdict("service", context).is_some_and(|verdict| verdict.choice == "own");
    if own { format!("deployable_{context}") } else { SHARED.to_owned() }
}

fn actors(design: &Design, edges: &mut Edges) -> String {
    let mut out = String::new();
    for (id, actor) in surroundings::actors(design) {
        let node = surroundings::actor_id(&actor.name);
        out += &format!("    {node}([{}])\n", label([actor.name.as_str(), how(actor)]));
        let admitted = design
            .model
            .operations
            .iter()
            .filter(|operation| operation.by.iter().any(|grant| grant.actor == id));
        for operation in admitted {
            let context = &design.model.context(operation.context).name;
            let subject = format!("{}->{context}", actor.name);
            let paradigm = design.verdict("paradigm", &subject).map_or("rest", |of| of.choice);
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
    let style = design.verdict("style", "system").map_or("monolith", |style| style.choice);
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
        let Some(store) = design.verdict("store", context) else { continue };
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
    let broker = design.verdict("broker", "system").filter(|broker| broker.choice != "none");
    let Some(broker) = broker else { return String::new() };
    for (_, context) in super::contexts(design) {
        add(edges, &deployable(design, context), "broker", "events");
    }
    format!("        broker[[{}]]\n", label([broker.choice]))
}

/// Subscribers of webhooks, and the far ends of pipelines.
fn others(design: &Design, edges: &mut Edges) -> String {
    let mut nodes: BTreeSet<String> = BTreeSet::new();
    for (context, node, text, incoming, what) in surroundings::placed(design) {
        let own = deployable(design, &design.model.context(context).name);
        let (from, to) = if incoming { (&node, &own) } else { (&own, &node) };
        add(edges, from, to, &what);
        nodes.insert(format!("    {node}{{{{{text}}}}}\n"));
    }
    nodes.into_iter().collect()
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
