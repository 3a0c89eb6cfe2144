//! A PostgreSQL server of one test: it may be killed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::ports;
use crate::acceptance::server::Folder;

/// A PostgreSQL server with its data; gone when dropped.
pub struct Cluster {
    programs: PathBuf,
    pub folder: Folder,
    port: u16,
    settings: Vec<String>,
    server: Option<Child>,
}

impl Cluster {
    /// A new one, with settings such as `max_connections=20`; `None`, loudly, where the programs
    /// are not known.
    pub fn start(name: &str, settings: &[&str]) -> Option<Self> {
        let Some(programs) = std::env::var_os("FIRMITAS_TEST_POSTGRES_PROGRAMS") else {
            eprintln!("SKIPPED: FIRMITAS_TEST_POSTGRES_PROGRAMS is not set (`cargo xtask test`)");
            return None;
        };
        let mut this = Self::empty(name, programs.into(), settings);
        let data = this.data();
        this.run("initdb", &["--auth=trust", "--username=postgres", "--encoding=UTF8"], |initdb| {
            initdb.args(["--locale=C", "--no-sync", "-D"]).arg(&data);
        });
        this.restart();
        Some(this)
    }

    /// A standby that follows this one.
    pub fn standby(&self, name: &str) -> Self {
        let settings: Vec<&str> = self.settings.iter().map(String::as_str).collect();
        let mut this = Self::empty(name, self.programs.clone(), &settings);
        let (data, port) = (this.data(), self.port.to_string());
        let flags = ["-R", "-X", "stream", "-c", "fast", "-h", "127.0.0.1", "-U", "postgres"];
        this.run("pg_basebackup", &flags, |backup| {
            backup.args(["--no-sync", "-p", &port, "-D"]).arg(&data);
        });
        this.restart();
        this
    }

    fn empty(name: &str, programs: PathBuf, settings: &[&str]) -> Self {
        let folder = Folder::new(name);
        own(&folder.0);
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        Self { programs, folder, port: ports::free(), settings, server: None }
    }

    fn data(&self) -> PathBuf {
        self.folder.0.join("data")
    }

    /// Its address without the database.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.host())
    }

    /// A connection of the superuser.
    pub fn sql(&self) -> postgres::Client {
        postgres::Client::connect(&self.url(), postgres::NoTls).unwrap()
    }

    /// Runs a program of PostgreSQL as the user that may.
    pub fn run(&self, program: &str, flags: &[&str], more: impl FnOnce(&mut Command)) {
        let mut command = as_server_user(&self.programs.join(program));
        command.args(flags);
        more(&mut command);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {output:?}");
    }

    /// Starts it where it was, after a kill.
    pub fn restart(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        // After a kill the first attempts may fail: the last processes are still on their way out.
        while Instant::now() < deadline {
            let mut server = as_server_user(&self.programs.join("postgres"));
            server.arg("-D").arg(self.data()).args(["-p", &self.port.to_string()]);
            server.args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
            server.arg("-c").arg(format!("unix_socket_directories={}", self.folder.0.display()));
            for setting in &self.settings {
                server.args(["-c", setting]);
            }
            let log = std::fs::File::create(self.folder.0.join("log")).unwrap();
            let mut server = server.stdout(Stdio::null()).stderr(log).spawn().unwrap();
            while server.try_wait().unwrap().is_none() && Instant::now() < deadline {
                if postgres::Client::connect(&self.url(), postgres::NoTls).is_ok() {
                    self.server = Some(server);
                    return;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        let log = std::fs::read_to_string(self.folder.0.join("log")).unwrap_or_default();
        panic!("PostgreSQL did not start:\n{log}");
    }

    /// Ends all of its processes as a power cut would.
    pub fn kill(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        let file = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        if let Some(first) = file.lines().next() {
            // The one that would start others anew goes first.
            let mut kill = Command::new("kill");
            kill.args(["-KILL", first]).args(children(first)).stderr(Stdio::null());
            let _ = kill.status();
        }
        let _ = server.wait();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Processes that a process has started.
fn children(of: &str) -> Vec<String> {
    let parent = format!("PPid:\t{of}");
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter(|entry| {
        let status = std::fs::read_to_string(entry.path().join("status")).unwrap_or_default();
        status.lines().any(|line| line == parent)
    })
    .map(|entry| entry.file_name().to_string_lossy().into_owned())
    .collect()
}

/// The server refuses to run as root; the Debian package brings this user.
fn as_server_user(program: &Path) -> Command {
    if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program).current_dir("/");
        return command;
    }
    Command::new(program)
}

/// Gives a folder to the user that the server runs as.
pub fn own(folder: &Path) {
    if is_root() {
        assert!(Command::new("chown").arg("postgres").arg(folder).status().unwrap().success());
    }
}

pub fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
