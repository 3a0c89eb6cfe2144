//! A PostgreSQL server of our own: temporary, on a free port, gone when dropped.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::run::{is_root, run_quietly};

/// A running server.
pub struct Postgres {
    server: Child,
    folder: PathBuf,
    port: u16,
}

impl Postgres {
    /// Makes a cluster in a temporary folder and starts it, for tests: fast, and gone with a power
    /// cut. `programs` holds `initdb`.
    pub fn start(programs: &Path) -> Result<Self> {
        Self::start_with(programs, &["fsync=off"])
    }

    /// The same with settings of the server, for example `shared_buffers=512MB`.
    pub fn start_with(programs: &Path, settings: &[&str]) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("firmitas-postgres-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        if is_root() {
            // The server refuses to run as root; the Debian package brings this user.
            run_quietly(Command::new("chown").arg("postgres").arg(&folder))?;
        }
        let data = folder.join("data");
        let mut initdb = as_server_user(&programs.join("initdb"));
        initdb.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "-D"]);
        run_quietly(initdb.arg(&data))?;
        let port = free_port()?;
        let mut server = as_server_user(&programs.join("postgres"));
        server.arg("-D").arg(&data).args(["-p", &port.to_string()]);
        server.args(["-c", "listen_addresses=127.0.0.1"]);
        settings.iter().for_each(|setting| {
            server.args(["-c", setting]);
        });
        server.arg("-c").arg(format!("unix_socket_directories={}", folder.display()));
        server.stdout(Stdio::null()).stderr(Stdio::null());
        let server = server.spawn().context("could not start PostgreSQL")?;
        let this = Self { server, folder, port };
        this.wait(programs)?;
        Ok(this)
    }

    /// Connection URL of the superuser.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn wait(&self, programs: &Path) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline {
            let mut ready = Command::new(programs.join("pg_isready"));
            ready.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            if ready.status().is_ok_and(|status| status.success()) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("PostgreSQL did not answer on port {} within 30 s", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGINT asks PostgreSQL for a fast shutdown; as root, the child is the wrapper that
        // passes the signal on, so the server's own pid file is asked.
        let pid = std::fs::read_to_string(self.folder.join("data/postmaster.pid"))
            .ok()
            .and_then(|text| text.lines().next().map(str::to_owned));
        if let Some(pid) = pid {
            let _ = Command::new("kill").args(["-INT", &pid]).status();
        }
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn as_server_user(program: &Path) -> Command {
    if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program).current_dir("/");
        return command;
    }
    Command::new(program)
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
