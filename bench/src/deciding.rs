//! Deciding: once, and again and again with every number moved.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use base::SourceMap;
use model::Model;

use crate::process::shop;
use crate::table;
use crate::{front, generated_model};

/// Measures deciding, looking for flips and for questions, and prints the table.
pub fn measure() -> Result<()> {
    let shop = shop();
    let mut rows = Vec::new();
    for name in ["shop", "rides"] {
        let path = shop.with_file_name(name).join("firmitas.yaml");
        rows.extend(measure_model(name, &std::fs::read_to_string(path)?, 200)?);
    }
    let large = generated_model::model(1_000, 5_000);
    rows.push(decide_row("1,000 entities, 5,000 operations", &read(&large)?, 9));
    table::print("Deciding (medians)", &["what", "milliseconds"], &rows);
    Ok(())
}

fn measure_model(name: &str, text: &str, rounds: usize) -> Result<Vec<Vec<String>>> {
    const FEW: usize = 3;
    let model = read(text)?;
    let (design, _) = decide::decide(model.clone());
    let flips = |threads: usize| {
        let found = decide::flips::of(&design, threads);
        format!("{name}: {} flips of {} numbers, {threads} threads", found.all.len(), found.moved)
    };
    Ok(vec![
        decide_row(name, &model, rounds),
        row(flips(1), FEW, &|| drop(flips(1))),
        row(flips(2), FEW, &|| drop(flips(2))),
        row(format!("{name}: questions, 2 threads"), FEW, &|| {
            drop(decide::ask::questions(&design, 2));
        }),
    ])
}

fn decide_row(name: &str, model: &Arc<Model>, rounds: usize) -> Vec<String> {
    row(format!("{name}: decide"), rounds, &|| drop(decide::decide(model.clone())))
}

fn read(text: &str) -> Result<Arc<Model>> {
    let mut sources = SourceMap::new();
    let files = front::world(text).into_iter().map(|(path, text)| sources.add(path, text));
    let root = files.last().unwrap_or_default();
    let (model, found) = model::load(&sources, root);
    ensure!(!base::has_errors(&found), "{:?}", found.first());
    Ok(Arc::new(model))
}

fn row(name: String, rounds: usize, work: &dyn Fn()) -> Vec<String> {
    let times = (0..rounds).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64() * 1e3
    });
    vec![name, format!("{:.2}", table::median(times.collect()))]
}
