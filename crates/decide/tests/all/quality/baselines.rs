//! What one signal alone finds, and what needs no signal at all.

use std::collections::{BTreeMap, BTreeSet};

use decide::boundaries::graph::{Graph, modularity};
use decide::boundaries::leiden::{leiden, louvain};

use super::samples::{Sample, shuffle};

/// A partition of the tables of a sample.
pub type Method = fn(&Sample) -> Vec<usize>;

/// The baselines, by what a reader calls them.
pub const ALL: [(&str, Method); 6] = [
    ("Louvain on references", |sample| louvain(&references(sample), 1.0)),
    ("Leiden on references", |sample| leiden(&references(sample), 1.0)),
    ("first word of the name", first_words),
    ("one group", |sample| vec![0; sample.tables.len()]),
    ("each table alone", |sample| (0..sample.tables.len()).collect()),
    ("the right labels, shuffled", |sample| {
        let mut labels = sample.labels.clone();
        shuffle(&mut labels, 1);
        labels
    }),
];

/// References as they are, each pair once.
fn references(sample: &Sample) -> Graph {
    let pair = |&(a, b): &(usize, usize)| ((a.min(b), a.max(b)), 1.0);
    let weights = sample.references.keys().map(pair).collect();
    Graph { nodes: sample.tables.len(), weights, ..Graph::default() }
}

fn first_word(sample: &Sample, at: usize) -> &str {
    sample.tables[at].split('_').next().unwrap()
}

fn first_words(sample: &Sample) -> Vec<usize> {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let words = (0..sample.tables.len()).map(|at| first_word(sample, at));
    words
        .map(|word| {
            let next = numbers.len();
            *numbers.entry(word).or_insert(next)
        })
        .collect()
}

/// The first word with seeds: a table goes to the context that most seeds with its first word
/// have, and stays with those of its first word where none has it.
pub fn first_words_with(sample: &Sample, seeds: &BTreeSet<usize>) -> Vec<usize> {
    let mut votes: BTreeMap<&str, BTreeMap<usize, usize>> = BTreeMap::new();
    for &at in seeds {
        let votes = votes.entry(first_word(sample, at)).or_default();
        *votes.entry(sample.labels[at]).or_default() += 1;
    }
    let words = first_words(sample);
    let beyond = sample.tables.len();
    let of = |at: usize| {
        if seeds.contains(&at) {
            return sample.labels[at];
        }
        let votes = votes.get(first_word(sample, at));
        let most = votes.and_then(|votes| votes.iter().rev().max_by_key(|(_, count)| **count));
        most.map_or(beyond + words[at], |(label, _)| *label)
    };
    (0..beyond).map(of).collect()
}

/// The best that the reference implementation (leidenalg 0.12, 20 random starts) finds on the
/// references of these samples: ours is deterministic, and not to be much worse.
#[test]
fn modularity_is_that_of_the_reference_implementation() {
    let best = [0.5615, 0.5256, 0.8224];
    for (sample, best) in super::samples::all().iter().zip(best) {
        let graph = references(sample);
        let (fine, coarse) = (leiden(&graph, 1.0), louvain(&graph, 1.0));
        let (fine, coarse) = (modularity(&graph, &fine, 1.0), modularity(&graph, &coarse, 1.0));
        assert!(fine > best - 0.002, "{}: {fine:.4} of {best}", sample.name);
        assert!(fine >= coarse, "{}: {fine:.4}, Louvain {coarse:.4}", sample.name);
    }
}
