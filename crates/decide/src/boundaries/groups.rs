//! From ties to groups: what is never cut, what says nothing, how many groups people can own.

use std::collections::{BTreeMap, BTreeSet};

use expression::EntityId;

use super::capped::capped;
use super::graph::{Graph, Weights, renumbered};
use super::leiden::leiden;
use super::ties::{self, Sort, Tie};
use crate::facts::{self, Facts};
use crate::numbers;

/// The group of each entity. `seeds` are the contexts that hold some of them already.
pub fn groups(
    model: Facts<'_>,
    entities: &[EntityId],
    ties: &[Tie],
    seeds: Vec<Option<usize>>,
) -> Vec<usize> {
    let weights = ties::weights(ties);
    let hubs = hubs(model, entities.len(), ties);
    let mut plain = weights.clone();
    plain.retain(|(a, b), _| !hubs.contains(a) && !hubs.contains(b));
    let fixed = fixed(model, entities, ties);
    let graph = Graph { nodes: entities.len(), weights: plain, fixed, seeds: seeds.clone() };
    let mut groups = leiden(&graph, model.value(&numbers::RESOLUTION));
    let mut sizes = sizes(&groups);
    let neighbours = neighbours(entities.len(), &weights);
    // Hubs and whatever is alone go where they hang most.
    let order = hubs.iter().copied().chain((0..entities.len()).filter(|at| !hubs.contains(at)));
    for at in order.filter(|at| seeds[*at].is_none()) {
        if sizes[groups[at]] == 1
            && let Some(other) = strongest(&neighbours[at])
        {
            groups[at] = groups[other];
            sizes[groups[other]] += 1;
        }
    }
    let Some(people) = facts::all_people(model) else { return renumbered(&groups) };
    let most = (people.value / model.value(&numbers::PEOPLE_PER_CONTEXT)).ceil().max(1.0);
    let most = (1..=groups.len()).take_while(|count| facts::count(*count) <= most).count();
    capped(&groups, &seeds, &weights, most)
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
    let kept = ties.iter().filter(|tie| tie.sort.written());
    kept.map(|tie| tie.pair).filter(|pair| strong(pair.0) || strong(pair.1)).collect()
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
