//! `firm fmt`: model files in the common layout.

use std::path::{Path, PathBuf};

use base::{Diagnostic, FileId, SourceMap};
use clap::Args;
use serde_json::json;

use crate::{
    console::{Console, style, styled},
    failure::{Failure, Outcome},
    folder::{Folder, ROOT},
    render::{Terminal, diagnostics_document},
};

/// Arguments of `firm fmt`.
#[derive(Clone, Debug, Args)]
#[command(
    long_about = "Bring model files into the common layout. Only what lies between the words \
changes: comments, order and values stay, and a text that would read differently is not written.

  indentation   two spaces a level; items of a list two more than their key
  brackets      { a: 1, b: [x, y] }: a space inside braces, none inside brackets
  signs         one space after `:`, `,` and `-`, none before
  quotes        gone where no reader of YAML needs them; double ones where they are needed
  lines         no trailing spaces, one blank line at most, LF, one line break at the end

Comments are never broken or joined; the spaces before them stay. A file with errors is left as it \
is, and its errors are shown.",
    after_help = "Example:\n  firm fmt --check examples/shop"
)]
pub struct FmtArguments {
    /// Model folders (all files of the model) or single files
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,

    /// Change nothing; end with exit code 1 where something would change
    #[arg(long)]
    check: bool,
}

/// What became of a file.
struct Formatted {
    shown: String,
    folder: Folder,
    path: String,
    text: String,
    result: Result<String, Vec<Diagnostic>>,
}

/// Formats, and names the files that change.
///
/// # Errors
/// When a file cannot be read or written.
pub fn run(arguments: &FmtArguments, console: &Console) -> Result<Outcome, Failure> {
    let mut changed = Vec::new();
    let (mut sources, mut diagnostics) = (SourceMap::new(), Vec::new());
    for path in &arguments.paths {
        for file in files(path, &mut sources)? {
            match file.result {
                Err(found) => diagnostics.extend(found),
                Ok(new) if new == file.text => {}
                Ok(new) => {
                    if !arguments.check {
                        file.folder.replace(&file.path, &new)?;
                    }
                    changed.push(file.shown);
                }
            }
        }
    }
    base::sort_diagnostics(&mut diagnostics);
    report(arguments, console, &changed, &sources, &diagnostics);
    let fine = diagnostics.is_empty() && (!arguments.check || changed.is_empty());
    Ok(if fine { Outcome::Success } else { Outcome::Findings })
}

fn report(
    arguments: &FmtArguments,
    console: &Console,
    changed: &[String],
    sources: &SourceMap,
    diagnostics: &[Diagnostic],
) {
    if console.json() {
        let mut document = diagnostics_document(sources, diagnostics);
        document["changed"] = json!(changed);
        return console.document(&document);
    }
    if !diagnostics.is_empty() {
        let terminal = Terminal::new(sources, "", console.appearance());
        console.problem(terminal.render(diagnostics).trim_end());
    }
    let word = if arguments.check { "would change" } else { "formatted" };
    for path in changed {
        console.answer(format!("{} {path}", styled(style::ATTENTION, word)));
    }
}

/// The files of a path with their new texts: of a folder, every file of its model.
fn files(path: &Path, sources: &mut SourceMap) -> Result<Vec<Formatted>, Failure> {
    let single = path.is_file().then(|| path.file_name().and_then(|name| name.to_str())).flatten();
    let (folder, mut open) = match single {
        Some(name) => {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            (Folder::holding(parent.unwrap_or(Path::new(".")))?, vec![name.to_owned()])
        }
        None => (Folder::open(path)?, vec![ROOT.to_owned()]),
    };
    let (mut known, mut files) = (open.clone(), Vec::new());
    while let Some(path) = open.pop() {
        let text = folder.read(&path).map_err(|error| {
            Failure::new("file-unusable", format!("cannot read `{path}`: {error}"))
        })?;
        let shown = folder.path().join(&path).display().to_string();
        let shown = shown.strip_prefix("./").unwrap_or(&shown).to_owned();
        let file = sources.add(shown.clone(), text.as_str());
        if single.is_none() {
            let new = included(&folder, file, &path, &text).into_iter();
            let new: Vec<String> = new.filter(|path| !known.contains(path)).collect();
            known.extend(new.iter().cloned());
            open.extend(new);
        }
        let result = model::format(file, &text);
        files.push(Formatted { shown, folder: folder.clone(), path, text, result });
    }
    Ok(files)
}

/// The files that a file includes.
fn included(folder: &Folder, file: FileId, path: &str, text: &str) -> Vec<String> {
    let parent = path.rfind('/').map_or("", |at| path.get(..=at).unwrap_or(""));
    let patterns = model::syntax::includes(file, text).into_iter();
    patterns.flat_map(|pattern| folder.matching(&format!("{parent}{}", pattern.value))).collect()
}
