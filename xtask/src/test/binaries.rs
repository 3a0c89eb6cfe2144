//! The test binaries: found, run one after the other, what failed in company tried alone.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value as Json;

use crate::run::{cargo, step};

/// More failures than this in one binary are no accident of timing: none is tried again.
const TRIED_AGAIN: usize = 5;
/// What a binary ends with when tests failed, and nothing worse happened.
const FAILED: i32 = 101;

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
        let (status, told) = binary.run(environment, arguments)?;
        if status.success() {
            continue;
        }
        if !told.explains(status) {
            outcome.failed.push(format!("{} ended with {status}", binary.name));
        }
        let again = told.failed.len() <= TRIED_AGAIN;
        for test in told.failed {
            let name = format!("{}: {test}", binary.name);
            if again && binary.passes(environment, test)? {
                outcome.unsteady.push(name);
            } else {
                outcome.failed.push(name);
            }
        }
    }
    Ok(outcome)
}

impl Binary {
    /// Shows what it says as it says it.
    fn run(
        &self,
        environment: &[(&str, PathBuf)],
        arguments: &[String],
    ) -> Result<(ExitStatus, Told)> {
        let mut command = Command::new(&self.executable);
        command.args(arguments).current_dir(&self.folder);
        command.env("CARGO_MANIFEST_DIR", &self.folder).envs(environment.iter().cloned());
        let child = command.stdout(Stdio::piped()).spawn();
        let mut child = child.with_context(|| format!("could not start {command:?}"))?;
        let output = child.stdout.take().context("a test binary without output")?;
        let mut told = Told::default();
        let mut shown = std::io::stdout();
        for line in BufReader::new(output).split(b'\n') {
            let line = line?;
            let text = String::from_utf8_lossy(&line);
            told.take(&text);
            writeln!(shown, "{text}")?;
        }
        Ok((child.wait()?, told))
    }

    /// Whether a test passes by itself. One that is not found passes nothing.
    fn passes(&self, environment: &[(&str, PathBuf)], test: String) -> Result<bool> {
        let (status, told) = self.run(environment, &[test, "--exact".to_owned()])?;
        Ok(status.success() && told.counts == Some((1, 0)))
    }
}

/// What the output of a binary says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    /// Tests that failed, by name.
    failed: Vec<String>,
    /// How many passed and how many failed, once it is at its end.
    counts: Option<(usize, usize)>,
}

impl Told {
    fn take(&mut self, line: &str) {
        if let Some(test) = line.strip_prefix("test ").and_then(|of| of.strip_suffix(" ... FAILED"))
        {
            let name = test.strip_suffix(" - should panic").unwrap_or(test);
            self.failed.push(name.to_owned());
        } else if let Some(result) = line.strip_prefix("test result: ") {
            self.counts = counts(result);
        }
    }

    /// Whether the tests that failed are all that is wrong: it came to its end, and each is known.
    /// What a test prints may stand in the way of its verdict.
    fn explains(&self, status: ExitStatus) -> bool {
        status.code() == Some(FAILED)
            && self.counts.map(|(_, failed)| failed) == Some(self.failed.len())
    }
}

/// `FAILED. 131 passed; 2 failed; ...`
fn counts(result: &str) -> Option<(usize, usize)> {
    let (_, counts) = result.split_once(". ")?;
    let mut counts = counts.split("; ");
    let mut next = |what| counts.next()?.strip_suffix(what)?.parse().ok();
    Some((next(" passed")?, next(" failed")?))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    fn told(lines: &str) -> Told {
        let mut told = Told::default();
        lines.lines().for_each(|line| told.take(line));
        told
    }

    #[test]
    fn failures_are_known_by_name_or_the_binary_has_failed() {
        let (failed, aborted) = (ExitStatus::from_raw(FAILED << 8), ExitStatus::from_raw(6));
        let end = "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured";
        let lines = "test a ... ok\ntest b::c ... FAILED\ntest d - should panic ... FAILED\n";
        let all = told(&format!("{lines}{end}"));
        assert_eq!(all.failed, ["b::c", "d"]);
        assert!(all.explains(failed));
        assert!(!all.explains(aborted));
        assert!(!told(lines).explains(failed), "it never came to its end");
        let hidden = told(&format!("test b::c ... FAILED\ntest d ... some output\nFAILED\n{end}"));
        assert!(!hidden.explains(failed), "one of two has no name");
    }

    #[test]
    fn a_test_that_was_not_found_has_not_passed() {
        let none = told("test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured");
        assert_eq!(none.counts, Some((0, 0)));
        assert_eq!(counts("nonsense"), None);
    }
}
