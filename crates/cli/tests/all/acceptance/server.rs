//! `firm up` as a child process on a free port with a data folder of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

pub const FIRM: &str = env!("CARGO_BIN_EXE_firm");

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

pub fn example(name: &str) -> PathBuf {
    repository().join("examples").join(name)
}

/// A folder that is removed when dropped.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let unique = format!("firmitas-{name}-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A running `firm up`; killed when dropped.
pub struct Server {
    child: Child,
    pub url: String,
    /// Where the developer's page is, with its key where it has one.
    pub page: String,
}

impl Server {
    /// Starts on a free port and waits until it says that it is ready.
    pub fn start(model: &Path, data: &Path) -> Self {
        Self::start_with(model, data, &[])
    }

    /// The same with further arguments.
    pub fn start_with(model: &Path, data: &Path, more: &[&str]) -> Self {
        let mut child = Command::new(FIRM)
            .arg("up")
            .arg(model)
            .args(["--listen", "127.0.0.1:0", "--json", "--log", "off"])
            .args(["--rate-limit", "off", "--data"])
            .arg(data)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("`firm up --json` printed {line:?}: {error}"));
        let url = ready["url"].as_str().unwrap_or_else(|| panic!("no url in {line}")).to_owned();
        let page = ready["page"].as_str().unwrap_or_default().to_owned();
        Self { child, url: url.trim_end_matches('/').to_owned(), page }
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, as a supervisor would, and waits; it must end without an error.
    pub fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "`firm up` ended with {status} after SIGTERM");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The token that `firm token` prints as its last line.
pub fn token(model: &Path, data: &Path, actor: &str, subject: &str) -> String {
    let output = Command::new(FIRM)
        .arg("token")
        .arg(model)
        .args(["--actor", actor, "--as", subject, "--data"])
        .arg(data)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().last().unwrap().trim().to_owned()
}
