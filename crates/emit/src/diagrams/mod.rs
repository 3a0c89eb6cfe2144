//! Mermaid diagrams: a context map, the containers, the entities of each context, the states of
//! each entity that has any, and the course of each flow. Plain flowcharts stand for the first two,
//! since Mermaid's own C4 diagrams are experimental and not drawn everywhere.

mod containers;
mod context_map;
mod entities;
mod flows;
mod relations;
mod states;
mod text;

use std::collections::BTreeMap;

use base::SourceMap;
use decide::{
    Design,
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
