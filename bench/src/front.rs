//! From text to design: parsing, resolving, deciding, checking.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use base::SourceMap;

use crate::generated_model;
use crate::process::shop;
use crate::table;

/// Measures each phase on the shop and on models of growing size, and prints the tables.
pub fn measure() -> Result<()> {
    let text = std::fs::read_to_string(shop().join("firmitas.yaml"))?;
    measure_model("The shop", text, 200)?;
    for (entities, operations, rounds) in
        [(1_000, 5_000, 9), (2_000, 10_000, 5), (10_000, 50_000, 1)]
    {
        let title = format!("{entities} entities, {operations} operations");
        measure_model(&title, generated_model::model(entities, operations), rounds)?;
    }
    Ok(())
}

fn measure_model(title: &str, text: String, rounds: usize) -> Result<()> {
    let lines = text.lines().count();
    let world = world(&text);
    let mut sources = SourceMap::new();
    let files: Vec<_> =
        world.iter().map(|(path, text)| sources.add(path.clone(), text.as_str())).collect();
    let root = files.last().copied().unwrap_or_default();
    let (tree, _) = model::syntax::parse(&sources, root);
    let (model, found) = model::resolve(&tree, &sources);
    ensure!(!base::has_errors(&found), "{title}: {:?}", found.first());
    let model = Arc::new(model);
    let (design, _) = decide::decide(model.clone());
    let phases: [(&str, &dyn Fn()); 5] = [
        ("parse (text to syntax tree)", &|| drop(model::syntax::parse(&sources, root))),
        ("resolve (names, types, expressions)", &|| drop(model::resolve(&tree, &sources))),
        ("decide (tables, routes, verdicts)", &|| drop(decide::decide(model.clone()))),
        ("check (findings)", &|| drop(check::check(&design, None))),
        ("all of `firm check`", &|| drop(engine::check(&world))),
    ];
    let rows = phases.map(|(name, work)| row(name, rounds, work));
    let title = format!("{title}, {lines} lines (medians of {rounds} runs)");
    table::print(&title, &["phase", "microseconds"], &rows);
    Ok(())
}

/// The files of a model. A file has a limit: contexts beyond it stand in files of their own.
pub fn world(text: &str) -> BTreeMap<String, String> {
    const CONTEXTS: usize = 40;
    let (head, contexts) = match text.split_once("\ncontexts:\n  context0:") {
        Some((head, contexts)) => (head, format!("  context0:{contexts}")),
        None => return BTreeMap::from([("firmitas.yaml".to_owned(), text.to_owned())]),
    };
    let contexts: Vec<&str> = contexts.split("\n  context").collect();
    let mut files = BTreeMap::new();
    for (at, some) in contexts.chunks(CONTEXTS).enumerate() {
        let text = some.join("\n  context");
        let text = if at == 0 { text } else { format!("  context{text}") };
        files.insert(format!("contexts/{at}.yaml"), format!("contexts:\n{text}\n"));
    }
    files.insert("firmitas.yaml".to_owned(), format!("{head}\ninclude: [contexts/*.yaml]\n"));
    files
}

fn row(name: &str, rounds: usize, work: &dyn Fn()) -> Vec<String> {
    let times = (0..rounds).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64() * 1e6
    });
    vec![name.to_owned(), format!("{:.0}", table::median(times.collect()))]
}
