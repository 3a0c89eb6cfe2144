//! A `redis-server` that is gone with the test.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A server of its own on a free port.
pub struct Redis {
    program: String,
    port: u16,
    child: Option<Child>,
}

impl Redis {
    /// Starts one; `None`, said on standard error, where the tests are not told of a program.
    pub fn start() -> Option<Self> {
        let Ok(program) = std::env::var("FIRMITAS_TEST_REDIS") else {
            eprintln!("skipped: FIRMITAS_TEST_REDIS does not name a redis-server");
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut redis = Self { program, port, child: None };
        redis.restart();
        Some(redis)
    }

    /// A port where nobody listens.
    pub fn nowhere() -> u16 {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts it again, empty.
    pub fn restart(&mut self) {
        let port = self.port.to_string();
        let options = ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        let child = Command::new(&self.program)
            .args(options)
            .args(["--enable-debug-command", "yes", "--dir"])
            .arg(std::env::temp_dir())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        self.child = Some(child);
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("redis-server does not listen on {port}");
    }

    /// Sends one command; its answer is of no interest.
    pub fn command(&self, words: &[&str]) {
        let mut connection = redis::Client::open(self.url()).unwrap().get_connection().unwrap();
        let mut command = redis::cmd(words[0]);
        words[1..].iter().for_each(|word| {
            command.arg(*word);
        });
        command.query::<()>(&mut connection).unwrap();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}
