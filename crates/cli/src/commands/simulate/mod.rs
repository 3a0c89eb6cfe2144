//! `firm simulate`: will it hold? Answered from the numbers of the model, before anything is built.

mod compare;
mod design;
mod html;
mod measured;
mod network;
mod progress;
mod short;

pub use short::short;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use simulate::experiment::Plan;

use crate::console::Console;
use crate::failure::{Failure, Outcome};
use crate::loaded::threads;

/// Arguments of `firm simulate`.
#[derive(Clone, Debug, Args)]
#[command(
    long_about = "Simulate the design under its load: how long each operation takes against what it \
promises, what is busy, what gives way first and at which load, and what becomes of it all when \
something is down, slow, lost, or when everybody comes at once.

Service times are those of the design's table of numbers; rates, replicas, pools, timeouts, retries \
and breakers are those that were decided. The same seed gives the same answer, byte for byte.

Times of disturbances count from the start of a run: `@60s..120s`, `@60s for 20s`, `@60s` (to the \
end); without a time it is so all the time.",
    after_help = "\
Example:
  firm simulate examples/shop
  firm simulate examples/shop --load reach
  firm simulate examples/shop --fail cardProcessor=hang@60s..120s
  firm simulate examples/shop --slow store.ordering=20x@30s..40s --stability
  firm simulate examples/shop --calibrate before.txt --calibrate after.txt --one-server 4
  firm simulate examples/shop --set browseProducts.rate=2000/s
  firm simulate examples/shop --compare ../shop-with-cache --fail cardProcessor=down@30s..60s
  firm simulate --network examples/networks/four-servers.yaml --precision 1"
)]
pub struct SimulateArguments {
    /// Folder with `firmitas.yaml`
    #[arg(default_value = ".")]
    model: PathBuf,

    /// Simulate a raw queueing network from a file instead (docs/simulation.md)
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = [
            "model", "load", "fail", "slow", "lose_zone", "surge", "stability", "closed", "no_remedies",
            "client_attempts",
            "client_retry_budget", "calibrate", "times", "save_times", "one_server", "connections",
            "compare", "set"
        ]
    )]
    network: Option<PathBuf>,

    #[command(flatten)]
    question: design::QuestionArguments,

    #[command(flatten)]
    calibration: measured::CalibrationArguments,

    #[command(flatten)]
    compare: compare::CompareArguments,

    #[command(flatten)]
    experiment: ExperimentArguments,

    #[command(flatten)]
    html: html::HtmlArguments,
}

/// How the experiment is made.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Experiment")]
pub struct ExperimentArguments {
    /// What all random numbers come from
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,

    /// Independent replications to begin with
    #[arg(long, value_name = "NUMBER", default_value_t = 8, value_parser = clap::value_parser!(u32).range(2..=1000))]
    replications: u32,

    /// Watch for longer (with `--duration`: replicate) until the 95 % intervals of mean and p95 are
    /// within so many percent, as a mean over requests. Where nothing is said, 2 for a model that
    /// nothing is done to, as far as a few seconds reach
    #[arg(long, value_name = "PERCENT", value_parser = precision)]
    precision: Option<f64>,

    /// Most replications where a precision is asked for
    #[arg(long, value_name = "NUMBER", default_value_t = MOST_REPLICATIONS, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    most_replications: u32,

    /// What is left out at the start of each replication, in simulated time; found out where nothing
    /// is said
    #[arg(long, value_name = "TIME", value_parser = duration)]
    warm_up: Option<Duration>,

    /// How long each replication is watched, in simulated time: `90s`, `10m`
    #[arg(long, value_name = "TIME", value_parser = duration)]
    duration: Option<Duration>,

    /// Threads that replicate; the answer does not depend on it
    #[arg(long, value_name = "NUMBER")]
    threads: Option<usize>,
}

/// Most replications where a precision is asked for; as much is watched in fewer, longer ones.
const MOST_REPLICATIONS: u32 = 1024;

/// Percent that a model is simulated to where nobody says.
const USUAL_PRECISION: f64 = 0.02;

/// Times as much as at first that is watched for it at the most: a few seconds.
const USUAL_PATIENCE: u32 = 8;

impl ExperimentArguments {
    /// The plan of a model that nothing is done to: to the usual precision, where nothing else is
    /// said.
    fn plan_undisturbed(&self) -> Plan {
        let plan = self.plan();
        match self.precision.is_none() && self.duration.is_none() {
            true => Plan {
                precision: Some(USUAL_PRECISION),
                most_replications: plan.replications.saturating_mul(USUAL_PATIENCE),
                ..plan
            },
            false => plan,
        }
    }

    fn plan(&self) -> Plan {
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        Plan {
            seed: self.seed,
            replications: self.replications,
            most_replications: self.replications.max(self.most_replications),
            precision: self.precision.map(|percent| percent / 100.0),
            duration: self.duration.map(nanoseconds),
            warm_up: self.warm_up.map(nanoseconds),
            threads: self.threads.unwrap_or_else(threads),
            ..Plan::default()
        }
    }
}

fn precision(text: &str) -> Result<f64, String> {
    let percent = text.strip_suffix('%').unwrap_or(text).trim().parse().ok();
    let percent = percent.filter(|percent: &f64| (0.01..=100.0).contains(percent));
    percent.ok_or_else(|| "it is a number of percent from 0.01 to 100".to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed = simulate::design::seconds(text)?;
    match parsed > 0.0 {
        true => Ok(Duration::from_secs_f64(parsed)),
        false => Err("nothing can be watched for no time".to_owned()),
    }
}

/// Simulates.
///
/// # Errors
/// When there is no model, or a disturbance names what it does not have.
pub fn run(arguments: &SimulateArguments, console: &Console) -> Result<Outcome, Failure> {
    let plan = arguments.experiment.plan();
    arguments.html.check()?;
    match &arguments.network {
        Some(file) => network::run(file, &plan, &arguments.html, console),
        None if arguments.compare.wanted() => compare::run(arguments, &plan, console),
        None if arguments.question.is_undisturbed() => {
            design::run(arguments, &arguments.experiment.plan_undisturbed(), console)
        }
        None => design::run(arguments, &plan, console),
    }
}

/// The simulator broke a law that it must keep.
fn bug(unsound: simulate::experiment::Unsound) -> Failure {
    Failure::new("bug-in-firm", format!("the simulator has a bug: {unsound}"))
}
