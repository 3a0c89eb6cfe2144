//! What groups are sought in, and how good groups are.

use std::collections::BTreeMap;

/// Weights of pairs of nodes, the lesser first.
pub type Weights = BTreeMap<(usize, usize), f64>;

/// What the groups are sought in.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// How many nodes there are.
    pub nodes: usize,
    /// What ties them.
    pub weights: Weights,
    /// Pairs that stay together.
    pub fixed: Vec<(usize, usize)>,
    /// Groups that some nodes belong to already, by node: nodes of two such groups are never
    /// brought together. Empty where there are none.
    pub seeds: Vec<Option<usize>>,
}

impl Graph {
    /// The group that a node belongs to already.
    pub fn seed(&self, node: usize) -> Option<usize> {
        self.seeds.get(node).copied().flatten()
    }

    /// Nodes of one seed and fixed pairs as one, unless that would join two seeds.
    pub fn contracted(&self) -> Vec<usize> {
        let mut groups: Vec<usize> = (0..self.nodes).collect();
        let mut seeds: Vec<Option<usize>> = groups.iter().map(|at| self.seed(*at)).collect();
        let mut holders: BTreeMap<usize, usize> = BTreeMap::new();
        for (node, group) in groups.iter_mut().enumerate() {
            if let Some(seed) = seeds[node] {
                *group = *holders.entry(seed).or_insert(node);
            }
        }
        for &(a, b) in &self.fixed {
            let (a, b) = (groups[a].min(groups[b]), groups[a].max(groups[b]));
            if a == b {
                continue;
            }
            if seeds[a].is_none() || seeds[b].is_none() || seeds[a] == seeds[b] {
                groups.iter_mut().filter(|group| **group == b).for_each(|group| *group = a);
                seeds[a] = seeds[a].or(seeds[b]);
            }
        }
        renumbered(&groups)
    }
}

/// The same groups, numbered from 0 in the order of their first nodes.
#[must_use]
pub fn renumbered(groups: &[usize]) -> Vec<usize> {
    let mut numbers: BTreeMap<usize, usize> = BTreeMap::new();
    let number = |group: &usize| {
        let next = numbers.len();
        *numbers.entry(*group).or_insert(next)
    };
    groups.iter().map(number).collect()
}

/// Weights between groups; within one where both are the same.
#[must_use]
pub fn between(groups: &[usize], weights: &Weights) -> Weights {
    let mut sums = Weights::new();
    for (&(a, b), weight) in weights {
        let (a, b) = (groups[a].min(groups[b]), groups[a].max(groups[b]));
        *sums.entry((a, b)).or_default() += weight;
    }
    sums
}

/// How much more than the resolution times chance ties the nodes of the groups.
#[must_use]
pub fn modularity(graph: &Graph, groups: &[usize], resolution: f64) -> f64 {
    let whole: f64 = graph.weights.values().sum();
    if whole <= 0.0 {
        return 0.0;
    }
    let mut degrees: BTreeMap<usize, f64> = BTreeMap::new();
    let mut inside = 0.0;
    for (&(a, b), weight) in &graph.weights {
        *degrees.entry(groups[a]).or_default() += weight;
        *degrees.entry(groups[b]).or_default() += weight;
        inside += if groups[a] == groups[b] { *weight } else { 0.0 };
    }
    let chance: f64 = degrees.values().map(|degree| (degree / (2.0 * whole)).powi(2)).sum();
    inside / whole - resolution * chance
}

/// How many groups there are.
pub fn count(groups: &[usize]) -> usize {
    groups.iter().max().map_or(0, |most| most + 1)
}
