//! Where answers and prose go: one document on standard output with `--json`, prose on standard
//! error; colours where they can be seen and are wanted.

use std::io::{IsTerminal as _, Write as _};

use annotate_snippets::{Group, Level, Renderer};
use anstream::AutoStream;
use clap::{Args, ColorChoice};
use serde_json::{Value, json};

use crate::{
    failure::Failure,
    render::{Appearance, visible},
};

/// Options that every command takes.
#[derive(Clone, Copy, Debug, Args)]
pub struct OutputOptions {
    /// Print one JSON document on standard output, prose on standard error
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,

    /// Treat warnings as errors in the exit code
    #[arg(long, global = true, help_heading = "Output")]
    pub strict: bool,

    /// When to use colours (`auto` heeds NO_COLOR, CLICOLOR and CLICOLOR_FORCE)
    #[arg(
        long,
        global = true,
        help_heading = "Output",
        value_name = "WHEN",
        default_value = "auto"
    )]
    pub color: ColorChoice,

    /// Print only what was asked for and errors
    #[arg(short, long, global = true, help_heading = "Output")]
    pub quiet: bool,
}

/// Styles, kept few: emphasis, what is fine, what deserves attention, what may be skipped.
pub mod style {
    use clap::builder::styling::{AnsiColor, Style};

    /// Names and headings.
    pub const BOLD: Style = Style::new().bold();
    /// Done, healthy.
    pub const GOOD: Style = AnsiColor::Green.on_default().bold();
    /// Broken.
    pub const BAD: Style = AnsiColor::Red.on_default().bold();
    /// Deserves attention.
    pub const ATTENTION: Style = AnsiColor::Yellow.on_default().bold();
    /// What can be typed or followed.
    pub const LINK: Style = AnsiColor::Cyan.on_default();
    /// Reasons and asides.
    pub const DIM: Style = Style::new().dimmed();
}

/// `text` in a style; the console strips it where colours are off.
#[must_use]
pub fn styled(style: clap::builder::styling::Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// The two output streams with the user's wishes. Write errors (a closed pipe) are ignored: there
/// is nobody left to tell.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    options: OutputOptions,
}

impl Console {
    /// A console with these options.
    #[must_use]
    pub const fn new(options: OutputOptions) -> Self {
        Self { options }
    }

    /// Whether `--json` was given.
    #[must_use]
    pub const fn json(&self) -> bool {
        self.options.json
    }

    /// Whether `--strict` was given.
    #[must_use]
    pub const fn strict(&self) -> bool {
        self.options.strict
    }

    /// A line of the answer, on standard output.
    pub fn answer(&self, line: impl AsRef<str>) {
        let mut stream = AutoStream::new(std::io::stdout().lock(), self.choice());
        let _ = writeln!(stream, "{}", line.as_ref());
        let _ = stream.flush();
    }

    /// The JSON document, on standard output.
    pub fn document(&self, document: &Value) {
        let mut stream = std::io::stdout().lock();
        let _ = writeln!(stream, "{document:#}");
        let _ = stream.flush();
    }

    /// A JSON document on one line, for commands that print several while they run.
    pub fn document_line(&self, document: &Value) {
        let mut stream = std::io::stdout().lock();
        let _ = writeln!(stream, "{document}");
        let _ = stream.flush();
    }

    /// A line of prose on standard error; silent with `--quiet`.
    pub fn prose(&self, line: impl AsRef<str>) {
        if !self.options.quiet {
            self.problem(line);
        }
    }

    /// A line on standard error that `--quiet` does not silence.
    pub fn problem(&self, line: impl AsRef<str>) {
        let mut stream = AutoStream::new(std::io::stderr().lock(), self.choice());
        let _ = writeln!(stream, "{}", line.as_ref());
    }

    /// Says why a command could not run: as an error without a place, or as its JSON document.
    pub fn failure(&self, failure: &Failure) {
        if self.options.json {
            self.document(&failure_document(failure));
        }
        self.failure_prose(failure);
    }

    /// The same on standard error alone.
    pub fn failure_prose(&self, failure: &Failure) {
        let title = Level::ERROR.primary_title(failure.message.as_str()).id(failure.id);
        let mut groups = vec![Group::with_title(title)];
        for note in &failure.notes {
            groups.push(Group::with_title(Level::NOTE.secondary_title(visible(note))));
        }
        if let Some(help) = &failure.help {
            groups.push(Group::with_title(Level::HELP.secondary_title(visible(help))));
        }
        let renderer = if self.colour_on_error() { Renderer::styled() } else { Renderer::plain() };
        self.problem(renderer.hyperlink(false).render(&groups));
    }

    /// What standard output can show (standard error looks the same unless one is redirected).
    #[must_use]
    pub fn appearance(&self) -> Appearance {
        let columns = std::env::var("COLUMNS").ok().and_then(|width| width.parse().ok());
        Appearance {
            colour: self.colour_on_output(),
            width: columns.map_or(140, |width: usize| width.clamp(40, 400)),
            sentences: std::env::var("NO_GRAPHICS").is_ok_and(|value| value == "1"),
        }
    }

    /// Whether standard error is a terminal, so that progress can be drawn over.
    #[must_use]
    pub fn interactive(&self) -> bool {
        !self.options.quiet && !self.options.json && std::io::stderr().is_terminal()
    }

    /// Says what takes long, until it is done: on a terminal alone, where the line goes again.
    pub fn waiting(&self, what: &str) -> Waiting {
        if self.interactive() {
            eprint!("{what} ...");
            let _ = std::io::stderr().flush();
        }
        Waiting(self.interactive())
    }

    fn choice(&self) -> anstream::ColorChoice {
        match self.options.color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        }
    }

    fn colour_on_output(&self) -> bool {
        let wish = self.choice();
        let colours = match wish {
            anstream::ColorChoice::Auto => AutoStream::choice(&std::io::stdout()),
            other => other,
        };
        colours != anstream::ColorChoice::Never
    }

    fn colour_on_error(&self) -> bool {
        let wish = self.choice();
        let colours = match wish {
            anstream::ColorChoice::Auto => AutoStream::choice(&std::io::stderr()),
            other => other,
        };
        colours != anstream::ColorChoice::Never
    }
}

/// A line that says what takes long; dropping it takes the line away.
#[derive(Debug)]
#[must_use]
pub struct Waiting(bool);

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.0 {
            eprint!("\r\u{1b}[K");
        }
    }
}

/// A failure in the stable shape of findings, so that machines need not know a second one.
#[must_use]
pub fn failure_document(failure: &Failure) -> Value {
    let origin = json!({ "line": 1, "column": 1 });
    json!({
        "version": 1,
        "diagnostics": [{
            "id": failure.id,
            "severity": "error",
            "message": failure.message,
            "file": "",
            "range": { "start": origin, "end": origin },
            "label": "",
            "related": [],
            "notes": failure.notes,
            "help": failure.help,
            "fixes": [],
            "accept": null,
        }],
    })
}
