//! The test binaries: found, run one after the other, what failed in company tried alone.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value as Json;

use crate::run::{cargo, step};

/// More failures than this in one binary are no accident of timing: none is tried again.
const TRIED_AGAIN: usize = 5;

/// What became of all of them.
#[derive(Default)]
pub struct Outcome {
    /// `crate: test`, failed twice, or binaries that ended without saying why.
    pub failed: Vec<String>,
    /// `crate: test`, failed among the others and passed by itself.
    pub unsteady: Vec<String>,
}

/// A binary with tests.
pub struct Binary {
    name: String,
    executable: PathBuf,
    folder: PathBuf,
}

/// Builds all of the workspace.
pub fn build() -> Result<Vec<Binary>> {
    let mut command = cargo();
    command.args(["test", "--workspace", "--no-run", "--message-format=json-render-diagnostics"]);
    let mut child = command.stdout(Stdio::piped()).spawn().context("could not start cargo")?;
    let output = child.stdout.take().context("cargo without output")?;
    let mut binaries = Vec::new();
    for line in BufReader::new(output).lines() {
        binaries.extend(serde_json::from_str(&line?).ok().and_then(|message| binary(&message)));
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    binaries.sort_by(|a, b| (&a.name, &a.executable).cmp(&(&b.name, &b.executable)));
    Ok(binaries)
}

/// The binary that one of cargo's messages tells about.
fn binary(message: &Json) -> Option<Binary> {
    if message["reason"] != "compiler-artifact" || message["profile"]["test"] != true {
        return None;
    }
    let folder = Path::new(message["manifest_path"].as_str()?).parent()?.to_path_buf();
    let name = folder.file_name()?.to_string_lossy().into_owned();
    Some(Binary { name, executable: message["executable"].as_str()?.into(), folder })
}

/// Runs them in an environment, with arguments for each.
pub fn run(
    binaries: &[Binary],
    environment: &[(&str, PathBuf)],
    arguments: &[String],
) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for (at, binary) in binaries.iter().enumerate() {
        step(&format!("tests of {} ({} of {})", binary.name, at + 1, binaries.len()));
        let (status, failed) = binary.run(environment, arguments)?;
        if status.success() {
            continue;
        }
        if failed.is_empty() {
            outcome.failed.push(format!("{} ended with {status}", binary.name));
        }
        let again = failed.len() <= TRIED_AGAIN;
        for test in failed {
            let name = format!("{}: {test}", binary.name);
            let alone = [test, "--exact".to_owned()];
            if again && binary.run(environment, &alone)?.0.success() {
                outcome.unsteady.push(name);
            } else {
                outcome.failed.push(name);
            }
        }
    }
    Ok(outcome)
}

impl Binary {
    /// Shows what it says as it says it; the names of tests that failed.
    fn run(
        &self,
        environment: &[(&str, PathBuf)],
        arguments: &[String],
    ) -> Result<(ExitStatus, Vec<String>)> {
        let mut command = Command::new(&self.executable);
        command.args(arguments).current_dir(&self.folder);
        command.env("CARGO_MANIFEST_DIR", &self.folder).envs(environment.iter().cloned());
        let child = command.stdout(Stdio::piped()).spawn();
        let mut child = child.with_context(|| format!("could not start {command:?}"))?;
        let output = child.stdout.take().context("a test binary without output")?;
        let mut failed = Vec::new();
        let mut shown = std::io::stdout();
        for line in BufReader::new(output).split(b'\n') {
            let line = line?;
            let text = String::from_utf8_lossy(&line);
            failed.extend(failure(&text).map(str::to_owned));
            writeln!(shown, "{text}")?;
        }
        Ok((child.wait()?, failed))
    }
}

/// The test that a line says has failed.
fn failure(line: &str) -> Option<&str> {
    line.strip_prefix("test ")?.strip_suffix(" ... FAILED")
}
