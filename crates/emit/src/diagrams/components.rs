//! What a deployable is made of (C4's third level): the interface of each context, what runs by
//! itself there, its outbox and its schema, with what goes between them.

use decide::{Design, deployables::Deployable};
use model::model::{ContextId, EffectKind, ViewSource};

use super::graph::{Graph, Line};
use super::relations::{self, Node, Strength};
use super::surroundings::{self, actor_id};
use super::text::{label, some};

/// The diagram of some contexts of a deployable.
pub fn diagram(design: &Design, deployable: &Deployable, contexts: &[ContextId]) -> Graph {
    let comment = format!(
        "Components of {}. Solid: calls and reads. Dotted: by event, later.",
        deployable.name
    );
    let page = Page { design, contexts };
    let mut graph = Graph::about(comment);
    for id in contexts {
        page.context(&mut graph, *id);
    }
    page.actors(&mut graph);
    page.calls(&mut graph);
    page.events(&mut graph);
    graph
}

struct Page<'d> {
    design: &'d Design,
    contexts: &'d [ContextId],
}

impl Page<'_> {
    fn name(&self, id: ContextId) -> &str {
        &self.design.model.context(id).name
    }

    fn here(&self, name: &str) -> bool {
        self.contexts.iter().any(|id| self.name(*id) == name)
    }

    /// The interface, the schema, and the outbox where events are emitted.
    fn context(&self, graph: &mut Graph, id: ContextId) {
        let model = &self.design.model;
        let name = self.name(id);
        let group = format!("group_{name}");
        let operations = model.operations.iter().filter(|of| of.context == id).count();
        let interface = [name.to_owned(), format!("{operations} operations")];
        graph.node(&group, name, format!("{}[{}]", interface_id(name), label(interface)));
        let entities = model.entities.iter().filter(|of| of.context == id);
        let mut entities: Vec<String> = entities.map(|of| of.name.value.clone()).collect();
        entities.sort_unstable();
        if !entities.is_empty() {
            let lines = std::iter::once(format!("schema {name}")).chain(some(entities));
            graph.node(&group, name, format!("schema_{name}[({})]", label(lines)));
            graph.edge(&interface_id(name), &format!("schema_{name}"), Line::Solid, "");
        }
        self.by_itself(graph, id, &group);
    }

    /// Flows, schedules and views: what runs without being asked.
    fn by_itself(&self, graph: &mut Graph, id: ContextId, group: &str) {
        let model = &self.design.model;
        let name = self.name(id);
        let here = model.flows.iter().filter(|flow| model.event(flow.after).context == id);
        for flow in here {
            let node = format!("flow_{}", flow.name);
            graph.node(group, name, format!("{node}[/{}/]", label([flow.name.as_str(), "flow"])));
        }
        for schedule in &model.schedules {
            let home = schedule.entity.map(|entity| model.entity(entity).context);
            let called = schedule.call.operation().map(|id| model.operation(id));
            if home.or(called.map(|of| of.context)) != Some(id) {
                continue;
            }
            let node = format!("schedule_{}", schedule.name);
            let text = label([schedule.name.as_str(), "schedule"]);
            graph.node(group, name, format!("{node}[/{text}/]"));
            let (to, what) = relations::callee(self.design, schedule.call.callee);
            graph.edge(&node, &self.place(&to), Line::Solid, what);
        }
        for view in model.views.iter().filter(|view| view.context == id) {
            let node = format!("view_{}", view.name);
            graph.node(group, name, format!("{node}[({})]", label([view.name.as_str(), "view"])));
            match view.source {
                ViewSource::Entity(entity) => {
                    let from = self.name(model.entity(entity).context);
                    if self.here(from) {
                        graph.edge(&format!("schema_{from}"), &node, Line::Dotted, "");
                    }
                }
                ViewSource::Event(event) => {
                    let event = model.event(event);
                    let from = self.name(event.context);
                    if self.here(from) {
                        graph.edge(
                            &format!("outbox_{from}"),
                            &node,
                            Line::Dotted,
                            &event.name.value,
                        );
                    }
                }
            }
        }
    }

    fn actors(&self, graph: &mut Graph) {
        let model = &self.design.model;
        for (id, actor) in surroundings::actors(self.design) {
            for operation in &model.operations {
                let asks = operation.by.iter().any(|grant| grant.actor == id);
                if asks && self.contexts.contains(&operation.context) {
                    let node = actor_id(&actor.name);
                    graph.nodes.insert(format!("{node}([{}])", label([&actor.name.value])));
                    let to = interface_id(self.name(operation.context));
                    graph.edge(&node, &to, Line::Solid, &operation.name.value);
                }
            }
        }
    }

    /// Calls and reads of operations, and the steps of flows, to wherever they lead.
    fn calls(&self, graph: &mut Graph) {
        for ((from, to, strength), names) in relations::all(self.design) {
            let inside = |node: &Node| matches!(node, Node::Context(name) if self.here(name));
            if strength != Strength::Uses || !(inside(&from) || inside(&to)) {
                continue;
            }
            for node in [&from, &to].into_iter().filter(|node| !inside(node)) {
                let (Node::Context(name) | Node::External(name)) = node;
                let kind = if matches!(node, Node::Context(_)) { "context" } else { "external" };
                graph.nodes.insert(format!("{}{{{{{}}}}}", node.id(), label([name, kind])));
            }
            let (a, b) = (self.place(&from), self.place(&to));
            names.iter().for_each(|name| graph.edge(&a, &b, Line::Solid, name));
        }
    }

    /// Events from the outbox to the flows that they start.
    fn events(&self, graph: &mut Graph) {
        let model = &self.design.model;
        for operation in model.operations.iter().filter(|of| self.contexts.contains(&of.context)) {
            let emits =
                |effect: &model::model::Effect| matches!(effect.kind, EffectKind::Emit { .. });
            if operation.effects.iter().any(emits) {
                let name = self.name(operation.context);
                let node = format!("outbox_{name}[[{}]]", label(["outbox"]));
                graph.node(&format!("group_{name}"), name, node);
                let what = &operation.name.value;
                graph.edge(&interface_id(name), &format!("outbox_{name}"), Line::Solid, what);
            }
        }
        for flow in &model.flows {
            let event = model.event(flow.after);
            if self.contexts.contains(&event.context) {
                let from = format!("outbox_{}", self.name(event.context));
                let to = format!("flow_{}", flow.name);
                graph.edge(&from, &to, Line::Dotted, &event.name.value);
            }
        }
    }

    /// The node that stands for a context or an external.
    fn place(&self, node: &Node) -> String {
        match node {
            Node::Context(name) if self.here(name) => interface_id(name),
            _ => node.id(),
        }
    }
}

fn interface_id(context: &str) -> String {
    format!("interface_{context}")
}
