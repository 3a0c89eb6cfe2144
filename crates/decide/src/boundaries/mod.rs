//! Proposed contexts for entities that the model assigns to none.

mod communities;
mod ties;

use std::collections::{BTreeMap, BTreeSet};

use expression::EntityId;
use model::model::{ContextId, Operation};

pub use ties::{Sort, Tie};

use crate::facts::{self, Facts};
use crate::numbers;
use communities::{Weights, between, renumbered, unite};

/// Proposed contexts, and what holds their entities together and apart.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Entities by name.
    pub entities: Vec<EntityId>,
    /// The group of each entity, by position.
    pub groups: Vec<usize>,
    /// The name of each group.
    pub names: Vec<String>,
    /// All ties, by pairs of positions.
    pub ties: Vec<Tie>,
}

/// Groups the entities of a context.
#[must_use]
pub fn propose(model: Facts<'_>, context: ContextId) -> Proposal {
    let mut entities: Vec<EntityId> =
        model.entities().filter(|(_, of)| of.context == context).map(|(id, _)| id).collect();
    entities.sort_by_key(|id| model.entity(*id).name.value.as_str());
    let ties = ties::ties(model, context, &entities);
    let weights = ties::weights(&ties);
    let groups = groups(model, &entities, &ties, &weights);
    let names = names(model, context, &entities, &groups);
    Proposal { entities, groups, names, ties }
}

fn groups(model: Facts<'_>, entities: &[EntityId], ties: &[Tie], weights: &Weights) -> Vec<usize> {
    let hubs = hubs(model, entities.len(), ties);
    let plain: Weights = weights
        .iter()
        .filter(|((a, b), _)| !hubs.contains(a) && !hubs.contains(b))
        .map(|(pair, weight)| (*pair, *weight))
        .collect();
    let mut groups =
        communities::communities(entities.len(), &plain, &fixed(model, entities, ties));
    let mut sizes = sizes(&groups);
    let neighbours = neighbours(entities.len(), weights);
    // Hubs and whatever is alone go where they hang most.
    let order = hubs.iter().copied().chain((0..entities.len()).filter(|at| !hubs.contains(at)));
    for at in order {
        if sizes[groups[at]] == 1
            && let Some(other) = strongest(&neighbours[at])
        {
            groups[at] = groups[other];
            sizes[groups[other]] += 1;
        }
    }
    capped(model, renumbered(&groups), weights)
}

/// Entities that more than a share of the others refer to: they say nothing about who belongs
/// together.
fn hubs(model: Facts<'_>, count: usize, ties: &[Tie]) -> BTreeSet<usize> {
    let mut neighbours: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for tie in ties.iter().filter(|tie| tie.sort == Sort::Refers) {
        let (from, to) = tie.direction;
        neighbours.entry(to).or_default().insert(from);
    }
    let others = facts::count(count.saturating_sub(1)).max(1.0);
    let many =
        |of: &BTreeSet<usize>| facts::count(of.len()) / others > model.value(&numbers::HUB_SHARE);
    neighbours.iter().filter(|(_, of)| many(of)).map(|(at, _)| *at).collect()
}

/// Pairs that one transaction writes where one of them is strongly consistent: never cut.
fn fixed(model: Facts<'_>, entities: &[EntityId], ties: &[Tie]) -> Vec<(usize, usize)> {
    let strong = |at: usize| model.entity(entities[at]).strong_consistency == Some(true);
    let kept = ties
        .iter()
        .filter(|tie| tie.sort == Sort::Written && (strong(tie.pair.0) || strong(tie.pair.1)));
    kept.map(|tie| tie.pair).collect()
}

/// How many members each group has.
fn sizes(groups: &[usize]) -> Vec<usize> {
    let mut sizes = vec![0; groups.iter().max().map_or(0, |most| most + 1)];
    groups.iter().for_each(|group| sizes[*group] += 1);
    sizes
}

/// What each node hangs on, and how much.
fn neighbours(nodes: usize, weights: &Weights) -> Vec<Vec<(usize, f64)>> {
    let mut neighbours = vec![Vec::new(); nodes];
    for (&(a, b), &weight) in weights.iter().filter(|((a, b), _)| a != b) {
        neighbours[a].push((b, weight));
        neighbours[b].push((a, weight));
    }
    neighbours
}

/// The neighbour with the greatest weight; the first where several are alike.
fn strongest(neighbours: &[(usize, f64)]) -> Option<usize> {
    let most = neighbours.iter().rev().max_by(|a, b| a.1.total_cmp(&b.1));
    most.map(|(other, _)| *other)
}

/// No more groups than people can own: the smallest joins the one it hangs on most.
fn capped(model: Facts<'_>, groups: Vec<usize>, weights: &Weights) -> Vec<usize> {
    let Some(people) = facts::all_people(model) else { return groups };
    let most = (people.value / model.value(&numbers::PEOPLE_PER_CONTEXT)).ceil().max(1.0);
    let mut groups = groups;
    loop {
        let count = groups.iter().max().map_or(0, |most| most + 1);
        if count <= 1 || facts::count(count) <= most {
            return groups;
        }
        let sizes = sizes(&groups);
        let smallest = (0..count).min_by_key(|group| sizes[*group]).unwrap_or_default();
        let hangs_on = neighbours(count, &between(&groups, weights));
        let other = strongest(&hangs_on[smallest]).unwrap_or(usize::from(smallest == 0));
        let first = |group: usize| groups.iter().position(|of| *of == group).unwrap_or_default();
        let (a, b) = (first(smallest), first(other));
        unite(&mut groups, a, b);
        groups = renumbered(&groups);
    }
}

/// Each group is named after the entity with most operations.
fn names(
    model: Facts<'_>,
    context: ContextId,
    entities: &[EntityId],
    groups: &[usize],
) -> Vec<String> {
    let mut operations: BTreeMap<EntityId, usize> = BTreeMap::new();
    for entity in model.operations.iter().filter_map(Operation::entity) {
        *operations.entry(entity).or_default() += 1;
    }
    let count = groups.iter().max().map_or(0, |most| most + 1);
    let mut taken: BTreeSet<String> =
        model.contexts.iter().map(|of| of.name.value.clone()).collect();
    if count <= 1 {
        taken.remove(&model.context(context).name.value);
    }
    let name = |group: usize| {
        let members = entities.iter().zip(groups).filter(|(_, of)| **of == group);
        let members = members.map(|(id, _)| *id);
        // Entities come by name, and the last of several is the greatest: so turned round.
        let members: Vec<EntityId> = members.collect();
        let head = members.iter().rev().max_by_key(|id| operations.get(id).copied());
        let mut name = head.map_or(String::new(), |id| camel(&model.entity(*id).plural));
        while !taken.insert(name.clone()) {
            name.push_str("Context");
        }
        name
    };
    (0..count).map(name).collect()
}

/// `payment-methods` as `paymentMethods`.
fn camel(kebab: &str) -> String {
    let mut words = kebab.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let mut letters = word.chars();
        let head = letters.next().map(|c| c.to_ascii_uppercase());
        name + &head.into_iter().chain(letters).collect::<String>()
    })
}
