//! No more groups than people can own.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Weights, between, count, renumbered};

/// Joins the smallest new group with the one it hangs on most until there are at most so many.
/// Groups with entities of contexts that the model draws stay, and may be joined. Of equal ones
/// the first counts; what hangs on nothing joins the first.
pub fn capped(
    groups: &[usize],
    seeds: &[Option<usize>],
    weights: &Weights,
    most: usize,
) -> Vec<usize> {
    let groups = renumbered(groups);
    let mut merging = Merging::of(&groups, seeds, weights);
    while merging.left.len() > most.max(1) {
        let Some((_, smallest)) = merging.new.pop_first() else { break };
        merging.join(smallest);
    }
    renumbered(&groups.iter().map(|group| merging.home(*group)).collect::<Vec<_>>())
}

struct Merging {
    /// Where each group went; itself while it is left.
    into: Vec<usize>,
    sizes: Vec<usize>,
    ties: Vec<BTreeMap<usize, f64>>,
    /// Groups that are left.
    left: BTreeSet<usize>,
    /// Those that no context of the model has entities in, by size.
    new: BTreeSet<(usize, usize)>,
}

impl Merging {
    fn of(groups: &[usize], seeds: &[Option<usize>], weights: &Weights) -> Self {
        let count = count(groups);
        let (mut sizes, mut ties) = (vec![0; count], vec![BTreeMap::new(); count]);
        groups.iter().for_each(|group| sizes[*group] += 1);
        for (&(a, b), &weight) in between(groups, weights).iter().filter(|((a, b), _)| a != b) {
            ties[a].insert(b, weight);
            ties[b].insert(a, weight);
        }
        let of_seeds = groups.iter().zip(seeds).filter(|(_, seed)| seed.is_some());
        let drawn: BTreeSet<usize> = of_seeds.map(|(group, _)| *group).collect();
        let new = (0..count).filter(|group| !drawn.contains(group));
        let new = new.map(|group| (sizes[group], group)).collect();
        Self { into: (0..count).collect(), sizes, ties, left: (0..count).collect(), new }
    }

    /// Where the entities of a group are in the end.
    fn home(&self, group: usize) -> usize {
        let mut at = group;
        while self.into[at] != at {
            at = self.into[at];
        }
        at
    }

    /// Joins a group with the one it hangs on most.
    fn join(&mut self, group: usize) {
        let own = std::mem::take(&mut self.ties[group]);
        let most = own.iter().rev().max_by(|a, b| a.1.total_cmp(b.1)).map(|(other, _)| *other);
        let first = || self.left.iter().copied().find(|other| *other != group);
        let Some(other) = most.or_else(first) else { return };
        self.left.remove(&group);
        self.into[group] = other;
        for (third, weight) in own {
            self.ties[third].remove(&group);
            if third != other {
                *self.ties[third].entry(other).or_default() += weight;
                *self.ties[other].entry(third).or_default() += weight;
            }
        }
        let free = self.new.remove(&(self.sizes[other], other));
        self.sizes[other] += self.sizes[group];
        if free {
            self.new.insert((self.sizes[other], other));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_join_what_they_hang_on() {
        let groups = [0, 0, 0, 1, 2, 2, 3];
        let weights = Weights::from([((2, 3), 1.0), ((3, 4), 2.0), ((0, 4), 0.5)]);
        let capped = |most| capped(&groups, &[None; 7], &weights, most);
        assert_eq!(capped(4), groups);
        assert_eq!(capped(3), [0, 0, 0, 1, 1, 1, 2], "the fourth hangs on the fifth most");
        assert_eq!(capped(2), [0, 0, 0, 1, 1, 1, 0], "what hangs on nothing joins the first");
        assert_eq!(capped(0), [0; 7]);
    }

    #[test]
    fn contexts_of_the_model_stay() {
        let seeds = [Some(0), Some(1), None, None];
        let weights = Weights::from([((1, 2), 1.0), ((0, 3), 1.0)]);
        assert_eq!(capped(&[0, 1, 2, 3], &seeds, &weights, 1), [0, 1, 1, 0]);
    }

    #[test]
    fn thousands_of_groups_are_joined_in_no_time() {
        let groups: Vec<usize> = (0..20_000).collect();
        let weights = groups.iter().skip(1).map(|at| ((at / 2, *at), 1.0)).collect();
        let capped = capped(&groups, &vec![None; groups.len()], &weights, 5);
        assert_eq!(count(&capped), 5);
    }
}
