//! Where things are written in a map must not change what follows from them.

use std::collections::BTreeMap;

use engine::{Artifact, Checked, check};

use crate::examples::{example, text_of};

/// Reverses the entries below every line `key:`, each with all that is indented deeper.
pub fn reversed(text: &str, key: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        out.push((*line).to_owned());
        at += 1;
        if line.trim_start() != format!("{key}:") {
            continue;
        }
        let depth = indent(line);
        let inside = |line: &&&str| line.trim().is_empty() || indent(line) > depth;
        let body: Vec<&str> = lines[at..].iter().take_while(inside).copied().collect();
        at += body.len();
        out.extend(blocks(&body).into_iter().rev().flatten().map(str::to_owned));
    }
    out.join("\n") + "\n"
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Entries of the least indentation, each with the lines below it.
fn blocks<'t>(body: &[&'t str]) -> Vec<Vec<&'t str>> {
    let depth = body.first().map_or(0, |line| indent(line));
    let mut blocks: Vec<Vec<&str>> = Vec::new();
    for line in body {
        let starts = !line.trim().is_empty() && indent(line) == depth;
        match blocks.last_mut() {
            Some(block) if !starts => block.push(line),
            _ => blocks.push(vec![line]),
        }
    }
    blocks
}

fn shuffled(name: &str) -> Checked {
    let keys =
        ["contexts", "entities", "operations", "events", "actors", "teams", "externals", "flows"];
    let text = keys.iter().fold(text_of(name), |text, key| reversed(&text, key));
    assert_ne!(text, text_of(name));
    check(&BTreeMap::from([("firmitas.yaml".to_owned(), text)]))
}

/// Every artifact, with the numbers of the model's lines left out: those move with its order.
pub fn without_places(checked: &Checked) -> Vec<Artifact> {
    let blank = |artifact: Artifact| {
        let contents = [".yaml:", "\"line\": ", "\"line\":"]
            .iter()
            .fold(artifact.contents, |text, mark| without_number_after(&text, mark));
        Artifact { contents, ..artifact }
    };
    checked.artifacts().into_iter().map(blank).collect()
}

fn without_number_after(text: &str, mark: &str) -> String {
    let mut pieces = text.split(mark);
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |out, piece| {
        out + mark + piece.trim_start_matches(|c: char| c.is_ascii_digit())
    })
}

#[test]
fn reversing_keeps_every_line() {
    let text = "a:\n  b:\n    - 1\n  # about c\n  c: 2\nd: 3\n";
    assert_eq!(reversed(text, "a"), "a:\n  c: 2\n  # about c\n  b:\n    - 1\nd: 3\n");
}

#[test]
fn documents_do_not_depend_on_the_order_of_maps() {
    for name in ["shop", "rides"] {
        let (first, second) = (without_places(&example(name)), without_places(&shuffled(name)));
        assert!(!first.is_empty() && first.len() == second.len());
        for (first, second) in first.iter().zip(&second) {
            assert_eq!(first.path, second.path);
            let differing = first.contents.lines().zip(second.contents.lines());
            let mut differing = differing.filter(|(a, b)| a != b);
            assert_eq!(differing.next(), None, "{name}: {}", first.path);
        }
    }
}

#[test]
fn decisions_do_not_depend_on_the_order_of_maps() {
    let told = |checked: &Checked| -> Vec<String> {
        let verdicts = &checked.design.as_ref().unwrap().verdicts;
        let tell = |verdict: &decide::design::Verdict| {
            let facts: Vec<&str> = verdict.drivers.iter().map(|of| of.fact.as_str()).collect();
            let parameters = &verdict.parameters;
            format!("{} {} {parameters:?} {facts:?}", verdict.id(), verdict.choice)
        };
        verdicts.iter().map(tell).collect()
    };
    for name in ["shop", "rides"] {
        assert_eq!(told(&example(name)), told(&shuffled(name)), "{name}");
    }
}
