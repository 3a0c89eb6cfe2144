//! Proposed contexts for entities that the model assigns to none.

mod capped;
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
    /// Whether another context of the model holds it, by position.
    pub drawn: Vec<bool>,
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
    let drawn = seeds.iter().map(Option::is_some).collect();
    let ties = ties::ties(model, &entities);
    let groups = groups::groups(model, &entities, &ties, seeds);
    let names = names(model, context, (&entities, &groups, &ties), taken);
    Proposal { entities, drawn, groups, names, ties }
}

impl Proposal {
    /// The entities that would be new in a group, by position.
    #[must_use]
    pub fn newcomers(&self, group: usize) -> Vec<usize> {
        let members = self.groups.iter().zip(&self.drawn).enumerate();
        members.filter(|(_, (of, drawn))| **of == group && !**drawn).map(|(at, _)| at).collect()
    }

    /// The groups that entities of the divided context go to.
    #[must_use]
    pub fn pieces(&self) -> Vec<usize> {
        let groups = 0..self.names.len();
        groups.filter(|group| !self.newcomers(*group).is_empty()).collect()
    }

    /// Ties between groups that the proposal, not the model, keeps apart.
    pub fn cut(&self) -> impl Iterator<Item = &Tie> {
        self.ties.iter().filter(|tie| {
            let (a, b) = tie.pair;
            self.groups[a] != self.groups[b] && !(self.drawn[a] && self.drawn[b])
        })
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
/// entity with most operations; of several, the one that the rest of it hangs on most.
fn names(
    model: Facts<'_>,
    context: ContextId,
    (entities, groups, ties): (&[EntityId], &[usize], &[Tie]),
    taken: &BTreeSet<String>,
) -> Vec<Named> {
    let mut operations: BTreeMap<EntityId, usize> = BTreeMap::new();
    for entity in model.operations.iter().filter_map(Operation::entity) {
        *operations.entry(entity).or_default() += 1;
    }
    let mut held = vec![0.0; entities.len()];
    for tie in ties.iter().filter(|tie| groups[tie.pair.0] == groups[tie.pair.1]) {
        held[tie.pair.0] += tie.weight;
        held[tie.pair.1] += tie.weight;
    }
    let count = groups.iter().max().map_or(0, |most| most + 1);
    let mut taken = taken.clone();
    taken.extend(model.contexts.iter().map(|of| of.name.value.clone()));
    if count <= 1 {
        taken.remove(&model.context(context).name.value);
    }
    let name = |group: usize| {
        let members: Vec<usize> = (0..groups.len()).filter(|at| groups[*at] == group).collect();
        let of = |at: &usize| model.model.entity(entities[*at]);
        let drawn = members.iter().map(|at| of(at).context).find(|of| *of != context);
        if let Some(seed) = drawn {
            return Named { name: model.context(seed).name.value.clone(), seed: Some(seed) };
        }
        let most = |a: &&usize, b: &&usize| {
            let operations = |at: usize| operations.get(&entities[at]).copied();
            let order = operations(**a).cmp(&operations(**b));
            order.then_with(|| round(held[**a]).total_cmp(&round(held[**b])))
        };
        // Entities come by name, and the last of several is the greatest: so turned round.
        let head = members.iter().rev().max_by(most);
        let mut name = naming::lower_camel(head.map_or("", |at| of(at).plural.as_str()));
        while !taken.insert(name.clone()) {
            name.push_str("Context");
        }
        Named { name, seed: None }
    };
    (0..count).map(name).collect()
}

/// Without the last digits, in which sums of the same weights may differ.
fn round(weight: f64) -> f64 {
    (weight * 1e6).round()
}
