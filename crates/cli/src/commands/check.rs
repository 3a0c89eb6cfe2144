//! `firm check`: what is wrong with a model, and with `--fix` the repair of what is certain.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::{
    console::{Console, style, styled},
    failure::{Failure, Outcome},
    fixes,
    folder::Folder,
    loaded::Loaded,
    render::{github_commands, sarif_document},
};

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// The stable document of all commands, as `--json`
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands, which GitHub shows beside the lines
    Github,
}

/// Arguments of `firm check`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  firm check examples/shop --strict\n  firm check examples/shop --format sarif > firmitas.sarif"
)]
pub struct CheckArguments {
    /// Folder with `firmitas.yaml`
    #[arg(default_value = ".")]
    model: PathBuf,

    /// Apply the fixes that keep the meaning, then check again
    #[arg(long)]
    fix: bool,

    /// How to print the findings; paths of `sarif` and `github` begin at the root of the repository
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
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
    let json = if console.json() { Format::Json } else { Format::Text };
    let prefix = || loaded.folder.in_repository();
    match arguments.format.unwrap_or(json) {
        Format::Text => print(&loaded, console),
        Format::Json => console.document(&loaded.document()),
        Format::Sarif => {
            let (sources, found) = (&loaded.sources, loaded.diagnostics.as_slice());
            console.document(&sarif_document(sources, &prefix(), found));
        }
        Format::Github if loaded.diagnostics.is_empty() => {}
        Format::Github => {
            let (sources, found) = (&loaded.sources, loaded.diagnostics.as_slice());
            console.answer(github_commands(sources, &prefix(), found));
        }
    }
    Ok(loaded.outcome(console))
}

/// For people.
fn print(loaded: &Loaded, console: &Console) {
    loaded.print_findings(|text| console.answer(text), console.appearance());
    if loaded.diagnostics.is_empty() {
        console.prose(format!("{} {}", styled(style::GOOD, "sound"), loaded.extent()));
    }
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
