//! A `redis-server` that is gone with the test.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use decide::Design;
use redis_store::{Address, Link, SharedAnswers};
use runtime::cache;

pub struct Redis {
    child: Child,
    port: u16,
}

impl Redis {
    /// Starts one; `None`, said on standard error, where the tests are not told of a program.
    pub fn start() -> Option<Self> {
        let Ok(program) = std::env::var("FIRMITAS_TEST_REDIS") else {
            eprintln!("skipped: FIRMITAS_TEST_REDIS does not name a redis-server");
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(program)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"])
            .arg(std::env::temp_dir())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let redis = Self { child, port };
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(redis);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("redis-server does not listen on {port}");
    }

    /// Where the answers of a design are shared. Models of this test differ in their digests, or
    /// in what they were filled with: each starts with none.
    pub async fn answers(&self, design: &Design) -> Arc<dyn cache::shared::Shared> {
        let address = Address::parse(&format!("redis://127.0.0.1:{}", self.port)).unwrap();
        let link = Arc::new(Link::open(&address).await);
        assert!(link.is_up());
        let namespace = format!("{}{}:", cache::namespace(design), uuid::Uuid::new_v4());
        Arc::new(SharedAnswers::new(address, link, namespace))
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
