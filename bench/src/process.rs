//! Servers as child processes, and the CPU time that they have used.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

/// A server that told its address on the first line of its output.
pub struct Server {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub address: String,
}

impl Server {
    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Starts a command that prints one line of JSON with a `url` when it is ready.
    pub fn start(command: &mut Command) -> Result<Self> {
        let mut child =
            command.stdout(Stdio::piped()).spawn().with_context(|| format!("{command:?}"))?;
        let output = child.stdout.take().context("no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let ready: serde_json::Value = serde_json::from_str(&line).with_context(|| line.clone())?;
        let url = ready["url"].as_str().context("no url")?;
        let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        Ok(Self { child, address })
    }

    /// CPU time used so far by all threads and child processes, in seconds (user and system;
    /// Linux's `/proc`).
    pub fn cpu_seconds(&self) -> Result<f64> {
        let ticks = self.family()?.iter().map(|process| process.ticks).sum::<f64>();
        Ok(ticks / 100.0)
    }

    /// Memory in use by it and its child processes, in MB.
    pub fn resident(&self) -> Result<f64> {
        let pages = self.family()?.iter().map(|process| process.pages).sum::<f64>();
        Ok(pages * 4096.0 / 1e6)
    }

    /// It and its child processes.
    fn family(&self) -> Result<Vec<Process>> {
        let own = self.child.id();
        let all = std::fs::read_dir("/proc")?.filter_map(|entry| {
            let id: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            Process::read(id).ok()
        });
        let family: Vec<Process> =
            all.filter(|process| process.id == own || process.parent == own).collect();
        if family.is_empty() { bail!("the server has ended") } else { Ok(family) }
    }
}

struct Process {
    id: u32,
    parent: u32,
    ticks: f64,
    pages: f64,
}

impl Process {
    fn read(id: u32) -> Result<Self> {
        let text = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        let after_name = text.rsplit_once(')').context("unexpected /proc format")?.1;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        let number =
            |at: usize| fields.get(at).context("a short line")?.parse::<f64>().context("a number");
        let ticks = number(11)? + number(12)?;
        Ok(Self { id, parent: number(1)? as u32, ticks, pages: number(21)? })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The release binary `firm` beside this one.
pub fn firm() -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let firm = here.with_file_name("firm");
    if !firm.exists() {
        bail!("{} is missing: build it with `cargo build --release`", firm.display());
    }
    Ok(firm)
}

/// The shop of the examples.
pub fn shop() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/shop")
}

/// A fresh folder for a run; removed by [`remove`].
pub fn folder(name: &str) -> Result<PathBuf> {
    let path = std::env::temp_dir().join(format!("firmitas-bench-{name}-{}", std::process::id()));
    remove(&path);
    std::fs::create_dir_all(&path)?;
    Ok(path)
}

/// Removes a folder of [`folder`].
pub fn remove(path: &Path) {
    let _ = std::fs::remove_dir_all(path);
}
