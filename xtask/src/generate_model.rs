//! `cargo xtask generate-model`: a model of any size, to measure how the front end grows.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::generated_model::model;

/// How large, and where to.
#[derive(Args)]
pub struct Options {
    /// How many entities, twenty to a context
    #[arg(long, default_value_t = 1_000)]
    entities: usize,
    /// How many operations, spread evenly over the entities
    #[arg(long, default_value_t = 5_000)]
    operations: usize,
    /// The file that is written
    file: PathBuf,
}

/// Writes the model.
pub fn run(options: &Options) -> Result<()> {
    ensure!(options.entities > 0, "a model has at least one entity");
    let text = model(options.entities, options.operations);
    std::fs::write(&options.file, text)
        .with_context(|| format!("could not write {}", options.file.display()))
}
