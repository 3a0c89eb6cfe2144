//! The table of docs/design/boundaries.md, and the floor under it.

use std::collections::BTreeSet;

use decide::numbers::{self, Number, Numbers};

use super::baselines;
use super::page;
use super::samples::{self, Sample};
use super::scores::{Scores, mean, scores};

/// How many times seeds are drawn; scores are means over them.
const LOTS: u64 = 5;

type Row = (String, Vec<Scores>);

/// The scores of one method on each sample.
fn rows(samples: &[Sample], name: &str, method: impl Fn(&Sample) -> Scores) -> Row {
    (name.to_owned(), samples.iter().map(method).collect())
}

/// What is proposed with other numbers than the usual ones.
fn without(changes: &[(&Number, f64)]) -> Numbers {
    changes.iter().fold(Numbers::default(), |all, (number, value)| all.with(number, *value))
}

fn proposals(samples: &[Sample]) -> Vec<Row> {
    let none = BTreeSet::new();
    let with = |numbers: Numbers| {
        let none = &none;
        move |sample: &Sample| scores(&sample.labels, &sample.proposed(none, &numbers))
    };
    let no_names = without(&[(&numbers::TIE_NAMES, 0.0), (&numbers::TIE_WORDS, 0.0)]);
    let no_references = without(&[(&numbers::TIE_REFERENCE, 0.0)]);
    let plain = without(&[(&numbers::TIE_DAMPING, 0.0), (&numbers::TIE_OWNED, 1.0)]);
    vec![
        rows(samples, "**proposed**", with(Numbers::default())),
        rows(samples, "proposed, without names", with(no_names)),
        rows(samples, "proposed, without references", with(no_references)),
        rows(samples, "proposed, all references alike", with(plain)),
    ]
}

fn seeded(samples: &[Sample]) -> Vec<Row> {
    let mut all = Vec::new();
    for count in [2, 3] {
        let several = |method: &dyn Fn(&Sample, &BTreeSet<usize>) -> Vec<usize>, of: &Sample| {
            let one = |lot| scores(&of.labels, &method(of, &of.seeds(count, lot)));
            mean(&(0..LOTS).map(one).collect::<Vec<_>>())
        };
        let numbers = Numbers::default();
        let proposed = |of: &Sample, seeds: &BTreeSet<usize>| of.proposed(seeds, &numbers);
        all.push(rows(samples, &format!("**proposed, {count} seeds a context**"), |of| {
            several(&proposed, of)
        }));
        all.push(rows(samples, &format!("first word, {count} seeds a context"), |of| {
            several(&baselines::first_words_with, of)
        }));
    }
    all
}

fn table(rows: &[Row], samples: &[Sample]) -> String {
    let names: Vec<&str> = samples.iter().map(|sample| sample.name).collect();
    let mut text = format!("| ARI / AMI / MoJoFM / groups | {} | mean |\n", names.join(" | "));
    text += &format!("|---|{}\n", "---|".repeat(samples.len() + 1));
    for (name, scores) in rows {
        let cell =
            |s: &Scores| format!("{:.3} / {:.3} / {:.2} / {:.0}", s.ari, s.ami, s.mojofm, s.groups);
        let cells: Vec<String> = scores.iter().map(cell).collect();
        let whole = mean(scores);
        let whole = format!("{:.3} / {:.3} / {:.2}", whole.ari, whole.ami, whole.mojofm);
        text += &format!("| {name} | {} | {whole} |\n", cells.join(" | "));
    }
    text
}

#[test]
fn the_page_shows_the_scores() {
    let samples = samples::all();
    let mut rows: Vec<Row> = proposals(&samples);
    for (name, method) in baselines::ALL {
        rows.push(self::rows(&samples, name, |of| scores(&of.labels, &method(of))));
    }
    floor(&rows);
    page::shows("scores", &table(&rows, &samples));
}

#[test]
fn the_page_shows_the_scores_with_seeds() {
    let samples = samples::all();
    let rows = seeded(&samples);
    let least = [(0.75, 0.84), (0.78, 0.86)];
    for (pair, (ari, ami)) in rows.chunks(2).zip(least) {
        let (ours, words) = (mean(&pair[0].1), mean(&pair[1].1));
        assert!(ours.ari > ari && ours.ami > ami, "{ours:?}");
        assert!(ours.ari > words.ari && ours.ami > words.ami, "{ours:?} {words:?}");
    }
    page::shows("scores with seeds", &table(&rows, &samples));
}

/// A little below what is measured: on average and on each sample; and above every baseline on
/// average.
fn floor(rows: &[Row]) {
    let (_, ours) = &rows[0];
    for (scores, (ari, ami)) in ours.iter().zip([(0.56, 0.73), (0.55, 0.69), (0.90, 0.94)]) {
        assert!(scores.ari > ari && scores.ami > ami, "{scores:?}");
    }
    let ours = mean(ours);
    assert!(ours.ari > 0.70 && ours.ami > 0.80, "{ours:?}");
    for (name, scores) in rows.iter().skip(1) {
        let theirs = mean(scores);
        assert!(ours.ari > theirs.ari && ours.ami > theirs.ami, "{name}: {theirs:?}, {ours:?}");
    }
}
