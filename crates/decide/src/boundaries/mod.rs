//! Proposed contexts for entities that the model assigns to none.

pub mod graph;
mod groups;
pub mod leiden;
pub mod merging;
pub mod severed;
mod ties;

use std::collections::{BTreeMap, BTreeSet};

use expression::EntityId;
use model::model::{ContextId, Operation};

pub use ties::{Sort, Tie};

use crate::facts::Facts;
use crate::naming;

/// Proposed contexts, and what holds their entities together and apart.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Entities by name: those of the context that is divided, and those that other contexts hold.
    pub entities: Vec<EntityId>,
    /// The group of each entity, by position.
    pub groups: Vec<usize>,
    /// What each group is to be called, and whether the model has it.
    pub names: Vec<Named>,
    /// All ties, by pairs of positions.
    pub ties: Vec<Tie>,
}

/// A group with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Name of the context, `lowerCamel`.
    pub name: String,
    /// The context of the model whose entities seeded it; none for a new one.
    pub seed: Option<ContextId>,
}

/// Groups the entities of a context. What the other contexts hold stays there and draws what
/// hangs on it. New groups get names that are not `taken`.
#[must_use]
pub fn propose(model: Facts<'_>, context: ContextId, taken: &BTreeSet<String>) -> Proposal {
    let mut entities: Vec<EntityId> = model.entities().map(|(id, _)| id).collect();
    entities.sort_by_key(|id| model.model.entity(*id).name.value.as_str());
    let seeds: Vec<Option<usize>> = entities
        .iter()
        .map(|id| model.entity(*id).context)
        .map(|of| (of != context).then_some(usize::from(of.0)))
        .collect();
    let ties = ties::ties(model, &entities);
    let groups = groups::groups(model, &entities, &ties, seeds);
    let names = names(model, context, (&entities, &groups), taken);
    Proposal { entities, groups, names, ties }
}

impl Proposal {
    /// The entities of a group that the model assigns to no such context yet, by position.
    #[must_use]
    pub fn newcomers(&self, model: Facts<'_>, group: usize) -> Vec<usize> {
        let seed = self.names.get(group).and_then(|named| named.seed);
        let context = |at: usize| self.entities.get(at).map(|id| model.entity(*id).context);
        let members = self.groups.iter().enumerate().filter(|(_, of)| **of == group);
        members.map(|(at, _)| at).filter(|at| context(*at) != seed).collect()
    }

    /// The groups that entities of the divided context go to.
    #[must_use]
    pub fn pieces(&self, model: Facts<'_>) -> Vec<usize> {
        let groups = 0..self.names.len();
        groups.filter(|group| !self.newcomers(model, *group).is_empty()).collect()
    }

    /// The group that another hangs on most, if it hangs on any.
    #[must_use]
    pub fn nearest(&self, group: usize) -> Option<usize> {
        let mut sums: BTreeMap<usize, f64> = BTreeMap::new();
        for tie in &self.ties {
            let (a, b) = (self.groups[tie.pair.0], self.groups[tie.pair.1]);
            if a != b && (a == group || b == group) {
                *sums.entry(if a == group { b } else { a }).or_default() += tie.weight;
            }
        }
        let held = sums.into_iter().filter(|(_, weight)| *weight > 0.0);
        let most = held.fold(None, |most: Option<(usize, f64)>, next| match most {
            Some(most) if most.1 >= next.1 => Some(most),
            _ => Some(next),
        });
        most.map(|(group, _)| group)
    }
}

/// A group with entities of a context of the model is that context; a new one is named after the
/// entity with most operations.
fn names(
    model: Facts<'_>,
    context: ContextId,
    (entities, groups): (&[EntityId], &[usize]),
    taken: &BTreeSet<String>,
) -> Vec<Named> {
    let mut operations: BTreeMap<EntityId, usize> = BTreeMap::new();
    for entity in model.operations.iter().filter_map(Operation::entity) {
        *operations.entry(entity).or_default() += 1;
    }
    let count = groups.iter().max().map_or(0, |most| most + 1);
    let mut taken = taken.clone();
    taken.extend(model.contexts.iter().map(|of| of.name.value.clone()));
    if count <= 1 {
        taken.remove(&model.context(context).name.value);
    }
    let name = |group: usize| {
        let members = entities.iter().zip(groups).filter(|(_, of)| **of == group);
        let members: Vec<EntityId> = members.map(|(id, _)| *id).collect();
        let drawn = members.iter().map(|id| model.entity(*id).context).find(|of| *of != context);
        if let Some(seed) = drawn {
            return Named { name: model.context(seed).name.value.clone(), seed: Some(seed) };
        }
        // Entities come by name, and the last of several is the greatest: so turned round.
        let head = members.iter().rev().max_by_key(|id| operations.get(id).copied());
        let plural = head.map_or("", |id| model.model.entity(*id).plural.as_str());
        let mut name = naming::lower_camel(plural);
        while !taken.insert(name.clone()) {
            name.push_str("Context");
        }
        Named { name, seed: None }
    };
    (0..count).map(name).collect()
}
