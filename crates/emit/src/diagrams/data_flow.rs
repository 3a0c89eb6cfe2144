//! What data crosses which boundary of trust. Personal and secret data is named and goes along
//! thick lines: what a threat analysis starts from.

use std::collections::BTreeSet;

use decide::{Design, deployables::Deployable, retention};
use expression::{
    EntityId, FieldIndex, Schema, Type,
    ir::{Expression, Kind},
};
use model::model::{
    Actor, ActorId, Authentication, Callee, Entity, Fill, Modifiers, Operation, OutputValue, Target,
};

use super::graph::{Graph, Line};
use super::relations::{self, Node};
use super::surroundings::{self, actor_id, how};
use super::text::{label, some};

/// The diagram of some deployables.
pub fn diagram(design: &Design, deployables: &[Deployable]) -> Graph {
    let comment = "Data flows over boundaries of trust. Each group is trusted to a degree of its own.\n\
                   Thick: personal (P) or secret (S) data, by field; plain: other data.";
    let mut graph = Graph::about(comment);
    let page = Page { design };
    for deployable in deployables {
        let id = process(deployable);
        let names = deployable.contexts.iter().map(|id| page.context(*id));
        let lines = std::iter::once(deployable.name.clone()).chain(some(names));
        graph.node("trusted", TRUSTED, format!("{id}[{}]", label(lines)));
        page.actors(&mut graph, deployable);
        page.stores(&mut graph, deployable);
        page.externals(&mut graph, deployable);
        page.others(&mut graph, deployable);
    }
    page.between(&mut graph, deployables);
    graph
}

const TRUSTED: &str = "Ours: every request is checked against `by`";

/// The node of a deployable: names of hosts have hyphens, identifiers have none.
fn process(deployable: &Deployable) -> String {
    format!("process_{}", deployable.name.replace('-', "_"))
}

struct Page<'d> {
    design: &'d Design,
}

impl Page<'_> {
    fn context(&self, id: model::model::ContextId) -> String {
        self.design.model.context(id).name.value.clone()
    }

    /// What each actor sends and gets.
    fn actors(&self, graph: &mut Graph, deployable: &Deployable) {
        let model = &self.design.model;
        let to = process(deployable);
        for (id, actor) in surroundings::actors(self.design) {
            let asks =
                |of: &&Operation| deployable.contexts.contains(&of.context) && admits(of, id);
            let node = actor_id(&actor.name);
            for operation in model.operations.iter().filter(asks) {
                let (group, title) = trust(actor);
                let text = label([actor.name.value.as_str(), how(actor)]);
                graph.node(group, title, format!("{node}([{text}])"));
                data(graph, &node, &to, sent(operation), operation);
                data(graph, &to, &node, self.returned(operation), operation);
            }
        }
    }

    /// What an operation returns that is personal or sensitive.
    fn returned(&self, operation: &Operation) -> Vec<String> {
        let Target::Entity(entity) = operation.target else { return Vec::new() };
        let entity = self.design.model.entity(entity);
        let mut marked = Vec::new();
        for output in &operation.fields {
            match &output.value {
                OutputValue::Field(field) => {
                    marked.extend(field_mark(&self.design.model.schema, entity, *field))
                }
                OutputValue::Expression(value) => marked.extend(self.read(value)),
                OutputValue::Part(..) => {}
            }
        }
        marked
    }

    /// Marked fields of rows that an expression reads.
    fn read(&self, value: &Expression) -> Vec<String> {
        let mut marked = Vec::new();
        if let Kind::Field { of, field } = &value.kind
            && let Type::Reference(entity) = of.ty.required()
        {
            let model = &self.design.model;
            marked.extend(field_mark(&model.schema, model.entity(*entity), *field));
        }
        marked.extend(value.children().flat_map(|child| self.read(child)));
        marked
    }

    /// Rows at rest, by the store that holds them.
    fn stores(&self, graph: &mut Graph, deployable: &Deployable) {
        let from = process(deployable);
        for store in &self.design.sizing.stores {
            let held = |of: &model::model::ContextId| deployable.contexts.contains(of);
            if !store.contexts.iter().any(held) {
                continue;
            }
            let node = format!("store_{}", store.name.replace('-', "_"));
            let title = "At rest: reached by their deployable alone";
            graph.node("stores", title, format!("{node}[({})]", label([&store.name])));
            for (id, entity) in self.design.model.entities() {
                if store.contexts.contains(&entity.context) {
                    let marked = self.marked(id);
                    let line = if marked.is_empty() { Line::Solid } else { Line::Thick };
                    let what = if marked.is_empty() {
                        entity.name.value.clone()
                    } else {
                        format!("{}: {}", entity.name, some(marked).join(", "))
                    };
                    graph.edge(&from, &node, line, what);
                }
            }
        }
    }

    fn marked(&self, id: EntityId) -> Vec<String> {
        let entity = self.design.model.entity(id);
        let fields = entity.fields.iter();
        let mark = |field: &model::model::Field| {
            let personal = retention::personal(&self.design.model.schema, field);
            let mark = mark(&field.modifiers, personal);
            mark.map(|mark| format!("{mark} {}", field.name))
        };
        fields.filter_map(mark).collect()
    }

    /// What is sent to systems that are not ours, and what they send back.
    fn externals(&self, graph: &mut Graph, deployable: &Deployable) {
        let model = &self.design.model;
        let from = process(deployable);
        for operation in
            model.operations.iter().filter(|of| deployable.contexts.contains(&of.context))
        {
            decide::crossings::calls(&operation.effects, &mut |_, call| {
                let Callee::External(..) = call.callee else { return };
                let (node, name) = relations::callee(self.design, call.callee);
                let Node::External(external) = &node else { return };
                let to = node.id();
                graph.node("others", OTHERS, format!("{to}{{{{{}}}}}", label([external])));
                let values = call.arguments.iter().flat_map(expressions);
                let marked: Vec<String> = values.flat_map(|value| self.read(value)).collect();
                let plain = marked.is_empty();
                let line = if plain { Line::Solid } else { Line::Thick };
                let what =
                    if plain { name } else { format!("{name}: {}", some(marked).join(", ")) };
                graph.edge(&from, &to, line, what);
            });
        }
        for external in &model.externals {
            let from = Node::External(external.name.value.clone()).id();
            for callback in &external.callbacks {
                let Some(id) = callback.call.operation() else { continue };
                if deployable.contexts.contains(&model.operation(id).context) {
                    let text = label([&external.name.value]);
                    graph.node("others", OTHERS, format!("{from}{{{{{text}}}}}"));
                    let what = format!("{} (callback)", callback.name);
                    graph.edge(&from, &process(deployable), Line::Solid, what);
                }
            }
        }
    }

    /// Subscribers of webhooks and far ends of pipelines.
    fn others(&self, graph: &mut Graph, deployable: &Deployable) {
        let own = process(deployable);
        for (context, node, text, incoming, what) in surroundings::placed(self.design) {
            if deployable.contexts.contains(&context) {
                graph.node("others", OTHERS, format!("{node}{{{{{text}}}}}"));
                let (from, to) = if incoming { (&node, &own) } else { (&own, &node) };
                graph.edge(from, to, Line::Solid, what);
            }
        }
    }

    /// What deployables read of each other.
    fn between(&self, graph: &mut Graph, deployables: &[Deployable]) {
        let model = &self.design.model;
        let home = |context| deployables.iter().find(|of| of.contexts.contains(&context));
        for operation in &model.operations {
            for (entity, field, _) in &operation.uses {
                let (to, from) = (home(operation.context), home(model.entity(*entity).context));
                let (Some(to), Some(from)) = (to, from) else { continue };
                if to.name == from.name {
                    continue;
                }
                let entity = model.entity(*entity);
                let marked = field_mark(&self.design.model.schema, entity, *field);
                let line = if marked.is_some() { Line::Thick } else { Line::Solid };
                let plain = || format!("{}.{}", entity.name, entity.field(*field).name);
                graph.edge(&process(from), &process(to), line, marked.unwrap_or_else(plain));
            }
        }
    }
}

const OTHERS: &str = "Others: their answers are checked like any input";

fn admits(operation: &Operation, actor: ActorId) -> bool {
    operation.by.iter().any(|grant| grant.actor == actor)
}

/// How far an actor is trusted.
fn trust(actor: &Actor) -> (&'static str, &'static str) {
    match actor.authentication {
        Authentication::None => ("anyone", "Anyone: nothing is believed"),
        _ => ("proven", "Proven identities: believed to be who they are, no more"),
    }
}

/// Marked inputs of an operation.
fn sent(operation: &Operation) -> Vec<String> {
    let marked = operation.input.parameters.iter().filter_map(|parameter| {
        let mark = mark(&parameter.modifiers, parameter.modifiers.pii)?;
        Some(format!("{mark} {}", parameter.name))
    });
    marked.collect()
}

fn field_mark(schema: &Schema, entity: &Entity, field: FieldIndex) -> Option<String> {
    let field = entity.field(field);
    let mark = mark(&field.modifiers, retention::personal(schema, field))?;
    Some(format!("{mark} {}.{}", entity.name, field.name))
}

/// `P` for personal, `S` for secret or sensitive data.
fn mark(modifiers: &Modifiers, personal: bool) -> Option<&'static str> {
    let secret = modifiers.secret || modifiers.sensitive;
    match (personal, secret) {
        (true, true) => Some("P S"),
        (true, false) => Some("P"),
        (false, true) => Some("S"),
        (false, false) => None,
    }
}

/// Marked data by field, other data by the operation that moves it.
fn data(graph: &mut Graph, from: &str, to: &str, marked: Vec<String>, operation: &Operation) {
    if marked.is_empty() {
        graph.edge(from, to, Line::Solid, &operation.name.value);
    }
    let unique: BTreeSet<String> = marked.into_iter().collect();
    unique.into_iter().for_each(|what| graph.edge(from, to, Line::Thick, what));
}

/// The expressions that a value is made of.
fn expressions(fill: &Fill) -> Vec<&Expression> {
    match fill {
        Fill::Expression(expression) => vec![expression],
        Fill::Record(fills) | Fill::List(fills) => fills.iter().flat_map(expressions).collect(),
        Fill::Lookup { by, .. } => by.iter().flat_map(|(_, fill)| expressions(fill)).collect(),
        Fill::Constant(_) | Fill::Now => Vec::new(),
    }
}
