//! `cargo xtask bench`: builds the benchmarks in release and prints their table.

use anyhow::Result;
use clap::Args;

use crate::run::{cargo, run as execute, step};

/// What to measure.
#[derive(Args)]
pub struct Options {
    /// Only the rows whose name contains this.
    filter: Option<String>,
}

/// Builds and runs `bench`.
pub fn run(options: &Options) -> Result<()> {
    step("building in release");
    execute(cargo().args(["build", "--release", "--package", "bench"]))?;
    step("measuring");
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", "bench", "--"]);
    execute(command.args(&options.filter))
}
