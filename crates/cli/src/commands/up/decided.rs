//! What was decided, in a few lines: one for each family that shapes the running system.

use std::collections::BTreeMap;

use decide::{Design, catalogue, design::Verdict};
use serde_json::{Value, json};

use crate::{
    console::{style, styled},
    render::visible,
};

/// Families in the order in which people ask, with the words for them.
const FAMILIES: [(&str, &str); 6] = [
    ("style", "style"),
    ("store", "store"),
    ("paradigm", "interface"),
    ("authentication", "sign-in"),
    ("authorisation", "access"),
    ("key", "keys"),
];

/// Aligned lines such as `store  postgresql (5 contexts)  one relational database`.
#[must_use]
pub fn decided(design: &Design) -> Vec<String> {
    let mut lines = Vec::new();
    for (family, word) in FAMILIES {
        let choices = choices(design, family);
        if choices.is_empty() {
            continue;
        }
        let alone = choices.len() == 1;
        let told: Vec<String> = choices
            .iter()
            .map(|(choice, verdicts)| {
                let what = if alone { meaning(family, choice) } else { String::new() };
                let number = if verdicts.len() > 1 {
                    format!(" x {}", verdicts.len())
                } else {
                    what_of(verdicts)
                };
                format!("{}{number}{what}", styled(style::BOLD, choice))
            })
            .collect();
        lines.push(format!("  {word:<14} {}", told.join(", ")));
    }
    lines
}

/// The same for machines.
#[must_use]
pub fn decided_json(design: &Design) -> Value {
    let families = FAMILIES.iter().map(|(family, _)| {
        let choices = choices(design, family);
        let counts: BTreeMap<&str, usize> =
            choices.iter().map(|(choice, verdicts)| (*choice, verdicts.len())).collect();
        json!({ "family": family, "choices": counts })
    });
    families.collect()
}

/// The choices of a family, the most frequent first.
fn choices<'a>(design: &'a Design, family: &str) -> Vec<(&'static str, Vec<&'a Verdict>)> {
    let mut choices: Vec<(&'static str, Vec<&Verdict>)> = Vec::new();
    for verdict in design.verdicts.iter().filter(|verdict| verdict.family == family) {
        match choices.iter_mut().find(|(choice, _)| *choice == verdict.choice) {
            Some((_, verdicts)) => verdicts.push(verdict),
            None => choices.push((verdict.choice, vec![verdict])),
        }
    }
    choices.sort_by_key(|(_, verdicts)| std::cmp::Reverse(verdicts.len()));
    choices
}

fn meaning(family: &str, choice: &str) -> String {
    let known = catalogue::family(family).and_then(|family| family.choice(choice));
    known.map_or_else(String::new, |known| format!("  {}", styled(style::DIM, known.what)))
}

fn what_of(verdicts: &[&Verdict]) -> String {
    match verdicts {
        [only] if only.subject != "system" => format!(" ({})", visible(&only.subject)),
        _ => String::new(),
    }
}
