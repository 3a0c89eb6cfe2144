//! The project's own tasks: `cargo xtask test`, `cargo xtask setup`, `cargo xtask bench`.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tasks talk to the machine: that is their purpose"
)]

mod bench;
mod boundaries;
mod generate;
mod generate_model;
mod generated_model;
mod postgres;
mod run;
mod test;
mod tools;
mod validate_sim;

use clap::{Parser, Subcommand};

/// Tasks of the Firmitas repository.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what the tests need (validators, a PostgreSQL server), then run every test and lint.
    Test(test::Options),
    /// Only install what the tests need.
    Setup,
    /// Write the generated files anew.
    Generate {
        /// Fail instead where one is stale.
        #[arg(long)]
        check: bool,
    },
    /// Write a model of any size, to measure the front end with.
    GenerateModel(generate_model::Options),
    /// Measure how well proposed contexts meet those that teams drew, and print the page.
    Boundaries,
    /// Hold the simulator to every row of the table of closed forms, and its intervals to what they
    /// promise: an hour of one core.
    ValidateSim,
    /// Measure, side by side in one run, and print the table.
    Bench(bench::Options),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::Test(options) => test::run(&options),
        Task::Setup => tools::set_up().map(|_| ()),
        Task::Generate { check } => generate::run(check),
        Task::GenerateModel(options) => generate_model::run(&options),
        Task::Boundaries => boundaries::run(),
        Task::ValidateSim => validate_sim::run(),
        Task::Bench(options) => bench::run(&options),
    }
}
