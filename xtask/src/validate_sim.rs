//! `cargo xtask validate-sim`: the long tests of the simulator, with a line for every number.

use anyhow::Result;

use crate::run::{cargo, run as execute, step};

/// Builds and runs them. The crate is optimised in development builds as well.
pub fn run() -> Result<()> {
    for (what, test) in [("intervals", "coverage::"), ("closed forms", "validation::")] {
        step(what);
        let test = ["test", "--package", "simulate", "--test", "all", test];
        execute(cargo().args(test).args(["--", "--include-ignored", "--nocapture"]))?;
    }
    Ok(())
}
