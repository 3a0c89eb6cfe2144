//! From text to design: parsing, resolving, deciding, checking.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use base::SourceMap;

use crate::process::shop;
use crate::table;

const ROUNDS: usize = 200;

/// Measures each phase on the shop and prints the table.
pub fn measure() -> Result<()> {
    let text = std::fs::read_to_string(shop().join("firmitas.yaml"))?;
    let lines = text.lines().count();
    let world = BTreeMap::from([("firmitas.yaml".to_owned(), text.clone())]);
    let checked = engine::check(&world);
    ensure!(checked.design.is_some(), "the shop has errors");
    let mut sources = SourceMap::new();
    let file = sources.add("firmitas.yaml", text);
    let (tree, _) = model::syntax::parse(&sources, file);
    let model = Arc::new(model::resolve(&tree, &sources).0);
    let rows = [
        row("parse (text to syntax tree)", || drop(model::syntax::parse(&sources, file))),
        row("resolve (names, types, expressions)", || drop(model::resolve(&tree, &sources))),
        row("decide (tables, routes, verdicts)", || drop(decide::decide(model.clone()))),
        row("all of `firm check`", || drop(engine::check(&world))),
    ];
    let title = format!("The shop, {lines} lines (medians of {ROUNDS} runs)");
    table::print(&title, &["phase", "microseconds"], &rows);
    Ok(())
}

fn row(name: &str, work: impl Fn()) -> Vec<String> {
    let times = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64() * 1e6
    });
    vec![name.to_owned(), format!("{:.0}", table::median(times.collect()))]
}
