//! `firm backup`: a consistent copy of the store, whether or not it is being served.

use std::path::{Path, PathBuf};

use clap::Args;
use runtime::store::StoreError;
use serde_json::json;

use super::place::Place;
use crate::{
    console::{Console, style, styled},
    failure::{Failure, Outcome},
    live,
};

/// Arguments of `firm backup`.
#[derive(Clone, Debug, Args)]
#[command(override_usage = "firm backup [OPTIONS] [MODEL] <FILE>")]
#[command(after_help = "\
Example:
  firm backup examples/shop shop-2026-12-31.db
  firm backup --store postgres://owner@db.example/shop shop-2026-12-31.backup

Writes go on while the copy is made: it holds what was committed at one moment. `firm restore` puts
it into an empty store of the same kind. Contents of files and the keys in the data folder are not
in it.")]
pub struct BackupArguments {
    /// Folder with `firmitas.yaml` [default: `.`], then the file to write; an existing one is never
    /// overwritten
    // One list, so that options may stand anywhere between the two.
    #[arg(required = true, num_args = 1..=2, value_names = ["MODEL", "FILE"])]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    place: Place,
}

/// Writes the copy. The model itself is not read: a backup must work when the model is broken.
///
/// # Errors
/// When there is no store, or the file cannot be written or is there already.
pub fn run(arguments: &BackupArguments, console: &Console) -> Result<Outcome, Failure> {
    let (model, file) = two(&arguments.paths, "no-backup")?;
    arguments.place.address()?;
    let refused = |error: StoreError| Failure::new("no-backup", error.to_string());
    match arguments.place.url() {
        Some(url) => {
            live::tokio()?.block_on(server::archive::backup(url, file)).map_err(refused)?;
        }
        None => {
            let data = arguments.place.data(model)?;
            runtime::store::sqlite::backup(&data, file).map_err(refused)?;
        }
    }
    // Of a server elsewhere nothing is known.
    let data = arguments.place.data(model).ok();
    let left_out = data.as_deref().map(Place::left_out).unwrap_or_default();
    let bytes = std::fs::metadata(file).map_or(0, |about| about.len());
    let file = file.display().to_string();
    if console.json() {
        console.document(&json!({
            "version": 1, "diagnostics": [], "file": file, "bytes": bytes, "left_out": left_out,
        }));
    }
    console.prose(format!(
        "{} {file} ({} KiB)",
        styled(style::GOOD, "saved"),
        bytes.div_ceil(1024)
    ));
    if let Some(data) = data.filter(|_| !left_out.is_empty()) {
        let (names, data) = (left_out.join(", "), data.display());
        console.prose(format!("not in it: {names} of {data}; keep them too, elsewhere"));
    }
    Ok(Outcome::Success)
}

/// The folder of the model and the file, from one or two paths.
///
/// # Errors
/// When there is no file among them.
pub fn two<'p>(paths: &'p [PathBuf], id: &'static str) -> Result<(&'p Path, &'p PathBuf), Failure> {
    match paths {
        [model, file] => Ok((model.as_path(), file)),
        [file] => Ok((Path::new("."), file)),
        _ => Err(Failure::new(id, "give the file")),
    }
}
