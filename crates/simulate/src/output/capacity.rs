//! What a short simulation says of a design's capacity: the section of `capacity.md`.

use std::fmt::Write;

use crate::design::{Answer, OperationAnswer, Phase, Promise};
use crate::experiment::QUANTILES;

use super::answer_text::{before, promised, word};
use super::format::{digits, share, time, with_interval};

/// Operations that are shown, those that most is asked of first; the others keep their promises, or
/// are named below.
const SHOWN: usize = 20;

/// The section, as Markdown: the design at its stated peak (D1), and at the peak within reach (D2).
#[must_use]
pub fn capacity_section(peak: &Answer, reach: &Answer) -> String {
    let mut text = String::from("## Simulated\n\n");
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "What `firm simulate` says of this design: {} replications, seed {}, with half of the 95 % \
         interval behind each figure. Service times are those of the table of numbers, not \
         measured.\n",
        peak.replications, peak.seed
    );
    for (name, answer) in [("D1, the stated peak", peak), ("D2, the peak within reach", reach)] {
        let _ = writeln!(text, "### At {name}\n");
        match answer.phases.first() {
            Some(phase) if answer.steadiness.is_meaningful() => describe(&mut text, phase, answer),
            _ => {
                let how = answer.steadiness.name();
                let _ = writeln!(
                    text,
                    "There is no steady state ({how}): more comes than is served, and no latency \
                     describes it.\n"
                );
            }
        }
    }
    for of in &peak.edge {
        let _ = writeln!(text, "At D1 {}.\n", before(of));
    }
    if !peak.left_out.is_empty() {
        let _ = writeln!(text, "Left out: {}.\n", peak.left_out.join("; "));
    }
    text
}

fn describe(text: &mut String, phase: &Phase, answer: &Answer) {
    let _ = writeln!(
        text,
        "Watched for {} after {} of warm-up.\n\n\
         | operation | asked/s | failed | p50 | p95 | p99 | promised |\n|---|---|---|---|---|---|---|",
        time(phase.to),
        time(answer.warm_up)
    );
    let mut shown: Vec<&OperationAnswer> = phase.operations.iter().collect();
    shown.sort_by(|a, b| b.offered.value.total_cmp(&a.offered.value));
    for of in shown.iter().take(SHOWN) {
        let _ = writeln!(text, "{}", row(of));
    }
    let hidden = shown.get(SHOWN..).unwrap_or_default();
    if !hidden.is_empty() {
        let count = hidden.len();
        let _ = writeln!(text, "\n{count} others are asked for less often.");
    }
    let _ = writeln!(text, "\n{}", verdict(phase));
    let mut next = phase.bottlenecks();
    if let Some(first) = next.next() {
        let room = |room: Option<f64>| digits(room.unwrap_or_default());
        let used = first.utilisation.map_or("-".to_owned(), share);
        let then = next.next().map_or(String::new(), |second| {
            format!("; then {} at {} times", second.name, room(second.room))
        });
        let _ = writeln!(
            text,
            "\nGives way first: {}, {used} busy, at {} times this load{then}.\n",
            first.name,
            room(first.room)
        );
    }
}

fn row(of: &OperationAnswer) -> String {
    let quantile = |wanted: f64| {
        let at = QUANTILES.iter().position(|share| *share == wanted);
        let known = at.and_then(|at| of.quantiles.get(at).copied().flatten());
        known.map_or_else(|| "\u{2013}".to_owned(), |estimate| with_interval(&estimate, time))
    };
    let failed = if of.failed.value > 0.0 { share(of.failed.value) } else { "0".to_owned() };
    let asked = digits(of.offered.value);
    let times = [quantile(0.5), quantile(0.95), quantile(0.99)].join(" | ");
    format!("| `{}` | {asked} | {failed} | {times} | {} |", of.name, promised(of))
}

/// Which promises are not surely kept.
fn verdict(phase: &Phase) -> String {
    let mut words = Vec::new();
    for of in &phase.operations {
        let late = of.latency.iter().map(|(.., promise)| (*promise, "latency"));
        for (promise, what) in late.chain([(of.availability.1, "availability")]) {
            if matches!(promise, Promise::Broken | Promise::Unsure) {
                words.push(format!("{what} of `{}` is {}", of.name, word(promise)));
            }
        }
    }
    match words.is_empty() {
        true => "No promise is broken, as far as there are enough requests to tell.".to_owned(),
        false => format!("Not surely kept: {}.", words.join("; ")),
    }
}
