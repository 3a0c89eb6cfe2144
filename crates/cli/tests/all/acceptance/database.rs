//! A database of one test, on the PostgreSQL server of all tests.

use postgres::{Client, NoTls};

/// An empty database; gone when dropped.
pub struct Database {
    administrator: String,
    name: String,
}

impl Database {
    /// A new one; `None`, loudly, where there is no server.
    pub fn new(name: &str) -> Option<Self> {
        let Ok(administrator) = std::env::var("FIRMITAS_TEST_POSTGRES") else {
            eprintln!("SKIPPED: FIRMITAS_TEST_POSTGRES is not set (run `cargo xtask test`)");
            return None;
        };
        let this = Self { administrator, name: format!("firmitas_{name}_{}", std::process::id()) };
        this.run(&format!("CREATE DATABASE {}", this.name)).unwrap();
        Some(this)
    }

    pub fn url(&self) -> String {
        let (server, _) = self.administrator.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
    }

    fn run(&self, sql: &str) -> Result<(), postgres::Error> {
        Client::connect(&self.administrator, NoTls)?.batch_execute(sql)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = self.run(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}
