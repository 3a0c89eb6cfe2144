//! Proposing contexts for entities that no context holds.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use base::SourceMap;
use decide::facts::Facts;
use decide::numbers::Numbers;
use model::model::ContextId;

use crate::table;

/// Measures models of growing size, each entity with three references and names that share words,
/// and prints the table.
pub fn measure() -> Result<()> {
    let mut rows = Vec::new();
    for entities in [250, 500, 1_000, 2_000] {
        let mut sources = SourceMap::new();
        let root = sources.add("firmitas.yaml", text(entities));
        let (model, found) = model::load(&sources, root);
        ensure!(!base::has_errors(&found), "{:?}", found.first());
        let unassigned = model.contexts.iter().position(|context| context.unassigned);
        let context = ContextId(u16::try_from(unassigned.context("everything has a context")?)?);
        let numbers = Numbers::default();
        let facts = Facts { model: &model, numbers: &numbers };
        let none = BTreeSet::new();
        let mut groups = 0;
        let times = (0..9).map(|_| {
            let start = Instant::now();
            groups = decide::boundaries::propose(facts, context, &none).names.len();
            start.elapsed().as_secs_f64() * 1e3
        });
        let median = table::median(times.collect());
        rows.push(vec![entities.to_string(), groups.to_string(), format!("{median:.1}")]);
    }
    let title = "Contexts proposed (medians of 9 runs)";
    table::print(title, &["entities", "contexts", "milliseconds"], &rows);
    Ok(())
}

fn text(entities: usize) -> String {
    let words =
        ["Order", "Product", "Party", "Stock", "Price", "Tax", "Work", "Note", "Asset", "Lot"];
    let name = |at: usize| {
        let word = |of: usize| words.get(of % words.len()).copied().unwrap_or_default();
        format!("{}{}Row{at}", word(at / 7), word(at))
    };
    let mut text =
        "firmitas: 1\nsystem: { name: Generated }\nactors: { clerk: { auth: user } }\nentities:\n"
            .to_owned();
    for at in 0..entities {
        let targets = [at / 2, at / 10 * 10, at % 17];
        let targets: BTreeSet<usize> = targets.into_iter().filter(|to| *to != at).collect();
        let fields: Vec<String> =
            targets.iter().map(|to| format!("to_{to}: {}", name(*to))).collect();
        let fields = fields.join(", ");
        let _ = writeln!(
            text,
            "  {}: {{ rows: 1k, fields: {{ size: int(0..9), {fields} }} }}",
            name(at)
        );
    }
    text.push_str("operations:\n");
    for at in (0..entities).step_by(2) {
        let _ = writeln!(text, "  list{at}: {{ list: {}, by: [clerk], rate: 1/s }}", name(at));
    }
    text
}
