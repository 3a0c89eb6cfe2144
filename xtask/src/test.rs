//! `cargo xtask test`: everything that must hold before a change lands.

use anyhow::Result;
use clap::Args;

use crate::postgres::Postgres;
use crate::run::{cargo, run as execute, step};
use crate::tools;

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
    execute(cargo().args(["test", "--workspace", "--no-run"]))?;
    step("tests");
    let mut command = cargo();
    command.args(["test", "--workspace", "--no-fail-fast", "--"]).args(&options.arguments);
    command
        .env("FIRMITAS_TEST_POSTGRES", postgres.url())
        .env("FIRMITAS_TEST_POSTGRES_PROGRAMS", &tools.postgres)
        .env("FIRMITAS_TEST_REDOCLY", &tools.redocly)
        .env("FIRMITAS_TEST_CHROMIUM", &tools.chromium)
        .env("FIRMITAS_TEST_REDIS", &tools.redis)
        .env("FIRMITAS_TEST_MOTO", &tools.moto)
        .env("FIRMITAS_TEST_FAKETIME", &tools.faketime)
        .env("FIRMITAS_TEST_DEPLOY", &tools.python)
        .env("FIRMITAS_TEST_PYTHON", &tools.python)
        .env("FIRMITAS_TEST_KUBECTL", &tools.kubectl)
        .env("FIRMITAS_TEST_PROMTOOL", &tools.promtool)
        .env("FIRMITAS_TEST_MERMAID", &tools.npm)
        .env("FIRMITAS_TEST_ASYNCAPI", &tools.npm)
        .env("FIRMITAS_TEST_AXE", &tools.npm)
        .env("FIRMITAS_TEST_BUF", &tools.npm)
        .env("FIRMITAS_TEST_GRAPHQL", &tools.npm)
        .env("FIRMITAS_TEST_SARIF", &tools.npm)
        .env("FIRMITAS_TEST_OPENID_CLIENT", &tools.npm)
        .env("FIRMITAS_TEST_OPENAPI_SPEC_VALIDATOR", &tools.openapi_spec_validator)
        .env("FIRMITAS_TEST_SCHEMATHESIS", &tools.schemathesis);
    execute(&mut command)
}
