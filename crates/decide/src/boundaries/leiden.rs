//! Groups of nodes that hang together more than chance would have it: modularity, by the Leiden
//! algorithm (Traag, Waltman and van Eck 2019): local moving, refinement, aggregation.
//! Deterministic: nodes are visited in their order and move to the best group instead of a random
//! good one; ties go to the first. Every group is connected.

use super::graph::{Graph, between, count, modularity, renumbered};

/// Iterations, levels of one and rounds at a level; all settle long before.
const MOST: usize = 32;

/// A gain that is none but for rounding.
const NOTHING: f64 = 1e-9;

/// The group of each node, numbered in the order of their first nodes. The resolution is how much
/// more than chance would tie them holds a group together: 1 is modularity as Newman and Girvan
/// define it, more makes smaller groups. Where local moving ends depends on where it begins, so it
/// begins several times, each in another order of the nodes, and the best groups are taken; of
/// equal ones the first.
#[must_use]
pub fn leiden(graph: &Graph, resolution: f64) -> Vec<usize> {
    let start = graph.contracted();
    let level = Level::of(graph, &start, resolution);
    let mut best: Option<(f64, Vec<usize>)> = None;
    for order in orders(&level) {
        let groups = settled(&level.permuted(&order));
        let groups: Vec<usize> = {
            let mut back = vec![0; groups.len()];
            order.iter().zip(groups).for_each(|(node, group)| back[*node] = group);
            start.iter().map(|node| back[*node]).collect()
        };
        let quality = modularity(graph, &groups, resolution);
        if best.as_ref().is_none_or(|(most, _)| quality > most + NOTHING) {
            best = Some((quality, groups));
        }
    }
    renumbered(&best.unwrap_or_default().1)
}

/// The orders in which nodes are visited: by name, the other way round, and from what is tied
/// least or most.
fn orders(level: &Level) -> [Vec<usize>; 4] {
    let forth: Vec<usize> = (0..level.degrees.len()).collect();
    let back: Vec<usize> = forth.iter().rev().copied().collect();
    let (mut least, mut most) = (forth.clone(), forth.clone());
    let degree = |node: &usize| level.degrees[*node];
    least.sort_by(|a, b| degree(a).total_cmp(&degree(b)));
    most.sort_by(|a, b| degree(b).total_cmp(&degree(a)));
    [forth, back, least, most]
}

/// Iterates until nothing changes.
fn settled(level: &Level) -> Vec<usize> {
    let mut groups: Vec<usize> = (0..level.degrees.len()).collect();
    for _ in 0..MOST {
        let next = renumbered(&iteration(level, groups.clone()));
        if next == groups {
            break;
        }
        groups = next;
    }
    groups
}

/// As [`leiden`], without refinement: Louvain (Blondel et al. 2008), to compare with.
#[must_use]
pub fn louvain(graph: &Graph, resolution: f64) -> Vec<usize> {
    let mut groups = graph.contracted();
    for _ in 0..MOST {
        let level = Level::of(graph, &groups, resolution);
        let moved = level.moved((0..level.degrees.len()).collect());
        let next = renumbered(&groups.iter().map(|group| moved[*group]).collect::<Vec<_>>());
        if next == groups {
            break;
        }
        groups = next;
    }
    groups
}

/// One pass through all levels: the groups that come of those it starts from.
fn iteration(bottom: &Level, start: Vec<usize>) -> Vec<usize> {
    let mut level = bottom.clone();
    let mut groups = start;
    // Where each node of the bottom is found at this level.
    let mut nodes: Vec<usize> = (0..bottom.degrees.len()).collect();
    for _ in 0..MOST {
        groups = renumbered(&level.moved(groups));
        let refined = renumbered(&level.refined(&groups));
        let count = count(&refined);
        if count == level.degrees.len() {
            break;
        }
        let mut above = vec![0; count];
        for (node, &to) in refined.iter().enumerate() {
            above[to] = groups[node];
        }
        nodes.iter_mut().for_each(|node| *node = refined[*node]);
        level = level.aggregated(&refined, count);
        groups = above;
    }
    nodes.into_iter().map(|node| groups[node]).collect()
}

/// A graph of groups of nodes.
#[derive(Clone)]
struct Level {
    neighbours: Vec<Vec<(usize, f64)>>,
    degrees: Vec<f64>,
    seeds: Vec<Option<usize>>,
    /// What chance gives two nodes is the product of their degrees times this.
    chance: f64,
}

impl Level {
    fn of(graph: &Graph, groups: &[usize], resolution: f64) -> Self {
        let count = count(groups);
        let mut level = Self::tied(count, between(groups, &graph.weights).into_iter());
        let doubled: f64 = level.degrees.iter().sum();
        level.chance = if doubled > 0.0 { resolution / doubled } else { 0.0 };
        for (node, group) in groups.iter().enumerate() {
            level.seeds[*group] = level.seeds[*group].or(graph.seed(node));
        }
        level
    }

    /// The same with the nodes in another order.
    fn permuted(&self, order: &[usize]) -> Self {
        let mut places = vec![0; order.len()];
        order.iter().enumerate().for_each(|(place, node)| places[*node] = place);
        let neighbours = |node: &usize| {
            let own = self.neighbours[*node].iter();
            let mut own: Vec<(usize, f64)> =
                own.map(|&(other, weight)| (places[other], weight)).collect();
            own.sort_by_key(|(other, _)| *other);
            own
        };
        Self {
            neighbours: order.iter().map(neighbours).collect(),
            degrees: order.iter().map(|node| self.degrees[*node]).collect(),
            seeds: order.iter().map(|node| self.seeds[*node]).collect(),
            chance: self.chance,
        }
    }

    fn tied(count: usize, weights: impl Iterator<Item = ((usize, usize), f64)>) -> Self {
        let (mut neighbours, mut degrees) = (vec![Vec::new(); count], vec![0.0; count]);
        for ((a, b), weight) in weights {
            degrees[a] += weight;
            degrees[b] += weight;
            if a != b {
                neighbours[a].push((b, weight));
                neighbours[b].push((a, weight));
            }
        }
        Self { neighbours, degrees, seeds: vec![None; count], chance: 0.0 }
    }

    fn aggregated(&self, groups: &[usize], count: usize) -> Self {
        let mut pairs = Vec::new();
        let mut seeds = vec![None; count];
        for (node, neighbours) in self.neighbours.iter().enumerate() {
            seeds[groups[node]] = seeds[groups[node]].or(self.seeds[node]);
            for &(other, weight) in neighbours.iter().filter(|(other, _)| *other > node) {
                let (a, b) = (groups[node], groups[other]);
                pairs.push(((a.min(b), a.max(b)), weight));
            }
        }
        // Sorting keeps the order in which the weights of a pair are added up.
        pairs.sort_by_key(|(pair, _)| *pair);
        let sums = pairs.chunk_by(|a, b| a.0 == b.0);
        let sums = sums.filter_map(|of| {
            let sum = of.iter().fold(0.0, |sum, (_, weight)| sum + weight);
            of.first().map(|(pair, _)| (*pair, sum))
        });
        let mut level = Self::tied(count, sums);
        level.degrees = vec![0.0; count];
        for (node, degree) in self.degrees.iter().enumerate() {
            level.degrees[groups[node]] += degree;
        }
        Self { seeds, chance: self.chance, ..level }
    }

    /// Moves each node to the group where it gains most, until none moves.
    fn moved(&self, groups: Vec<usize>) -> Vec<usize> {
        let nodes = self.degrees.len();
        let mut places = Places::new(self, groups);
        let mut waiting = vec![true; nodes];
        for _ in 0..MOST {
            let mut still = true;
            for node in 0..nodes {
                if !std::mem::take(&mut waiting[node]) {
                    continue;
                }
                if places.settle(node) {
                    still = false;
                    for &(other, _) in &self.neighbours[node] {
                        waiting[other] |= places.groups[other] != places.groups[node];
                    }
                }
            }
            if still {
                break;
            }
        }
        places.groups
    }

    /// The parts of each group that hang together by themselves: nodes that are still alone join
    /// the part of their group where they gain most.
    fn refined(&self, groups: &[usize]) -> Vec<usize> {
        let nodes = self.degrees.len();
        let mut totals = vec![0.0; nodes];
        for (node, group) in groups.iter().enumerate() {
            totals[*group] += self.degrees[node];
        }
        let outward = |node: usize| -> f64 {
            let own =
                self.neighbours[node].iter().filter(|(other, _)| groups[*other] == groups[node]);
            own.map(|(_, weight)| weight).sum()
        };
        let mut parts: Vec<usize> = (0..nodes).collect();
        let mut sizes = vec![1usize; nodes];
        let mut degrees = self.degrees.clone();
        // What ties each part to the rest of its group.
        let mut ties: Vec<f64> = (0..nodes).map(outward).collect();
        let mut sums = Sums::new(nodes);
        for node in 0..nodes {
            let total = totals[groups[node]];
            let held =
                |ties: f64, degree: f64| ties + NOTHING >= self.chance * degree * (total - degree);
            if sizes[parts[node]] > 1 || !held(ties[node], self.degrees[node]) {
                continue;
            }
            let own =
                self.neighbours[node].iter().filter(|(other, _)| groups[*other] == groups[node]);
            own.for_each(|&(other, weight)| sums.add(parts[other], weight));
            // The part, what joining it gains, and what ties the two to each other.
            let mut best = (node, 0.0, 0.0);
            for (part, weight) in sums.drain() {
                let gain = weight - self.chance * self.degrees[node] * degrees[part];
                if held(ties[part], degrees[part]) && gain > best.1 + NOTHING {
                    best = (part, gain, weight);
                }
            }
            let (part, _, joined) = best;
            if part != node {
                parts[node] = part;
                sizes[part] += 1;
                degrees[part] += self.degrees[node];
                // What ties the two to each other no longer ties them to the rest.
                ties[part] += ties[node] - 2.0 * joined;
            }
        }
        parts
    }
}

/// Where each node is, while nodes move.
struct Places<'l> {
    level: &'l Level,
    groups: Vec<usize>,
    totals: Vec<f64>,
    sizes: Vec<usize>,
    seeds: Vec<Option<usize>>,
    sums: Sums,
}

impl<'l> Places<'l> {
    fn new(level: &'l Level, groups: Vec<usize>) -> Self {
        let nodes = level.degrees.len();
        let (mut totals, mut sizes, mut seeds) =
            (vec![0.0; nodes], vec![0; nodes], vec![None; nodes]);
        for (node, &group) in groups.iter().enumerate() {
            totals[group] += level.degrees[node];
            sizes[group] += 1;
            seeds[group] = seeds[group].or(level.seeds[node]);
        }
        Self { level, groups, totals, sizes, seeds, sums: Sums::new(nodes) }
    }

    /// Moves a node to the group where it gains most, or to one of its own; whether it moved.
    fn settle(&mut self, node: usize) -> bool {
        let (level, own) = (self.level, self.groups[node]);
        let (degree, seed) = (level.degrees[node], level.seeds[node]);
        self.totals[own] -= degree;
        self.sizes[own] -= 1;
        if seed.is_some() {
            self.seeds[own] = None;
        }
        for &(other, weight) in &level.neighbours[node] {
            self.sums.add(self.groups[other], weight);
        }
        let chance = level.chance * degree;
        let stay = self.sums.of(own) - chance * self.totals[own];
        let mut best = (own, stay);
        for (group, weight) in self.sums.drain() {
            let gain = weight - chance * self.totals[group];
            let free = seed.is_none() || self.seeds[group].is_none();
            if group != own && free && gain > best.1 + NOTHING {
                best = (group, gain);
            }
        }
        if best.1 < -NOTHING
            && let Some(empty) = self.sizes.iter().position(|size| *size == 0)
        {
            best = (empty, 0.0);
        }
        let group = best.0;
        self.groups[node] = group;
        self.totals[group] += degree;
        self.sizes[group] += 1;
        self.seeds[group] = self.seeds[group].or(seed);
        group != own
    }
}

/// Sums by group, reused from node to node.
struct Sums {
    sums: Vec<f64>,
    touched: Vec<usize>,
}

impl Sums {
    fn new(groups: usize) -> Self {
        Self { sums: vec![0.0; groups], touched: Vec::new() }
    }

    fn add(&mut self, group: usize, weight: f64) {
        if self.sums[group] == 0.0 {
            self.touched.push(group);
        }
        self.sums[group] += weight;
    }

    fn of(&self, group: usize) -> f64 {
        self.sums[group]
    }

    /// All sums by group, which are then nothing again.
    fn drain(&mut self) -> impl Iterator<Item = (usize, f64)> {
        self.touched.sort_unstable();
        let sums = &mut self.sums;
        self.touched.drain(..).map(|group| (group, std::mem::take(&mut sums[group])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(nodes: usize, pairs: &[(usize, usize, f64)]) -> Graph {
        let weights = pairs.iter().map(|&(a, b, weight)| ((a, b), weight)).collect();
        Graph { nodes, weights, ..Graph::default() }
    }

    fn triangles() -> Graph {
        let pairs = [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (3, 5), (4, 5)];
        graph(6, &pairs.map(|(a, b)| (a, b, 1.0)))
    }

    #[test]
    fn two_triangles_with_a_bridge_are_two_groups() {
        assert_eq!(leiden(&triangles(), 1.0), [0, 0, 0, 1, 1, 1]);
        assert_eq!(louvain(&triangles(), 1.0), [0, 0, 0, 1, 1, 1]);
        let fixed = Graph { fixed: vec![(2, 3)], ..triangles() };
        assert_eq!(leiden(&fixed, 1.0)[2], leiden(&fixed, 1.0)[3]);
    }

    #[test]
    fn a_higher_resolution_makes_smaller_groups() {
        assert_eq!(leiden(&triangles(), 0.01), [0; 6]);
        assert_eq!(leiden(&triangles(), 8.0), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn seeds_stay_apart_and_draw_what_hangs_on_them() {
        let seeds = vec![Some(7), None, None, None, None, Some(7)];
        let groups = leiden(&Graph { seeds, ..triangles() }, 1.0);
        assert_eq!(groups[0], groups[5], "of one seed");
        let seeds = vec![Some(1), Some(2), None, None, None, None];
        let groups = leiden(&Graph { seeds, ..triangles() }, 1.0);
        assert_ne!(groups[0], groups[1]);
        let fixed = vec![(0, 1)];
        let seeds = vec![Some(1), Some(2), None, None, None, None];
        let groups = leiden(&Graph { seeds, fixed, ..triangles() }, 0.01);
        assert_ne!(groups[0], groups[1], "what the model keeps apart is not joined by a rule");
    }

    #[test]
    fn what_hangs_on_nothing_stays_alone() {
        assert_eq!(leiden(&graph(3, &[(0, 2, 1.0)]), 1.0), [0, 1, 0]);
        assert_eq!(leiden(&Graph::default(), 1.0), [0usize; 0]);
    }

    #[test]
    fn groups_are_connected() {
        // A ring of cliques with a hub in the middle: the classic trap of local moving alone.
        let mut pairs = Vec::new();
        for clique in 0..8 {
            let first = clique * 4;
            for a in first..first + 4 {
                (a + 1..first + 4).for_each(|b| pairs.push((a, b, 1.0)));
                pairs.push((a, 32, 0.9));
            }
            if clique > 0 {
                pairs.push((first - 1, first, 0.5));
            }
        }
        let graph = graph(33, &pairs);
        let groups = leiden(&graph, 1.0);
        for group in 0..=groups.iter().copied().max().unwrap_or_default() {
            let members: Vec<usize> = (0..33).filter(|node| groups[*node] == group).collect();
            let mut reached = vec![members[0]];
            let mut at = 0;
            while at < reached.len() {
                let from = reached[at];
                for &(a, b) in graph.weights.keys().filter(|(a, b)| *a == from || *b == from) {
                    let other = if a == from { b } else { a };
                    if groups[other] == group && !reached.contains(&other) {
                        reached.push(other);
                    }
                }
                at += 1;
            }
            assert_eq!(reached.len(), members.len(), "{groups:?}");
        }
    }
}
