//! `firm job`: what waits for an external, and what becomes of what is stuck.

use std::sync::Arc;

use clap::{Args, Subcommand};
use decide::Design;
use runtime::store::{Job, StoreError};
use serde_json::{Value, json};
use server::{Decision, Jobs, written_id};

use super::kept::{Kept, Named};
use crate::{
    console::Console,
    failure::{Failure, Outcome},
    live,
};

/// Jobs that are shown at most.
const MOST: u32 = 1000;

/// Arguments of `firm job`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  firm job list --model shop
  firm job retry 0198c5a2-6b1e-7c33-9d1f-2f6f0c1f9a11 --model shop
  firm job abandon 0198c5a2-6b1e-7c33-9d1f-2f6f0c1f9a11 --model shop

A call that was not answered waits here, and its row is in progress. One that must not be repeated,
and may have been done, waits for you (`job-stuck` in the log): look at the other system first.
On PostgreSQL servers go on meanwhile; the embedded store belongs to one process at a time: stop
`firm up` first.")]
pub struct JobArguments {
    #[command(subcommand)]
    what: What,

    #[command(flatten)]
    kept: Kept,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Show what waits, the oldest first
    List,
    /// Make the call, again if it was made, as soon as a server runs
    Retry {
        /// Its id, as `list` shows it
        job: String,
    },
    /// Forget the job: what follows the call is not done, and the row stays as it is
    Abandon {
        /// Its id, as `list` shows it
        job: String,
    },
}

/// Shows jobs or decides about one.
///
/// # Errors
/// The store cannot be used, or there is no such job.
pub fn run(arguments: &JobArguments, console: &Console) -> Result<Outcome, Failure> {
    let named = match arguments.kept.named()? {
        Ok(named) => named,
        Err(loaded) => return Ok(loaded.refuse(console)),
    };
    let told = live::tokio()?.block_on(told(&arguments.what, &named, console))?;
    if console.json() {
        console.document(&told);
    }
    Ok(Outcome::Success)
}

async fn told(what: &What, named: &Named, console: &Console) -> Result<Value, Failure> {
    let Named { design, data, address, keys } = named;
    let jobs = server::jobs(design, data, address, keys).await?;
    let (job, decision, done) = match what {
        What::List => return list(&jobs, design, console).await,
        What::Retry { job } => (job, Decision::Retry, "is due"),
        What::Abandon { job } => (job, Decision::Abandon, "is forgotten"),
    };
    if !jobs.decide(job, decision).await.map_err(failed)? {
        let message = format!("there is no job `{job}`, or a server is at it");
        return Err(Failure::new("unknown-job", message).help("`firm job list` shows them"));
    }
    console.prose(format!("{job} {done}"));
    Ok(json!({ "version": 1, "diagnostics": [], "job": job }))
}

async fn list(jobs: &Arc<dyn Jobs>, design: &Design, console: &Console) -> Result<Value, Failure> {
    let all = jobs.list(MOST).await.map_err(failed)?;
    if all.is_empty() {
        console.prose("nothing waits");
    }
    let now = live::now();
    for job in &all {
        let (id, row) = (written_id(job.id), written_id(job.row));
        let entity = &design.model.entity(job.entity).name.value;
        let Job { operation, attempts, due, .. } = job;
        let seconds = due.saturating_sub(now).max(0) / 1_000_000;
        if !console.json() {
            console.answer(format!(
                "{id}  {operation} of {entity} {row}  {attempts} attempts, next in {seconds} s"
            ));
        }
    }
    let all: Vec<Value> = all.iter().map(|job| document(job, design)).collect();
    Ok(json!({ "version": 1, "diagnostics": [], "jobs": all }))
}

fn failed(error: StoreError) -> Failure {
    Failure::new("no-jobs", error.to_string())
}

fn document(job: &Job, design: &Design) -> Value {
    json!({
        "id": written_id(job.id),
        "operation": job.operation,
        "entity": design.model.entity(job.entity).name.value,
        "row": written_id(job.row),
        "tenant": job.tenant.map(written_id),
        "attempts": job.attempts,
        "due_us": job.due,
    })
}
