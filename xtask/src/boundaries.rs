//! `cargo xtask boundaries`: how well proposed contexts meet those that real teams drew.

use anyhow::{Context, Result};

use crate::run::{cargo, root, run as execute, step};

/// The page that shows the figures.
const PAGE: &str = "docs/design/boundaries.md";

/// Measures, writes the page anew and prints it.
pub fn run() -> Result<()> {
    step("measuring; leaving one sample out tries 243 combinations");
    let mut command = cargo();
    command.args(["test", "--package", "decide", "--test", "all", "quality", "--"]);
    execute(command.arg("--include-ignored").env("UPDATE_DOCS", "1"))?;
    let page = root().join(PAGE);
    let text = std::fs::read_to_string(&page).with_context(|| format!("could not read {PAGE}"))?;
    println!("{text}");
    Ok(())
}
