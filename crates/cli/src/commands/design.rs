//! `firm design`: decides, and writes what follows from the decisions.

use std::path::PathBuf;

use clap::Args;
use decide::lock::Change;
use serde_json::json;

use super::{accept, simulate};
use crate::{
    console::{Console, style, styled},
    failure::{Failure, Outcome},
    folder::Folder,
    generated::{Changes, Generated},
    loaded::Loaded,
};

/// Arguments of `firm design`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  firm design examples/shop --out /tmp/shop-design")]
pub struct DesignArguments {
    /// Folder with `firmitas.yaml`
    #[arg(default_value = ".")]
    model: PathBuf,

    /// Folder to write [default: `design` in the model folder]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Overwrite files that were edited by hand
    #[arg(long)]
    force: bool,

    /// Write nothing; exit with 1 if the folder is not what would be written, or a decision is not
    /// as it was accepted
    #[arg(long, conflicts_with = "force")]
    check: bool,

    /// Leave what a simulation says out of `capacity.md`, and save its second or two
    #[arg(long)]
    no_simulation: bool,

    /// Accept all decisions: write `decisions.lock.yaml` beside the model, as `firm accept --all`
    #[arg(long, conflicts_with = "check")]
    lock: bool,
}

/// Decides and writes the folder, unless the model has errors.
///
/// # Errors
/// When there is no model, or the folder cannot be written or was edited by hand.
pub fn run(arguments: &DesignArguments, console: &Console) -> Result<Outcome, Failure> {
    let mut loaded = Loaded::read(Folder::open(&arguments.model)?);
    if arguments.lock && !loaded.has_errors() {
        accept::write(&loaded, console, &|_| true, true)?;
        loaded = Loaded::read(loaded.folder);
    }
    loaded.find_flips(console);
    if !arguments.no_simulation {
        simulate::short(&mut loaded, console)?;
    }
    let unlike = loaded.changes();
    if let Some(out) = &arguments.out {
        // Numbers go on from the folder that is written, not from one beside the model.
        let lock = std::fs::read_to_string(out.join("proto/fields.lock"));
        loaded.field_numbers = lock.unwrap_or_default();
    }
    let out = arguments.out.clone().unwrap_or_else(|| loaded.folder.path().join("design"));
    let mut changes = None;
    if let Some(artifacts) = loaded.artifacts() {
        let files = artifacts.iter().map(|file| (file.path.as_str(), file.contents.as_str()));
        let generated = Generated::new(&out, files)?;
        changes = Some(match arguments.check {
            true => generated.stale()?,
            false => generated.write(arguments.force)?,
        });
    }
    let violated = unlike.iter().any(|change| change.locked.is_some());
    let stale = changes.as_ref().is_some_and(|changes| !changes.is_empty());
    let stale = arguments.check && (stale || violated);
    if console.json() {
        let mut document = loaded.document();
        document["decisions"] = loaded.decisions();
        document["changed"] = unlike.iter().map(accept::change_json).collect();
        document["files"] = changes.as_ref().map_or(json!(null), changes_json);
        console.document(&document);
    } else {
        // Told below, a line each.
        loaded.diagnostics.retain(|found| found.id != "decision-changed");
        loaded.print_findings(|text| console.problem(text), console.appearance());
        tell(console, &unlike);
    }
    if let Some(changes) = &changes {
        say(console, &out, changes, arguments.check);
    } else {
        console.problem("nothing was written: the model has errors");
    }
    Ok(if stale { Outcome::Findings } else { loaded.outcome(console) })
}

/// The decisions that are not as they were accepted.
fn tell(console: &Console, unlike: &[Change]) {
    if unlike.is_empty() {
        return;
    }
    console.problem(styled(style::BOLD, "not as it was accepted:"));
    unlike.iter().for_each(|change| console.problem(accept::change_line(change)));
    console.problem("`firm accept --all` takes them, `firm accept ID` one of them");
}

fn say(console: &Console, out: &std::path::Path, changes: &Changes, check: bool) {
    let words = if check {
        ["missing", "stale", "left over", "edited by hand"]
    } else {
        ["new", "changed", "removed", "edited by hand"]
    };
    let lists = [&changes.added, &changes.changed, &changes.removed, &changes.edited];
    for (word, paths) in words.into_iter().zip(lists) {
        let style = if word == "new" { style::GOOD } else { style::ATTENTION };
        for path in paths {
            let word = styled(style, format_args!("{word:>14}"));
            console.prose(format!("{word}  {}", out.join(path).display()));
        }
    }
    let folder = out.display();
    let same = changes.unchanged;
    console.prose(match (changes.is_empty(), check) {
        (true, _) => format!("{folder} is up to date ({same} files)"),
        (false, false) => format!("{folder} is written ({same} files are as they were)"),
        (false, true) if changes.edited.is_empty() => {
            format!("{folder} is stale: run `firm design` and commit the result")
        }
        (false, true) => format!(
            "{folder} was edited by hand: move the changes elsewhere, or give them up with \
             `firm design --force`, and commit the result"
        ),
    });
}

fn changes_json(changes: &Changes) -> serde_json::Value {
    json!({
        "added": changes.added,
        "changed": changes.changed,
        "removed": changes.removed,
        "edited": changes.edited,
        "unchanged": changes.unchanged,
    })
}
