//! What verdicts are about, by name: the name alone where no two contexts use the same, else with
//! the context in front.

use std::collections::BTreeMap;

use expression::EntityId;
use model::{
    Model,
    model::{ContextId, EventId, OperationId},
};

/// The names by which verdicts call entities, operations and events, by their positions.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Of entities.
    pub entities: Vec<String>,
    /// Of operations.
    pub operations: Vec<String>,
    /// Of events.
    pub events: Vec<String>,
}

impl Names {
    /// All names of a model.
    #[must_use]
    pub fn of(model: &Model) -> Self {
        Self {
            entities: entities(model),
            operations: operations(model),
            events: unambiguous(model, || {
                model.events.iter().map(|of| (of.context, of.name.value.as_str()))
            }),
        }
    }

    /// The name of an entity.
    #[must_use]
    pub fn entity(&self, id: EntityId) -> &str {
        self.entities.get(id.0 as usize).map_or("", String::as_str)
    }

    /// The name of an operation.
    #[must_use]
    pub fn operation(&self, id: OperationId) -> &str {
        self.operations.get(id.0 as usize).map_or("", String::as_str)
    }

    /// The name of an event.
    #[must_use]
    pub fn event(&self, id: EventId) -> &str {
        self.events.get(id.0 as usize).map_or("", String::as_str)
    }
}

/// The names of operations.
#[must_use]
pub fn operations(model: &Model) -> Vec<String> {
    unambiguous(model, || model.operations.iter().map(|of| (of.context, of.name.value.as_str())))
}

/// The names of entities.
#[must_use]
pub fn entities(model: &Model) -> Vec<String> {
    unambiguous(model, || model.entities.iter().map(|of| (of.context, of.name.value.as_str())))
}

fn unambiguous<'m, I>(model: &Model, names: impl Fn() -> I) -> Vec<String>
where
    I: Iterator<Item = (ContextId, &'m str)>,
{
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    names().for_each(|(_, name)| *count.entry(name).or_default() += 1);
    let full = |(context, name): (ContextId, &str)| match count.get(name) {
        Some(1) => name.to_owned(),
        _ => format!("{}.{name}", model.context(context).name),
    };
    names().map(full).collect()
}
