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

    /// CPU time used so far by all threads, in seconds (user and system; Linux's `/proc`).
    pub fn cpu_seconds(&self) -> Result<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let after_name = text.rsplit_once(')').context("unexpected /proc format")?.1;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        let ticks: f64 = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
        Ok(ticks / 100.0)
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
