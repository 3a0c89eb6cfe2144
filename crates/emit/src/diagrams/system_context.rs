//! The system in its surroundings (C4's first level): who uses it, and what it leans on.

use decide::Design;

use super::graph::{Graph, Line};
use super::relations::{self, Node};
use super::surroundings::{self, how};
use super::text::label;

/// The diagram.
pub fn diagram(design: &Design) -> String {
    let model = &design.model;
    let comment = "The system and its surroundings. Arrows lead from who asks to who answers.";
    let mut graph = Graph::about(comment);
    let title = [model.system.name.as_str(), model.system.summary.as_str()];
    let lines = title.into_iter().filter(|line| !line.is_empty()).map(super::text::short);
    graph.nodes.insert(format!("system[{}]", label(lines)));
    for (id, actor) in surroundings::actors(design) {
        let node = surroundings::actor_id(&actor.name);
        graph.nodes.insert(format!("{node}([{}])", label([&actor.name.value, how(actor)])));
        let asks = model.operations.iter().filter(|of| of.by.iter().any(|by| by.actor == id));
        let (writes, reads): (Vec<_>, Vec<_>) = asks.partition(|of| of.writes());
        for (verb, operations) in [("reads", reads), ("writes", writes)] {
            if !operations.is_empty() {
                let count = operations.len();
                let what =
                    format!("{verb}: {count} operation{}", if count == 1 { "" } else { "s" });
                graph.edge(&node, "system", Line::Solid, what);
            }
        }
    }
    for external in &model.externals {
        let promise = external.availability.as_ref();
        let promise = promise.map(|of| format!("promises {}", decide::facts::percent(of.value.0)));
        let lines = [Some(external.name.value.clone()), promise];
        let node = Node::External(external.name.value.clone()).id();
        graph.nodes.insert(format!("{node}{{{{{}}}}}", label(lines.into_iter().flatten())));
    }
    for ((from, to, _), names) in relations::all(design) {
        let place = |node: &Node| match node {
            Node::Context(_) => "system".to_owned(),
            Node::External(_) => node.id(),
        };
        let (from, to) = (place(&from), place(&to));
        for name in names.iter().filter(|_| from != to) {
            graph.edge(&from, &to, Line::Solid, name);
        }
    }
    for (node, text, incoming, what) in surroundings::others(design) {
        graph.nodes.insert(format!("{node}{{{{{text}}}}}"));
        let (from, to) = if incoming { (&*node, "system") } else { ("system", &*node) };
        graph.edge(from, to, Line::Dotted, what);
    }
    graph.finish("TB")
}
