//! Who depends on whom: contexts on each other, and on what is not ours.

use std::collections::{BTreeMap, BTreeSet};

use decide::Design;
use expression::{EntityId, Type};
use model::model::{Callee, ContextId, Effect, EffectKind, Event, Flow, Invocation, StepKind};

/// What depends, or is depended on. Names, so that order in the model does not matter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    /// A context.
    Context(String),
    /// An external.
    External(String),
}

impl Node {
    /// Its identifier in a diagram; the prefix keeps it from being a word of Mermaid.
    pub fn id(&self) -> String {
        match self {
            Self::Context(name) => format!("context_{name}"),
            Self::External(name) => format!("external_{name}"),
        }
    }
}

/// How strong a dependency is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Something is asked of the other, or its data is read.
    Uses,
    /// Only ids of the other's rows are kept.
    Refers,
}

/// All dependencies with what they consist of.
pub type Relations = BTreeMap<(Node, Node, Strength), BTreeSet<String>>;

/// The dependencies of a design.
pub fn all(design: &Design) -> Relations {
    let mut collector = Collector { design, relations: Relations::new() };
    collector.operations();
    design.model.flows.iter().for_each(|flow| collector.flow(flow));
    collector.callbacks();
    collector.references();
    collector.relations.retain(|(from, to, _), _| from != to);
    collector.relations
}

/// What an invocation calls, by name.
pub fn callee(design: &Design, callee: Callee) -> (Node, String) {
    match callee {
        Callee::Operation(id) => {
            let operation = design.model.operation(id);
            (context(design, operation.context), operation.name.value.clone())
        }
        Callee::External(id, at) => {
            let external = design.model.external(id);
            let operation = external.operations.get(usize::from(at));
            let name = operation.map_or_else(String::new, |of| of.name.value.clone());
            (Node::External(external.name.value.clone()), name)
        }
    }
}

/// The calls of an operation's effects, those after a refusal included.
pub fn calls(effects: &[Effect]) -> Vec<Callee> {
    let mut all = Vec::new();
    for effect in effects {
        if let EffectKind::Call(call) = &effect.kind {
            all.push(call.callee);
            all.extend(calls(&call.refused));
            all.extend(calls(call.fallback.as_deref().unwrap_or_default()));
        }
    }
    all
}

/// A context as a node.
pub fn context(design: &Design, id: ContextId) -> Node {
    Node::Context(design.model.context(id).name.value.clone())
}

struct Collector<'d> {
    design: &'d Design,
    relations: Relations,
}

impl Collector<'_> {
    fn add(&mut self, from: Node, to: Node, strength: Strength, what: String) {
        self.relations.entry((from, to, strength)).or_default().insert(what);
    }

    fn operations(&mut self) {
        let model = &self.design.model;
        for operation in &model.operations {
            let from = context(self.design, operation.context);
            for called in calls(&operation.effects) {
                let (to, name) = callee(self.design, called);
                self.add(from.clone(), to, Strength::Uses, name);
            }
            for (entity, field, _) in &operation.uses {
                let entity = model.entity(*entity);
                let name = format!("{}.{}", entity.name, entity.field(*field).name);
                let to = context(self.design, entity.context);
                self.add(from.clone(), to, Strength::Uses, name);
            }
        }
    }

    /// A flow is driven by the context whose event starts it.
    fn flow(&mut self, flow: &Flow) {
        let event = |id| -> &Event { self.design.model.event(id) };
        let from = context(self.design, event(flow.after).context);
        let mut invoked: Vec<&Invocation> = flow.failed.iter().collect();
        let mut awaited = Vec::new();
        for step in &flow.steps {
            invoked.extend(&step.undo);
            match &step.kind {
                StepKind::Call(invocation) => invoked.push(invocation),
                StepKind::Wait { event: id, late, .. } => {
                    invoked.extend(late);
                    awaited.push(event(*id));
                }
            }
        }
        let awaited: Vec<_> =
            awaited.iter().map(|of| (of.context, of.name.value.clone())).collect();
        let names = invoked.into_iter().map(|invocation| callee(self.design, invocation.callee));
        for (to, name) in names.collect::<Vec<_>>() {
            self.add(from.clone(), to, Strength::Uses, format!("{}: {name}", flow.name));
        }
        for (of, name) in awaited {
            let to = context(self.design, of);
            self.add(from.clone(), to, Strength::Uses, format!("{}: waits for {name}", flow.name));
        }
    }

    fn callbacks(&mut self) {
        for external in &self.design.model.externals {
            for callback in &external.callbacks {
                let from = Node::External(external.name.value.clone());
                let (to, _) = callee(self.design, callback.call.callee);
                self.add(from, to, Strength::Uses, format!("{} (callback)", callback.name));
            }
        }
    }

    fn references(&mut self) {
        let model = &self.design.model;
        for (id, entity) in model.entities() {
            let shape = model.shape(id);
            let parts = shape.parts.iter().flat_map(|part| &part.fields);
            for field in shape.fields.iter().chain(parts) {
                let Some(other) = referenced(&field.ty) else { continue };
                let other = model.entity(other);
                let from = context(self.design, entity.context);
                let to = context(self.design, other.context);
                self.add(from, to, Strength::Refers, other.name.value.clone());
            }
        }
    }
}

/// The entity that a value leads to, alone or in a list.
pub fn referenced(ty: &Type) -> Option<EntityId> {
    match ty {
        Type::Reference(entity) => Some(*entity),
        Type::Optional(of) | Type::List { of, .. } => referenced(of),
        _ => None,
    }
}
