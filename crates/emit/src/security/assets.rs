//! What is worth protecting: fields that are personal, sensitive or secret, with how they are kept
//! and for how long.

use decide::{Design, encryption, facts, retention};

use crate::markdown::Markdown;

/// The section.
pub fn write(design: &Design, page: &mut Markdown) {
    page.section("What is worth protecting");
    let model = &design.model;
    let mut rows: Vec<Vec<String>> = encryption::of(design)
        .into_iter()
        .map(|of| {
            let entity = model.entity(of.entity);
            let context = &model.context(entity.context).name;
            let kept = retention::entity(design.facts(), of.entity);
            let name = format!("{}.{}", entity.name, of.path);
            let mut own = design.verdicts.iter().filter(|known| known.family == "encryption");
            let ends = |subject: &str| subject == name || subject.ends_with(&format!(".{name}"));
            let verdict = own.find(|known| ends(&known.subject));
            let found = if of.blind_index() { ", found by a keyed hash" } else { "" };
            vec![
                format!("`{context}`"),
                format!("`{name}`"),
                kind(of.kept).to_owned(),
                format!("{}{found}", verdict.map_or(level(of.level), |of| of.choice)),
                ending(&kept),
            ]
        })
        .collect();
    rows.sort();
    let heads = ["context", "field", "is", "encrypted", "in the end"];
    page.table(&heads, rows, "The model marks nothing as personal, sensitive or secret.");
}

const fn kind(kept: encryption::Kept) -> &'static str {
    match kept {
        encryption::Kept::Personal => "personal",
        encryption::Kept::Sensitive => "sensitive",
        encryption::Kept::Secret => "secret",
        encryption::Kept::CardNumber => "a card number",
    }
}

const fn level(level: encryption::Level) -> &'static str {
    match level {
        encryption::Level::AtRest => "at-rest",
        encryption::Level::Field => "field",
        encryption::Level::Vault => "vault",
    }
}

fn ending(kept: &retention::Retention) -> String {
    let what = match kept.ending {
        retention::Ending::Keep => return "kept".to_owned(),
        retention::Ending::Delete => "deleted",
        retention::Ending::Anonymise => "emptied",
        retention::Ending::Archive => "archived",
    };
    let after = kept.seconds.as_ref().map(|of| of.value / 86_400.0);
    after.map_or_else(
        || what.to_owned(),
        |days| format!("{what} after {} days", facts::people(days.round())),
    )
}
