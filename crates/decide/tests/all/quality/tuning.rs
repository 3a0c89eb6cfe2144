//! Would the numbers have been chosen without one of the samples, and how well would that do on it?

use std::collections::BTreeSet;

use decide::numbers::{self, Number, Numbers};

use super::page;
use super::samples;
use super::scores::{Scores, scores};

/// What was tried: each number with its values.
const TRIED: [(&Number, [f64; 3]); 5] = [
    (&numbers::TIE_DAMPING, [0.0, 0.5, 1.0]),
    (&numbers::TIE_OWNED, [1.0, 2.0, 4.0]),
    (&numbers::TIE_NAMES, [1.0, 3.0, 5.0]),
    (&numbers::TIE_WORDS, [0.0, 1.0, 2.0]),
    (&numbers::RESOLUTION, [0.7, 1.0, 1.4]),
];

/// All combinations of the values.
fn grid() -> Vec<Vec<f64>> {
    let mut all = vec![Vec::new()];
    for (_, values) in TRIED {
        let longer = |row: &Vec<f64>| values.map(|value| [row.clone(), vec![value]].concat());
        all = all.iter().flat_map(longer).collect();
    }
    all
}

fn with(row: &[f64]) -> Numbers {
    let pairs = TRIED.iter().zip(row);
    pairs.fold(Numbers::default(), |all, ((number, _), value)| all.with(number, *value))
}

fn good(scores: &Scores) -> f64 {
    f64::midpoint(scores.ari, scores.ami)
}

/// Two minutes: `cargo xtask boundaries` runs it.
#[test]
#[ignore = "two minutes; `cargo xtask boundaries` runs it"]
fn the_page_shows_what_leaving_one_out_would_choose() {
    let samples = samples::all();
    let none = BTreeSet::new();
    let models: Vec<_> = samples.iter().map(|sample| sample.model(&none)).collect();
    let grid = grid();
    let measure = |numbers: &Numbers| -> Vec<Scores> {
        let each = samples.iter().zip(&models);
        each.map(|(of, model)| scores(&of.labels, &of.proposed_for(model, numbers))).collect()
    };
    let all: Vec<Vec<Scores>> = grid.iter().map(|row| measure(&with(row))).collect();
    let usual = measure(&Numbers::default());
    let names: Vec<&str> = TRIED.iter().map(|(number, _)| number.name).collect();
    let mut text = format!(
        "| left out | chosen on the two others ({}) | on the one left out: ARI / AMI | with the numbers in use | best of all {} |\n|---|---|---|---|---|\n",
        names.join(", "),
        grid.len()
    );
    for (left, sample) in samples.iter().enumerate() {
        let others = |scores: &[Scores]| -> f64 {
            let kept = scores.iter().enumerate().filter(|(at, _)| *at != left);
            kept.map(|(_, scores)| good(scores)).sum()
        };
        let best =
            (0..grid.len()).rev().max_by(|a, b| others(&all[*a]).total_cmp(&others(&all[*b])));
        let best = best.unwrap();
        let top = all.iter().map(|scores| good(&scores[left])).fold(0.0, f64::max);
        let cell = |scores: &Scores| format!("{:.3} / {:.3}", scores.ari, scores.ami);
        let row: Vec<String> = grid[best].iter().map(ToString::to_string).collect();
        text += &format!(
            "| {} | {} | {} | {} | mean {top:.3}, in use {:.3} |\n",
            sample.name,
            row.join(", "),
            cell(&all[best][left]),
            cell(&usual[left]),
            good(&usual[left])
        );
    }
    page::shows("leaving one out", &text);
}
