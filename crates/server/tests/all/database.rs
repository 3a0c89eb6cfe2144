//! Databases of tests on the server that `FIRMITAS_TEST_POSTGRES` names.

use tokio_postgres::{Client, NoTls};

/// A database of a test's own, and those of its tenants, gone with the test.
pub struct Database {
    server: Client,
    pub name: String,
    base: String,
}

pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(async move { drop(connection.await) });
    client
}

impl Database {
    /// An empty one; none where no server is named.
    pub async fn make() -> Option<Self> {
        let Ok(administrator) = std::env::var("FIRMITAS_TEST_POSTGRES") else {
            eprintln!("skipped: FIRMITAS_TEST_POSTGRES does not name a server");
            return None;
        };
        let server = connect(&administrator).await;
        // Short: the names of tenants' databases begin with it.
        let name = format!("firmitas_test_{}", &uuid::Uuid::new_v4().simple().to_string()[..12]);
        server.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0")).await.unwrap();
        let (base, _) = administrator.rsplit_once('/').unwrap();
        Some(Self { server, base: base.to_owned(), name })
    }

    pub fn url(&self) -> String {
        self.url_of(&self.name)
    }

    /// The address of another database of the server.
    pub fn url_of(&self, name: &str) -> String {
        format!("{}/{name}", self.base)
    }

    /// The databases of tenants.
    pub async fn own(&self) -> Vec<String> {
        let asked = "SELECT datname::text FROM pg_database WHERE datname LIKE $1";
        let rows = self.server.query(asked, &[&format!("{}_tenant_%", self.name)]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    pub async fn drop_own(&self) {
        for name in self.own().await {
            self.remove(&name).await;
        }
    }

    pub async fn drop(self) {
        self.drop_own().await;
        self.remove(&self.name).await;
    }

    async fn remove(&self, name: &str) {
        let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        self.server.batch_execute(&drop).await.unwrap();
    }
}
