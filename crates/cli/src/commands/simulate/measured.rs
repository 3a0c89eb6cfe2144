//! Times that were measured: read, used, saved; and the one server that was measured.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use decide::Design;
use decide::crossings::End;
use decide::protection;
use simulate::calibrate::{self, File, Measured};
use simulate::design::{OneServer, Question, StoreHere};

use crate::console::Console;
use crate::failure::Failure;

/// Most bytes of all files together: memory is a few times that.
const MOST: u64 = 512 << 20;

/// What was measured.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Calibration")]
pub struct CalibrationArguments {
    /// Take service times from measurements: a scrape of `/metrics` of `firm up` (given twice, what
    /// came between the two; a third is held against it), or spans in OTLP's JSON. Which it is, is
    /// found by its content
    #[arg(long, value_name = "FILE")]
    calibrate: Vec<PathBuf>,

    /// Take service times that `--save-times` wrote
    #[arg(long, value_name = "FILE")]
    times: Option<PathBuf>,

    /// Write the times that `--calibrate` found, for `--times`
    #[arg(long, value_name = "FILE", requires = "calibrate")]
    save_times: Option<PathBuf>,

    /// Everything on one server with so many cores, as `firm up` runs it, instead of the deployment
    /// that was decided
    #[arg(long, value_name = "CORES", value_parser = clap::value_parser!(u32).range(1..=1024))]
    one_server: Option<u32>,

    /// Connections of that server to its store; as decided without
    #[arg(long, value_name = "NUMBER", requires = "one_server", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: Option<u32>,
}

impl CalibrationArguments {
    /// Puts what was measured into a question.
    ///
    /// # Errors
    /// Where a file cannot be read, says nothing, or cannot be written.
    pub(super) fn apply(
        &self,
        design: &Design,
        question: &mut Question,
        console: &Console,
    ) -> Result<(), Failure> {
        question.server = self.one_server.map(|cores| OneServer {
            cores,
            connections: self.connections.unwrap_or_else(|| pool(design)),
            store: StoreHere::Beside,
            setup: 0.0,
            switch: 0.0,
            commit: None,
            stalls: None,
            client: 0.0,
            client_setup: 0.0,
            client_cores: None,
            rates: None,
        });
        let paths: Vec<&PathBuf> = self.times.iter().chain(&self.calibrate).collect();
        if paths.is_empty() {
            return Ok(());
        }
        let texts = texts(&paths)?;
        let files: Vec<File<'_>> = texts.iter().map(|(name, text)| File { name, text }).collect();
        let waiting = waiting(design);
        let waits = |name: &str| waiting.iter().any(|of| of == name);
        let (measured, notes) = calibrate::read(&files, &waits).map_err(|wrong| {
            Failure::new("unreadable-measurements", wrong.to_string()).help(
                "`firm up` serves scrapes at `/metrics`; docs/simulation.md says what is read",
            )
        })?;
        for note in notes.into_iter().chain(unused(design, &measured, question)) {
            console.problem(format!("note: {note}"));
        }
        if let Some(path) = &self.save_times {
            let mut text = format!("{:#}", calibrate::to_json(&measured));
            text.push('\n');
            fs::write(path, text).map_err(|error| Failure::file("write", path, &error))?;
        }
        if let Some(server) = &mut question.server
            && measured.system.as_deref() == Some("sqlite")
        {
            server.store = StoreHere::Embedded;
        }
        question.measured = Measured { whole: question.server.is_some(), ..measured };
        Ok(())
    }
}

/// The connections of the first service to its store, as decided.
fn pool(design: &Design) -> u32 {
    design.sizing.services.first().map_or(1, |service| service.pool).max(1)
}

/// The files with their names, within a bound for all of them.
fn texts(paths: &[&PathBuf]) -> Result<Vec<(String, String)>, Failure> {
    let mut left = MOST;
    let read = |path: &&PathBuf| {
        let text = text(path, left)?;
        left = left.saturating_sub(text.len() as u64);
        Ok((path.display().to_string(), text))
    };
    paths.iter().map(read).collect()
}

fn text(path: &Path, left: u64) -> Result<String, Failure> {
    let unusable = |error: &std::io::Error| Failure::file("read", path, error);
    let file = fs::File::open(path).map_err(|error| unusable(&error))?;
    let mut bytes = Vec::new();
    file.take(left.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| unusable(&error))?;
    if bytes.len() as u64 > left {
        let message = format!("`{}`: more than 512 MiB of measurements", path.display());
        return Err(Failure::new("unreadable-measurements", message)
            .help("an hour of spans is enough; a scrape is small however long it counted"));
    }
    String::from_utf8(bytes).map_err(|_| {
        let message = format!("`{}` is not text (UTF-8)", path.display());
        Failure::new("unreadable-measurements", message)
    })
}

/// Operations whose requests wait for others.
fn waiting(design: &Design) -> Vec<String> {
    let calls = protection::of_design(design);
    let called = calls.iter().filter(|call| !matches!(call.crossing.to, End::Event(_)));
    let callers = called.filter_map(|call| call.crossing.operation);
    callers.map(|id| design.model.qualified_operation(id)).collect()
}

/// What was measured and is not used, in words.
fn unused(design: &Design, measured: &Measured, question: &Question) -> Vec<String> {
    let mut notes = Vec::new();
    let known: Vec<String> =
        design.model.operations().map(|(id, _)| design.model.qualified_operation(id)).collect();
    let others = measured.operations.keys().filter(|name| !known.contains(name));
    let others: Vec<String> = others.take(5).map(|name| format!("`{name}`")).collect();
    if !others.is_empty() {
        notes.push(format!("measured, and not in this model: {}", others.join(", ")));
    }
    let decided =
        |system: &str| design.sizing.stores.iter().any(|store| store.kind.name() == system);
    if let Some(system) = measured.system.as_deref().filter(|system| !decided(system))
        && question.server.is_none()
    {
        notes.push(format!(
            "times of the store were measured on {system}, which this design does not use: those \
             of the table are taken (`--one-server` simulates the server that was measured)"
        ));
    }
    notes
}
