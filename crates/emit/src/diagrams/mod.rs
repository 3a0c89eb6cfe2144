//! Mermaid diagrams: the levels of C4 (system context, containers, components of each deployable),
//! a context map, data flows over boundaries of trust, events, the entities of each context, the
//! states of each entity that has any, and the course of each flow. Plain flowcharts stand for C4,
//! since Mermaid's own C4 diagrams are experimental and not drawn everywhere. What would be too
//! large to be drawn is split by deployable or context.

mod components;
mod containers;
mod context_map;
mod data_flow;
mod entities;
mod events;
mod flows;
mod graph;
mod relations;
mod states;
mod surroundings;
mod system_context;
mod text;

use std::collections::BTreeMap;

use base::SourceMap;
use decide::{
    Design,
    deployables::{self, Deployable},
    naming::{Names, kebab},
};
use model::model::ContextId;

use crate::{Artifact, Emitter};

/// `diagrams/*.mmd`.
pub static EMITTER: Emitter =
    Emitter { id: "diagrams", run: |input| artifacts(input.design, input.sources) };

/// Every diagram.
#[must_use]
pub fn artifacts(design: &Design, sources: &SourceMap) -> Vec<Artifact> {
    let mut files = Files::default();
    files.add("context-map", context_map::diagram(design));
    files.add("containers", containers::diagram(design));
    files.add("system-context", system_context::diagram(design));
    components(design, &mut files);
    data_flows(design, &mut files);
    events(design, &mut files);
    for (id, context) in contexts(design) {
        if let Some(diagram) = entities::diagram(design, id) {
            files.add(&format!("entities/{}", kebab(context)), diagram);
        }
    }
    for (context, entity) in states::subjects(design) {
        let path = format!("states/{}.{}", kebab(&context), kebab(&entity.name));
        files.add(&path, states::diagram(design, entity));
    }
    let mut flows: Vec<_> = design.model.flows.iter().collect();
    flows.sort_by_key(|flow| flow.name.as_str());
    for flow in flows {
        let path = format!("flows/{}", kebab(&flow.name));
        files.add(&path, flows::diagram(design, sources, flow));
    }
    files.finish()
}

/// The components of each deployable; of each context where that is too much for one diagram.
fn components(design: &Design, files: &mut Files) {
    for deployable in deployables::of(design) {
        let path = format!("components/{}", deployable.name);
        let whole = components::diagram(design, &deployable, &deployable.contexts);
        if whole.fits() || deployable.contexts.len() < 2 {
            files.add(&path, whole.finish("LR"));
            continue;
        }
        for id in &deployable.contexts {
            let name = kebab(&design.model.context(*id).name);
            let part = components::diagram(design, &deployable, &[*id]);
            files.add(&format!("{path}.{name}"), part.finish("LR"));
        }
    }
}

/// Data flows of the whole; of each deployable where that is too much, and then of each context.
fn data_flows(design: &Design, files: &mut Files) {
    let all = deployables::of(design);
    let whole = data_flow::diagram(design, &all);
    if whole.fits() {
        return files.add("data-flow", whole.finish("LR"));
    }
    for deployable in all {
        let path = format!("data-flow/{}", deployable.name);
        let part = data_flow::diagram(design, std::slice::from_ref(&deployable));
        if part.fits() || deployable.contexts.len() < 2 {
            files.add(&path, part.finish("LR"));
            continue;
        }
        for id in &deployable.contexts {
            let name = kebab(&design.model.context(*id).name);
            let alone = Deployable { contexts: vec![*id], ..deployable.clone() };
            let part = data_flow::diagram(design, &[alone]);
            files.add(&format!("{path}.{name}"), part.finish("LR"));
        }
    }
}

/// All events, where there are any; those of each context where that is too much.
fn events(design: &Design, files: &mut Files) {
    let mut emitting = contexts(design);
    emitting.retain(|(id, _)| design.model.events.iter().any(|event| event.context == *id));
    let ids: Vec<ContextId> = emitting.iter().map(|(id, _)| *id).collect();
    let whole = events::diagram(design, &ids);
    if ids.is_empty() {
        return;
    }
    if whole.fits() {
        return files.add("events", whole.finish("LR"));
    }
    for (id, name) in emitting {
        let part = events::diagram(design, &[id]);
        files.add(&format!("events/{}", kebab(name)), part.finish("LR"));
    }
}

/// Contexts by name.
fn contexts(design: &Design) -> Vec<(ContextId, &str)> {
    let ids = (0u16..).map(ContextId);
    let names = design.model.contexts.iter().map(|context| context.name.value.as_str());
    let mut all: Vec<(ContextId, &str)> = ids.zip(names).collect();
    all.sort_by_key(|(_, name)| *name);
    all
}

/// Files under names that differ: two names of a model may be one in kebab-case.
#[derive(Default)]
struct Files {
    names: Names,
    files: BTreeMap<String, String>,
}

impl Files {
    fn add(&mut self, name: &str, diagram: String) {
        let name = self.names.take(name);
        self.files.insert(format!("diagrams/{name}.mmd"), diagram);
    }

    fn finish(self) -> Vec<Artifact> {
        let file = |(path, contents)| Artifact { path, contents };
        self.files.into_iter().map(file).collect()
    }
}
