//! `firm seed`: fills the store with plausible rows.

use std::{io::Write as _, path::PathBuf, sync::Arc};

use clap::Args;
use model::Model;
use runtime::http::Executor;
use serde_json::{Map, Value, json};
use server::Refused;

use super::place::Place;
use super::up::settings::keys::KeyArguments;
use crate::{
    console::{Console, style, styled},
    failure::{Failure, Outcome},
    folder::Folder,
    live,
    loaded::Loaded,
    seed::{Harvest, Plan, Sower, plan},
};

/// Arguments of `firm seed`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  firm seed examples/shop --rows 5000

Rows are made by doing what the model allows, as its actors: every rule holds, prices add up, and
states are reached through their acts. They are shared out by the square root of the model's
volumes, so that small tables are not empty. The same --seed makes the same values.")]
pub struct SeedArguments {
    /// Folder with `firmitas.yaml`
    #[arg(default_value = ".")]
    model: PathBuf,

    /// About how many rows to make
    #[arg(long, value_name = "COUNT", default_value_t = 1000)]
    rows: usize,

    /// Makes other rows
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,

    /// Go on although there are rows
    #[arg(long)]
    add: bool,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    keys: KeyArguments,
}

/// Makes the rows.
///
/// # Errors
/// When the store is in use by `firm up`, or is not empty.
pub fn run(arguments: &SeedArguments, console: &Console) -> Result<Outcome, Failure> {
    let mut loaded = Loaded::read(Folder::open(&arguments.model)?);
    let Some(design) = loaded.design.clone() else { return Ok(loaded.refuse(console)) };
    let data = arguments.place.data(&arguments.model)?;
    let address = arguments.place.address()?;
    let tokio = live::tokio()?;
    let model = &design.model;
    let plan = plan(model, arguments.rows);
    let harvest = tokio.block_on(async {
        let started = server::offline(&design, &data, &address, &arguments.keys.settings()).await?;
        if let Some(entity) = started.filled.filter(|_| !arguments.add) {
            let name = &model.entity(entity).name.value;
            let message = format!("there are rows of `{name}` already");
            return Err(Failure::new("store-not-empty", message)
                .help("`--add` goes on all the same; another `--data` or `--store` is filled anew")
                .into());
        }
        sow(arguments, console, &started.executor, &data, &plan).await.map_err(Refused::Failure)
    });
    let harvest = match harvest {
        Ok(harvest) => harvest,
        Err(Refused::Failure(failure)) => return Err(failure),
        Err(Refused::Guards(findings)) => {
            loaded.diagnostics.extend(findings);
            return Ok(loaded.refuse(console));
        }
    };
    if console.json() {
        console.document(&document(model, &harvest));
    }
    say(console, model, &plan, &harvest);
    Ok(Outcome::Success)
}

async fn sow(
    arguments: &SeedArguments,
    console: &Console,
    backend: &Arc<dyn Executor>,
    data: &std::path::Path,
    plan: &Plan,
) -> Result<Harvest, Failure> {
    let model = &backend.design().model;
    let issuer = arguments.keys.settings().issuer(backend.design(), data)?;
    let total: usize = plan.steps.iter().map(|step| step.rows).sum();
    let mut bar = |done: usize| {
        if console.interactive() {
            let width = (done * 30).checked_div(total).unwrap_or(30).min(30);
            let _ = write!(
                std::io::stderr(),
                "\r  [{}{}] {done} of {total} rows",
                "=".repeat(width),
                " ".repeat(30 - width),
            );
        }
    };
    let sower = Sower::new(backend.clone(), model, &issuer, arguments.seed, live::now());
    let harvest = sower.sow(plan, &mut bar).await;
    if console.interactive() {
        let _ = write!(std::io::stderr(), "\r\u{1b}[K");
    }
    Ok(harvest)
}

fn say(console: &Console, model: &Model, plan: &Plan, harvest: &Harvest) {
    for (entity, rows) in &harvest.rows {
        let planned =
            plan.steps.iter().find(|step| step.entity == *entity).map_or(0, |step| step.rows);
        let fewer =
            if *rows < planned { format!("   of {planned} planned") } else { String::new() };
        let name = &model.shape(*entity).name;
        console.prose(format!(
            "{rows:>8}  {}{}",
            styled(style::BOLD, name),
            styled(style::DIM, fewer)
        ));
    }
    for (entity, why) in &plan.skipped {
        let name = &model.shape(*entity).name;
        console.prose(format!("{:>8}  {name}  {}", 0, styled(style::DIM, why)));
    }
    let refused: Vec<String> =
        harvest.refused.iter().map(|(code, times)| format!("{code} x {times}")).collect();
    if !refused.is_empty() {
        let refused =
            format!("refused by the model's rules, and tried otherwise: {}", refused.join(", "));
        console.prose(styled(style::DIM, refused));
    }
    if let Some((actor, subject)) = harvest.subjects.first() {
        let told =
            format!("`firm token --actor {actor} --as {subject}` signs in as the first of them");
        console.prose(styled(style::DIM, told));
    }
}

fn document(model: &Model, harvest: &Harvest) -> Value {
    let rows: Map<String, Value> = harvest
        .rows
        .iter()
        .map(|(entity, rows)| {
            let shape = model.shape(*entity);
            (format!("{}.{}", shape.context, shape.name), json!(rows))
        })
        .collect();
    json!({
        "version": 1,
        "diagnostics": [],
        "rows": rows,
        "refused": harvest.refused,
        "subjects": harvest
            .subjects
            .iter()
            .map(|(actor, subject)| json!({ "actor": actor, "subject": subject }))
            .collect::<Value>(),
    })
}
