//! The file with settings, `firm.yaml` beside the model: the names of the flags, without dashes
//! before them.
//!
//! YAML, since whoever has a model writes it already, and what is wrong is told with its place by
//! the same reader. A flag wins over the environment, which wins over the file, which wins over the
//! default: whatever of the file is not overruled is put to the command line as if it was typed,
//! so that each setting is checked and documented once.

mod values;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use base::{Diagnostic, FileId, SourceMap};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};
use model::yaml::{self, Node, NodeKind};

use crate::console::Console;
use crate::failure::Failure;
use crate::folder::Folder;
use crate::render::{Terminal, diagnostics_document};

/// The file that is read without being asked for.
pub const DEFAULT: &str = "firm.yaml";
/// The setting that names another one.
const CONFIG: &str = "config";
/// Largest file in bytes.
const LIMIT: u64 = 256 << 10;

/// What the file says that nothing overrules.
#[derive(Clone, Debug, Default)]
pub struct FromFile {
    /// The file, if there is one.
    pub path: Option<PathBuf>,
    /// Where each setting stands, by the id of its argument.
    pub origins: BTreeMap<String, String>,
    /// The settings as arguments.
    arguments: Vec<OsString>,
}

/// What is wrong with the file.
#[derive(Debug)]
pub struct Wrong {
    /// The file.
    pub sources: SourceMap,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
}

impl Wrong {
    /// Says it.
    pub fn tell(&self, console: &Console) {
        if console.json() {
            console.document(&diagnostics_document(&self.sources, &self.diagnostics));
            return;
        }
        let terminal = Terminal::new(&self.sources, "", console.appearance());
        console.problem(terminal.render(&self.diagnostics).trim_end());
    }
}

/// Why there are no settings.
#[derive(Debug)]
pub enum Refused {
    /// The file cannot be read.
    Failure(Failure),
    /// It can, but does not make sense.
    Wrong(Box<Wrong>),
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl FromFile {
    /// Reads the file for a command line that was read already.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn of(all: &Command, matches: &ArgMatches) -> Result<Self, Refused> {
        let (command, own) = deepest(all, matches);
        // Commands that have to do with a running backend know where its data is.
        let (Some(_), Some(model)) = (find(command, "data"), path(own, "model")) else {
            return Ok(Self::default());
        };
        let Ok(folder) = Folder::open(&model) else { return Ok(Self::default()) };
        let Some((file, shown)) = place(own, &folder) else { return Ok(Self::default()) };
        let text = read(&file)?;
        let mut sources = SourceMap::new();
        let id = sources.add(&shown, text.as_str());
        let mut diagnostics = Vec::new();
        let entries = settings(id, &text, &file, all, &mut diagnostics);
        if base::has_errors(&diagnostics) {
            base::sort_diagnostics(&mut diagnostics);
            let sources = without_secrets(&shown, text, &diagnostics);
            return Err(Refused::Wrong(Box::new(Wrong { sources, diagnostics })));
        }
        let mut told = Self { path: Some(file), ..Self::default() };
        for entry in entries {
            let Some(argument) = find(command, &entry.name) else { continue };
            let id = argument.get_id().as_str();
            let said = own.try_contains_id(id).is_ok().then(|| own.value_source(id)).flatten();
            if matches!(said, Some(ValueSource::CommandLine | ValueSource::EnvVariable)) {
                continue;
            }
            let line = sources.range(entry.span).start.line;
            told.origins.insert(id.to_owned(), format!("file {shown}:{line}"));
            told.arguments.extend(entry.arguments);
        }
        Ok(told)
    }

    /// The command line with what the file says.
    #[must_use]
    pub fn extend(&self, mut arguments: Vec<OsString>) -> Vec<OsString> {
        // What stands behind `--` is no flag.
        let end = arguments.iter().position(|argument| argument == "--");
        let end = end.unwrap_or(arguments.len());
        arguments.splice(end..end, self.arguments.iter().cloned());
        arguments
    }
}

/// The file as it may be shown: what is reported to be a secret is not.
fn without_secrets(shown: &str, mut text: String, diagnostics: &[Diagnostic]) -> SourceMap {
    for of in diagnostics.iter().filter(|of| of.id == values::SECRET) {
        let range = of.primary.span.start as usize..of.primary.span.end as usize;
        text.replace_range(range, &"*".repeat(of.primary.span.len()));
    }
    let mut sources = SourceMap::new();
    sources.add(shown, text);
    sources
}

/// The command that was chosen, and what it was given.
fn deepest<'c>(all: &'c Command, matches: &'c ArgMatches) -> (&'c Command, &'c ArgMatches) {
    let (mut command, mut own) = (all, matches);
    while let Some((name, below)) = own.subcommand()
        && let Some(chosen) = command.find_subcommand(name)
    {
        (command, own) = (chosen, below);
    }
    (command, own)
}

/// The argument of a command with this flag.
fn find<'c>(command: &'c Command, flag: &str) -> Option<&'c Arg> {
    command.get_arguments().find(|argument| argument.get_long() == Some(flag))
}

fn path(matches: &ArgMatches, id: &str) -> Option<PathBuf> {
    matches.try_get_one::<PathBuf>(id).ok().flatten().cloned()
}

/// The file that is named, or the one beside the model if it is there; and as people are told it.
fn place(own: &ArgMatches, folder: &Folder) -> Option<(PathBuf, String)> {
    // Commands without the flag follow the variable.
    let named = path(own, CONFIG).or_else(|| std::env::var_os("FIRM_CONFIG").map(PathBuf::from));
    if let Some(named) = named.filter(|path| !path.as_os_str().is_empty()) {
        let shown = named.display().to_string();
        return Some((named, shown));
    }
    let beside = folder.root().join(DEFAULT);
    let shown = folder.path().join(DEFAULT).display().to_string();
    beside.is_file().then(|| (beside, shown.trim_start_matches("./").to_owned()))
}

fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| Failure::file("read", path, &error))?;
    let read = file.take(LIMIT + 1).read_to_string(&mut text);
    read.map_err(|error| Failure::file("read", path, &error))?;
    if text.len() as u64 > LIMIT {
        let message = format!("`{}` is larger than {} KiB", path.display(), LIMIT >> 10);
        return Err(Failure::new("config-too-large", message));
    }
    Ok(text)
}

/// A setting of the file.
struct Setting {
    name: String,
    span: base::Span,
    arguments: Vec<OsString>,
}

/// The settings of a file.
fn settings(
    id: FileId,
    text: &str,
    path: &Path,
    all: &Command,
    out: &mut Vec<Diagnostic>,
) -> Vec<Setting> {
    let document = yaml::read(id, text, out);
    let Some(root) = document.root.filter(|root: &Node| !root.is_empty()) else {
        return Vec::new();
    };
    let NodeKind::Mapping(mapping) = &root.kind else {
        let message = format!("settings are a map, not {}", root.describe());
        let help = "for example `listen: 127.0.0.1:8080`";
        out.push(Diagnostic::error("settings-not-a-map", root.span, message).help(help));
        return Vec::new();
    };
    let Some(up) = all.find_subcommand("up") else { return Vec::new() };
    let known = || up.get_arguments().filter(|argument| is_setting(argument));
    let mut found = Vec::new();
    for entry in &mapping.entries {
        let name = &entry.key.value;
        let Some(argument) = known().find(|of| of.get_long() == Some(name)) else {
            out.push(unknown(entry, known().filter_map(Arg::get_long)));
            continue;
        };
        let folder = path.parent().unwrap_or(Path::new("."));
        if let Some(arguments) = values::of(entry, argument, folder, out) {
            found.push(Setting { name: name.clone(), span: entry.key.span, arguments });
        }
    }
    found
}

/// What can be said in the environment can be said in the file.
fn is_setting(argument: &Arg) -> bool {
    argument.get_env().is_some() && argument.get_long() != Some(CONFIG)
}

fn unknown<'k>(entry: &yaml::Entry, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    let name = &entry.key.value;
    let message = format!("there is no setting `{name}`");
    let near = base::did_you_mean(&name.replace('_', "-"), known);
    Diagnostic::error("unknown-setting", entry.key.span, message)
        .label("no flag of `firm up` has this name")
        .help("`firm up --help` lists them; their names stand here without `--`")
        .suggest(near)
}
