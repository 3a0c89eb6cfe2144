//! `firm check`: what is wrong with a model, and with `--fix` the repair of what is certain.

use std::path::PathBuf;

use clap::Args;

use crate::{
    console::{Console, style, styled},
    failure::{Failure, Outcome},
    fixes,
    folder::Folder,
    loaded::Loaded,
};

/// Arguments of `firm check`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  firm check examples/shop --strict")]
pub struct CheckArguments {
    /// Folder with `firmitas.yaml`
    #[arg(default_value = ".")]
    model: PathBuf,

    /// Apply the fixes that keep the meaning, then check again
    #[arg(long)]
    fix: bool,
}

/// Checks the model and prints the findings as the answer.
///
/// # Errors
/// When there is no model, or a fix cannot be written.
pub fn run(arguments: &CheckArguments, console: &Console) -> Result<Outcome, Failure> {
    let folder = Folder::open(&arguments.model)?;
    let mut loaded = Loaded::read(folder);
    if arguments.fix {
        loaded = fix(loaded, console)?;
    }
    if console.json() {
        console.document(&loaded.document());
        return Ok(loaded.outcome(console));
    }
    loaded.print_findings(|text| console.answer(text), console.appearance());
    if loaded.diagnostics.is_empty() {
        console.prose(format!("{} {}", styled(style::GOOD, "sound"), loaded.extent()));
    }
    Ok(loaded.outcome(console))
}

/// Applies safe fixes until nothing is left to apply; fixes may uncover others.
fn fix(mut loaded: Loaded, console: &Console) -> Result<Loaded, Failure> {
    const ROUNDS: usize = 10;
    for _ in 0..ROUNDS {
        let repaired = fixes::apply(&loaded.sources, &loaded.diagnostics);
        if repaired.files.is_empty() {
            break;
        }
        for (path, text) in &repaired.files {
            loaded.folder.replace(path, text)?;
        }
        console.prose(format!("{} {} findings", styled(style::GOOD, "fixed"), repaired.count));
        loaded = Loaded::read(loaded.folder);
    }
    Ok(loaded)
}
