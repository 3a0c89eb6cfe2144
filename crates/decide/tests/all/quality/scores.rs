//! How alike two partitions of the same things are: ARI, AMI and MoJoFM.

use std::collections::BTreeMap;

/// How alike a partition is to the expected one. The adjusted indices are 1 where they are equal
/// and 0 where chance would do as well; `MoJoFM` is 1 where nothing is left to do by hand.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scores {
    /// Adjusted Rand index (Hubert and Arabie 1985).
    pub ari: f64,
    /// Adjusted mutual information (Vinh, Epps and Bailey 2010), arithmetic mean.
    pub ami: f64,
    /// Share of the moves and joins saved (Wen and Tzerpos 2004).
    pub mojofm: f64,
    /// Groups of the partition; a mean where it is of several.
    pub groups: f64,
}

/// Both partitions as how many things lie in each pair of groups.
struct Contingency {
    cells: BTreeMap<(usize, usize), usize>,
    expected: BTreeMap<usize, usize>,
    found: BTreeMap<usize, usize>,
    things: usize,
}

/// The scores of a partition against the expected one; both name the group of each thing.
pub fn scores(expected: &[usize], found: &[usize]) -> Scores {
    let table = Contingency::of(expected, found);
    let (ari, ami, mojofm) = (table.ari(), table.ami(), table.mojofm());
    Scores { ari, ami, mojofm, groups: number(table.found.len()) }
}

/// The mean of several scores.
pub fn mean(all: &[Scores]) -> Scores {
    let of = |get: fn(&Scores) -> f64| all.iter().map(get).sum::<f64>() / number(all.len());
    Scores {
        ari: of(|s| s.ari),
        ami: of(|s| s.ami),
        mojofm: of(|s| s.mojofm),
        groups: of(|s| s.groups),
    }
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

/// Pairs among so many.
fn pairs(count: usize) -> f64 {
    number(count) * (number(count) - 1.0) / 2.0
}

impl Contingency {
    fn of(expected: &[usize], found: &[usize]) -> Self {
        assert_eq!(expected.len(), found.len());
        let mut table = Self {
            cells: BTreeMap::new(),
            expected: BTreeMap::new(),
            found: BTreeMap::new(),
            things: expected.len(),
        };
        for (&a, &b) in expected.iter().zip(found) {
            *table.cells.entry((a, b)).or_default() += 1;
            *table.expected.entry(a).or_default() += 1;
            *table.found.entry(b).or_default() += 1;
        }
        table
    }

    fn ari(&self) -> f64 {
        let sum = |sizes: &mut dyn Iterator<Item = &usize>| sizes.map(|size| pairs(*size)).sum();
        let both: f64 = sum(&mut self.cells.values());
        let (a, b): (f64, f64) = (sum(&mut self.expected.values()), sum(&mut self.found.values()));
        let chance = a * b / pairs(self.things);
        let most = f64::midpoint(a, b);
        if (most - chance).abs() < 1e-12 { 1.0 } else { (both - chance) / (most - chance) }
    }

    fn ami(&self) -> f64 {
        let entropy = |sizes: &BTreeMap<usize, usize>| -> f64 {
            let share = |size: &usize| number(*size) / number(self.things);
            sizes.values().map(|size| -share(size) * share(size).ln()).sum()
        };
        let (a, b) = (entropy(&self.expected), entropy(&self.found));
        let (whole, mut information) = (number(self.things), 0.0);
        for ((row, column), cell) in &self.cells {
            let (a, b) = (number(self.expected[row]), number(self.found[column]));
            information += number(*cell) / whole * (whole * number(*cell) / (a * b)).ln();
        }
        let chance = self.expected_information();
        let most = f64::midpoint(a, b);
        if (most - chance).abs() < 1e-12 { 1.0 } else { (information - chance) / (most - chance) }
    }

    /// Mutual information of two random partitions with groups of these sizes.
    fn expected_information(&self) -> f64 {
        let mut factorials = vec![0.0];
        for count in 1..=self.things {
            factorials.push(factorials[count - 1] + number(count).ln());
        }
        let log = |count: usize| factorials[count];
        let (n, whole) = (self.things, number(self.things));
        let mut sum = 0.0;
        for &a in self.expected.values() {
            for &b in self.found.values() {
                for cell in (a + b).saturating_sub(n).max(1)..=a.min(b) {
                    let term = number(cell) / whole
                        * (whole * number(cell) / (number(a) * number(b))).ln();
                    let ways = log(a) + log(b) + log(n - a) + log(n - b)
                        - log(n)
                        - log(cell)
                        - log(a - cell)
                        - log(b - cell)
                        - log(n + cell - a - b);
                    sum += term * ways.exp();
                }
            }
        }
        sum
    }

    /// Moves and joins that turn the found partition into the expected one, against the most that
    /// any partition needs.
    fn mojofm(&self) -> f64 {
        // Each found group goes to an expected one of which it holds most; where it has the
        // choice, to one that no other goes to.
        let mut largest: BTreeMap<usize, usize> = BTreeMap::new();
        for ((_, column), cell) in &self.cells {
            let most = largest.entry(*column).or_default();
            *most = (*most).max(*cell);
        }
        let goals: Vec<Vec<usize>> = largest
            .iter()
            .map(|(column, most)| {
                let best =
                    self.cells.iter().filter(|((_, of), cell)| of == column && *cell == most);
                best.map(|((row, _), _)| *row).collect()
            })
            .collect();
        let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
        let distinct = (0..goals.len())
            .filter(|from| augment(*from, &goals, &mut taken, &mut Vec::new()))
            .count();
        let kept: usize = largest.values().sum();
        let distance = self.things - kept + goals.len() - distinct;
        let mut sizes: Vec<usize> = self.expected.values().copied().collect();
        sizes.sort_unstable();
        let spread = sizes.iter().fold(0, |count, size| count + usize::from(count < *size));
        1.0 - number(distance) / number(self.things - spread)
    }
}

/// Finds a goal for one group, moving others where that frees one.
fn augment(
    from: usize,
    goals: &[Vec<usize>],
    taken: &mut BTreeMap<usize, usize>,
    seen: &mut Vec<usize>,
) -> bool {
    for &goal in &goals[from] {
        if seen.contains(&goal) {
            continue;
        }
        seen.push(goal);
        let holder = taken.get(&goal).copied();
        if holder.is_none_or(|holder| augment(holder, goals, taken, seen)) {
            taken.insert(goal, from);
            return true;
        }
    }
    false
}

#[test]
fn adjusted_indices_are_those_of_scikit_learn() {
    for (expected, found, ari, ami) in CASES {
        let scores = scores(expected, found);
        assert!((scores.ari - ari).abs() < 1e-9, "{scores:?} {ari}");
        assert!((scores.ami - ami).abs() < 1e-9, "{scores:?} {ami}");
    }
}

#[test]
fn mojofm_counts_moves_and_joins() {
    let close = |found: &[usize], expected: f64| {
        let scores = scores(&[0, 0, 0, 1, 1, 1], found);
        assert!((scores.mojofm - expected).abs() < 1e-9, "{found:?}: {}", scores.mojofm);
    };
    // At worst 4 of 6 things are moved: two groups of three can be spread over two others.
    close(&[5, 5, 5, 7, 7, 7], 1.0);
    close(&[0, 0, 1, 1, 1, 1], 0.75);
    close(&[0, 0, 2, 1, 1, 1], 0.75);
    close(&[0, 0, 0, 0, 0, 0], 0.25);
    close(&[0, 1, 2, 3, 4, 5], 0.0);
}

/// Two partitions with their adjusted indices by scikit-learn 1.9.1.
const CASES: [(&[usize], &[usize], f64, f64); 7] = [
    (&[0, 0, 0, 1, 1, 1], &[0, 0, 1, 1, 2, 2], 0.24242424242424243, 0.2987924581708901),
    (&[0, 0, 1, 1], &[1, 1, 0, 0], 1.0, 1.0),
    (&[0, 0, 1, 1], &[0, 1, 0, 1], -0.5, -0.49999999999999944),
    (&[0, 1, 2, 3, 4, 5], &[0, 0, 0, 1, 1, 1], 0.0, 4.042274189272439e-16),
    (
        &[1, 1, 2, 3, 0, 0, 3, 2, 1, 1, 3, 3, 3, 1, 1, 1, 3, 0, 0, 1],
        &[4, 0, 2, 0, 2, 3, 4, 3, 3, 3, 4, 3, 1, 2, 0, 0, 1, 3, 1, 2],
        -0.020850040096230954,
        -0.008877693939736185,
    ),
    (
        &[
            5, 3, 6, 5, 6, 2, 3, 4, 6, 3, 4, 2, 4, 4, 3, 4, 1, 2, 5, 0, 6, 2, 4, 5, 5, 1, 5, 6, 2,
            4, 4, 4, 0, 5, 5, 1, 5, 6, 4, 2,
        ],
        &[
            1, 0, 0, 1, 2, 1, 0, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 2, 2, 0, 1, 2, 2, 1, 2, 1, 2, 0, 0,
            1, 0, 0, 0, 2, 2, 0, 0, 1, 1, 2,
        ],
        0.008651145156565048,
        0.022079919468785687,
    ),
    (
        &[0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5],
        &[0, 0, 0, 9, 0, 1, 1, 1, 1, 1, 2, 9, 9, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 5, 5, 9, 5, 5],
        0.8039843472073995,
        0.8305258818015363,
    ),
];
