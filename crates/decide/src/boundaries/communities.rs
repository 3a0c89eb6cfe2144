//! Groups of nodes that hang together more than chance would have it: modularity, by local moving
//! and aggregation (Blondel et al. 2008). Deterministic: nodes are visited in their order, ties go
//! to the first group.

use std::collections::BTreeMap;

/// Weights of pairs of nodes, the lesser first.
pub type Weights = BTreeMap<(usize, usize), f64>;

/// Passes over all nodes, and levels of aggregation; both settle long before.
const MOST: usize = 32;

/// The group of each node, numbered in the order of their first nodes. Pairs in `fixed` stay
/// together.
#[must_use]
pub fn communities(nodes: usize, weights: &Weights, fixed: &[(usize, usize)]) -> Vec<usize> {
    let mut groups: Vec<usize> = (0..nodes).collect();
    for &(a, b) in fixed {
        unite(&mut groups, a, b);
    }
    for _ in 0..MOST {
        let before = renumbered(&groups);
        let count = before.iter().max().map_or(0, |most| most + 1);
        let moved = moved(count, &between(&before, weights));
        groups = before.iter().map(|group| moved[*group]).collect();
        if renumbered(&groups) == before {
            break;
        }
    }
    renumbered(&groups)
}

/// Joins two groups.
pub fn unite(groups: &mut [usize], a: usize, b: usize) {
    let (from, to) = (groups[a].max(groups[b]), groups[a].min(groups[b]));
    groups.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
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

/// Moves each node to the group where it gains most, until none moves.
fn moved(nodes: usize, weights: &Weights) -> Vec<usize> {
    let mut neighbours: Vec<Vec<(usize, f64)>> = vec![Vec::new(); nodes];
    let mut degrees = vec![0.0; nodes];
    for (&(a, b), &weight) in weights {
        degrees[a] += weight;
        degrees[b] += weight;
        if a != b {
            neighbours[a].push((b, weight));
            neighbours[b].push((a, weight));
        }
    }
    let doubled: f64 = degrees.iter().sum();
    let mut groups: Vec<usize> = (0..nodes).collect();
    let mut totals = degrees.clone();
    for _ in 0..MOST {
        let mut still = true;
        for node in 0..nodes {
            let own = groups[node];
            totals[own] -= degrees[node];
            let mut inside: BTreeMap<usize, f64> = BTreeMap::from([(own, 0.0)]);
            for &(other, weight) in &neighbours[node] {
                *inside.entry(groups[other]).or_default() += weight;
            }
            let gain = |group: usize, weight: f64| weight - degrees[node] * totals[group] / doubled;
            let mut best = (own, gain(own, inside[&own]));
            for (&group, &weight) in &inside {
                if gain(group, weight) > best.1 + 1e-9 {
                    best = (group, gain(group, weight));
                }
            }
            groups[node] = best.0;
            totals[best.0] += degrees[node];
            still &= best.0 == own;
        }
        if still {
            break;
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(pairs: &[(usize, usize, f64)]) -> Weights {
        pairs.iter().map(|&(a, b, weight)| ((a, b), weight)).collect()
    }

    #[test]
    fn two_triangles_with_a_bridge_are_two_groups() {
        let pairs = [(0, 1, 1.0), (0, 2, 1.0), (1, 2, 1.0), (2, 3, 1.0), (3, 4, 1.0), (3, 5, 1.0)];
        let weights = weights(&[&pairs[..], &[(4, 5, 1.0)]].concat());
        assert_eq!(communities(6, &weights, &[]), [0, 0, 0, 1, 1, 1]);
        assert_eq!(communities(6, &weights, &[(2, 3)])[2], communities(6, &weights, &[(2, 3)])[3]);
    }

    #[test]
    fn what_hangs_on_nothing_stays_alone() {
        assert_eq!(communities(3, &weights(&[(0, 2, 1.0)]), &[]), [0, 1, 0]);
        assert_eq!(communities(0, &Weights::new(), &[]), [0usize; 0]);
    }
}
