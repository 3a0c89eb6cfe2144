//! `cargo xtask bench`: builds the benchmarks in release and prints their tables.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::postgres::Postgres;
use crate::run::{cargo, root, run as execute, run_quietly, step, target};
use crate::tools;

/// What to measure.
#[derive(Args)]
pub struct Options {
    /// Only the tables whose name contains this: front, proposals, decide, start, serve-sqlite,
    /// serve-postgresql, simulate, predict.
    filter: Option<String>,
    /// Leave out the Node.js stacks.
    #[arg(long)]
    no_peers: bool,
}

/// As a small production server is set: durable, and with room for the benchmark's tables.
const SETTINGS: [&str; 4] =
    ["shared_buffers=1GB", "max_connections=200", "max_wal_size=4GB", "random_page_cost=1.1"];

/// Builds and runs `bench`.
pub fn run(options: &Options) -> Result<()> {
    if options.filter.as_deref() == Some("simulate") {
        // A package of its own: the simulator needs no server.
        step("measuring");
        return execute(cargo().args([
            "run",
            "--quiet",
            "--release",
            "--package",
            "bench-simulate",
        ]));
    }
    step("building in release");
    execute(cargo().args(["build", "--release", "--package", "bench", "--package", "cli"]))?;
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", "bench", "--"]);
    command.args(&options.filter);
    let wanted = options
        .filter
        .as_deref()
        .is_none_or(|of| "serve-postgresql".contains(of) || matches!(of, "soak" | "predict"));
    let postgres = match wanted {
        true => {
            step("starting PostgreSQL");
            Some(Postgres::start_with(&tools::postgres()?, &SETTINGS)?)
        }
        false => None,
    };
    if let Some(postgres) = &postgres {
        command.env("FIRMITAS_BENCH_POSTGRES", postgres.url());
        if !options.no_peers && options.filter.as_deref() != Some("predict") {
            command.env("FIRMITAS_BENCH_PEERS", peers()?);
        }
    }
    step("measuring");
    execute(&mut command)
}

/// Installs the stacks that are compared with, at fixed versions.
fn peers() -> Result<PathBuf> {
    let (from, home) = (root().join("bench/peers"), target().join("tools/peers"));
    step("installing the Node.js stacks");
    std::fs::create_dir_all(home.join("prisma"))?;
    for entry in std::fs::read_dir(&from)?.chain(std::fs::read_dir(from.join("prisma"))?) {
        let path = entry?.path();
        if let Ok(name) = path.strip_prefix(&from)
            && path.is_file()
        {
            std::fs::copy(&path, home.join(name))?;
        }
    }
    let mut install = Command::new("npm");
    run_quietly(install.current_dir(&home).args(["install", "--no-audit", "--no-fund"]))?;
    // The client needs no engine of its own; without this a binary would be fetched.
    let mut generate = Command::new("npx");
    generate.current_dir(&home).args(["prisma", "generate"]);
    run_quietly(generate.env("PRISMA_SCHEMA_ENGINE_BINARY", "/bin/true"))?;
    Ok(home)
}
