//! `firm restore`: a backup into an empty store.

use std::path::PathBuf;

use clap::Args;
use runtime::store::StoreError;
use serde_json::json;

use super::{backup::two, place::Place};
use crate::{
    console::{Console, style, styled},
    failure::{Failure, Outcome},
    live,
};

/// Arguments of `firm restore`.
#[derive(Clone, Debug, Args)]
#[command(override_usage = "firm restore [OPTIONS] [MODEL] <FILE>")]
#[command(after_help = "\
Example:
  firm restore examples/shop shop-2026-12-31.db
  firm restore --store postgres://owner@db.example/empty shop-2026-12-31.backup

The store must be empty: nothing is overwritten. All of the backup is there afterwards, or nothing:
what is not what was written is refused. `firm up` then starts on it, with the model of then or one
that it can grow into. A backup of PostgreSQL holds SQL: restore only what you trust.")]
pub struct RestoreArguments {
    /// Folder with `firmitas.yaml` [default: `.`], then the file that `firm backup` wrote
    #[arg(required = true, num_args = 1..=2, value_names = ["MODEL", "FILE"])]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    place: Place,
}

/// Restores it. The model itself is not read.
///
/// # Errors
/// When the store is not empty, or the file is not a whole backup.
pub fn run(arguments: &RestoreArguments, console: &Console) -> Result<Outcome, Failure> {
    let (model, file) = two(&arguments.paths, "no-restore")?;
    arguments.place.address()?;
    let refused = |error: StoreError| Failure::new("no-restore", error.to_string());
    let rows = match arguments.place.url() {
        Some(url) => {
            let restored = live::tokio()?.block_on(server::archive::restore(url, file));
            Some(restored.map_err(refused)?.rows)
        }
        None => {
            let data = arguments.place.data(model)?;
            runtime::store::sqlite::restore(file, &data).map_err(refused)?;
            None
        }
    };
    let file = file.display().to_string();
    if console.json() {
        console.document(&json!({ "version": 1, "diagnostics": [], "file": file, "rows": rows }));
    }
    let rows = rows.map_or_else(String::new, |rows| format!(" ({rows} rows)"));
    console.prose(format!("{} {file}{rows}", styled(style::GOOD, "restored")));
    let there = arguments.place.data(model).map(|data| Place::left_out(&data)).unwrap_or_default();
    if !there.contains(&"identity.key") {
        console.prose("bring its keys before `firm up` (identity.key, fields.keys), and its files");
    }
    Ok(Outcome::Success)
}
