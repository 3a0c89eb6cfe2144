//! Cores of their own: the server and its database on some, the load generator on another, as if it
//! were another machine. Where all share them, its threads take turns with the server's as the
//! kernel pleases, and what is measured is that.

use std::process::Command;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

/// Who runs where.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cores {
    /// Cores of the server and its database.
    pub server: u32,
    /// Whether the load generator has another.
    pub apart: bool,
}

impl Cores {
    /// One for the load generator and the rest for the server; both on the only one where there is
    /// no other.
    pub fn divided() -> Self {
        let all = std::thread::available_parallelism().map_or(1, |all| all.get() as u32);
        Self { server: (all - 1).max(1), apart: all > 1 }
    }

    /// Moves this process to its core: threads that it starts from now on stay there. Whom it
    /// starts is moved by [`Cores::serving`].
    pub fn take_own(&self) -> Result<()> {
        if !self.apart { Ok(()) } else { moved(std::process::id(), self.server..=self.server) }
    }

    /// Moves a process and its children (a database with its backends) to the cores of the server.
    pub fn serving(&self, process: u32, children: &[u32]) -> Result<()> {
        if !self.apart {
            return Ok(());
        }
        std::iter::once(&process).chain(children).try_for_each(|id| moved(*id, 0..=self.server - 1))
    }

    /// Gives a process and its children all cores again.
    pub fn free(&self, process: u32, children: &[u32]) -> Result<()> {
        if !self.apart {
            return Ok(());
        }
        std::iter::once(&process).chain(children).try_for_each(|id| moved(*id, 0..=self.server))
    }

    /// A command that runs on the cores of the server.
    pub fn command(&self, program: &std::path::Path) -> Command {
        if !self.apart {
            return Command::new(program);
        }
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", &format!("0-{}", self.server - 1)]).arg(program);
        command
    }
}

/// All threads of a process to these cores (`taskset` of util-linux).
fn moved(process: u32, cores: std::ops::RangeInclusive<u32>) -> Result<()> {
    let cores = format!("{}-{}", cores.start(), cores.end());
    let process = process.to_string();
    let arguments = ["--all-tasks", "--cpu-list", "--pid", &cores, &process];
    let done = Command::new("taskset").args(arguments).output()?;
    if !done.status.success() {
        bail!("taskset {arguments:?}: {}", String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(())
}
