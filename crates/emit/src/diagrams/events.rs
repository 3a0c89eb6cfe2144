//! Which events there are, who emits them and who follows them.

use std::collections::BTreeSet;

use decide::{Design, crossings};
use model::model::{ContextId, EventId, StepKind, ViewSource};

use super::graph::{Graph, Line};
use super::text::label;

/// The diagram of the events of some contexts.
pub fn diagram(design: &Design, contexts: &[ContextId]) -> Graph {
    let comment = "Events: who emits them, and what follows. Dotted: from the outbox, at least once, \
                   in order of the event's key.";
    let mut graph = Graph::about(comment);
    let model = &design.model;
    for (id, event) in (0u32..).map(EventId).zip(&model.events) {
        if !contexts.contains(&event.context) {
            continue;
        }
        let context = &model.context(event.context).name;
        let node = format!("event_{context}_{}", event.name);
        let kept = event.retain.as_ref().map(|kept| format!("kept {}", kept.value));
        let lines = std::iter::once(event.name.value.clone()).chain(kept);
        graph.node(&format!("group_{context}"), context, format!("{node}[[{}]]", label(lines)));
        emitters(design, id, &node, &mut graph);
        followers(design, id, &node, &mut graph);
    }
    graph
}

fn emitters(design: &Design, id: EventId, node: &str, graph: &mut Graph) {
    for operation in &design.model.operations {
        let mut emits = false;
        crossings::emits(&operation.effects, &mut |event| emits |= event == id);
        if emits {
            let from = format!("context_{}", design.model.context(operation.context).name);
            let name = &design.model.context(operation.context).name.value;
            graph.nodes.insert(format!("{from}[{}]", label([name])));
            graph.edge(&from, node, Line::Solid, &operation.name.value);
        }
    }
}

fn followers(design: &Design, id: EventId, node: &str, graph: &mut Graph) {
    let model = &design.model;
    let mut follow: BTreeSet<(String, &str, &str)> = BTreeSet::new();
    for flow in &model.flows {
        if flow.after == id {
            follow.insert((format!("flow_{}", flow.name), &flow.name, "flow starts"));
        }
        let waits = flow
            .steps
            .iter()
            .any(|step| matches!(step.kind, StepKind::Wait { event, .. } if event == id));
        if waits {
            follow.insert((format!("flow_{}", flow.name), &flow.name, "flow waits"));
        }
    }
    for view in model.views.iter().filter(|view| view.source == ViewSource::Event(id)) {
        follow.insert((format!("view_{}", view.name), &view.name, "view"));
    }
    for webhook in &model.webhooks {
        if webhook.events.iter().any(|sent| sent.event == id) {
            follow.insert((format!("webhook_{}", webhook.name), &webhook.name, "webhook"));
        }
    }
    if follow.is_empty() {
        let nobody = format!("nobody_{node}");
        graph.nodes.insert(format!("{nobody}([{}])", label(["nobody follows it"])));
        graph.edge(node, &nobody, Line::Dotted, "");
    }
    for (to, name, kind) in follow {
        let what = kind.split(' ').next().unwrap_or(kind);
        graph.nodes.insert(format!("{to}[/{}/]", label([name, what])));
        graph.edge(node, &to, Line::Dotted, if what == kind { "" } else { kind });
    }
}
