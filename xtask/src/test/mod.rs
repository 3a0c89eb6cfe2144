//! `cargo xtask test`: everything that must hold before a change lands.

mod binaries;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;

use crate::postgres::Postgres;
use crate::run::{cargo, run as execute, step};
use crate::tools::{self, Tools};
use binaries::Outcome;

/// What to run.
#[derive(Args)]
pub struct Options {
    /// Leave out formatting and lints.
    #[arg(long)]
    no_lints: bool,
    /// Arguments for the test binaries, for example a name to filter by.
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Sets up, lints and tests.
pub fn run(options: &Options) -> Result<()> {
    step("generated files");
    crate::generate::run(true)?;
    let tools = tools::set_up()?;
    if !options.no_lints {
        step("formatting");
        execute(cargo().args(["fmt", "--all", "--check"]))?;
        step("lints");
        let lint = [
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--keep-going",
            "--",
            "-D",
            "warnings",
        ];
        execute(cargo().args(lint))?;
    }
    step("starting PostgreSQL");
    let postgres = Postgres::start(&tools.postgres)?;
    step("building the tests");
    let binaries = binaries::build()?;
    let outcome = binaries::run(&binaries, &environment(&tools, &postgres), &options.arguments)?;
    report(&outcome)
}

/// What the tests find their programs by.
fn environment(tools: &Tools, postgres: &Postgres) -> Vec<(&'static str, PathBuf)> {
    let mut environment = vec![("FIRMITAS_TEST_POSTGRES", PathBuf::from(postgres.url()))];
    let programs = [
        ("FIRMITAS_TEST_POSTGRES_PROGRAMS", &tools.postgres),
        ("FIRMITAS_TEST_REDOCLY", &tools.redocly),
        ("FIRMITAS_TEST_CHROMIUM", &tools.chromium),
        ("FIRMITAS_TEST_REDIS", &tools.redis),
        ("FIRMITAS_TEST_MOTO", &tools.moto),
        ("FIRMITAS_TEST_FAKETIME", &tools.faketime),
        ("FIRMITAS_TEST_DEPLOY", &tools.python),
        ("FIRMITAS_TEST_PYTHON", &tools.python),
        ("FIRMITAS_TEST_KUBECTL", &tools.kubectl),
        ("FIRMITAS_TEST_PROMTOOL", &tools.promtool),
        ("FIRMITAS_TEST_MERMAID", &tools.npm),
        ("FIRMITAS_TEST_ASYNCAPI", &tools.npm),
        ("FIRMITAS_TEST_AXE", &tools.npm),
        ("FIRMITAS_TEST_BUF", &tools.npm),
        ("FIRMITAS_TEST_GRAPHQL", &tools.npm),
        ("FIRMITAS_TEST_SARIF", &tools.npm),
        ("FIRMITAS_TEST_OPENID_CLIENT", &tools.npm),
        ("FIRMITAS_TEST_OPENAPI_SPEC_VALIDATOR", &tools.openapi_spec_validator),
        ("FIRMITAS_TEST_SCHEMATHESIS", &tools.schemathesis),
    ];
    environment.extend(programs.map(|(name, program)| (name, program.clone())));
    environment
}

/// Says what failed, twice over and only in company.
fn report(outcome: &Outcome) -> Result<()> {
    for test in &outcome.unsteady {
        eprintln!("unsteady: {test} failed among the others and passed alone: it waits for time");
    }
    if outcome.failed.is_empty() {
        step("all tests passed");
        return Ok(());
    }
    bail!("{} failed:\n  {}", outcome.failed.len(), outcome.failed.join("\n  "));
}
