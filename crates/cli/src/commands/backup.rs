//! `firm backup`: a consistent copy of the embedded store, whether or not it is being served.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::{
    console::{Console, style, styled},
    failure::{Failure, Outcome},
    folder::Folder,
};

/// Arguments of `firm backup`.
#[derive(Clone, Debug, Args)]
#[command(override_usage = "firm backup [OPTIONS] [MODEL] <FILE>")]
#[command(after_help = "\
Example:
  firm backup examples/shop shop-2026-12-31.db

Writes go on while the copy is made. To restore, stop `firm up` and put the copy where the
database was: `firmitas.db` in the data folder, without the files `-wal` and `-shm` beside it.")]
pub struct BackupArguments {
    /// Folder with `firmitas.yaml` [default: `.`], then the file to write; an existing one is never
    /// overwritten
    // One list, so that options may stand anywhere between the two.
    #[arg(required = true, num_args = 1..=2, value_names = ["MODEL", "FILE"])]
    paths: Vec<PathBuf>,

    /// Folder with the data [default: `.firm` in the model folder]
    #[arg(long, env = "FIRM_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Writes the copy. The model itself is not read: a backup must work when the model is broken.
///
/// # Errors
/// When there is no store, or the file cannot be written or is there already.
pub fn run(arguments: &BackupArguments, console: &Console) -> Result<Outcome, Failure> {
    let (model, file) = match arguments.paths.as_slice() {
        [model, file] => (model.as_path(), file),
        [file] => (Path::new("."), file),
        _ => return Err(Failure::new("no-backup", "give the file to write")),
    };
    let data = match &arguments.data {
        Some(data) => data.clone(),
        None => Folder::open(model)?.default_data(),
    };
    runtime::store::sqlite::backup(&data, file)
        .map_err(|error| Failure::new("no-backup", error.to_string()))?;
    let bytes = std::fs::metadata(file).map_or(0, |about| about.len());
    let file = file.display().to_string();
    if console.json() {
        console.document(&json!({ "version": 1, "diagnostics": [], "file": file, "bytes": bytes }));
    }
    console.prose(format!(
        "{} {file} ({} KiB)",
        styled(style::GOOD, "saved"),
        bytes.div_ceil(1024)
    ));
    Ok(Outcome::Success)
}
