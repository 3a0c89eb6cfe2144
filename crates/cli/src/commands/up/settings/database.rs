//! The database that holds the rows in place of the embedded store.

use clap::Args;

use super::Printed;

/// Settings of the database.
#[derive(Clone, Debug, Args)]
pub struct Database {
    /// As whom tables and roles are made, where that is not the user of `--store`
    #[arg(long, env = "FIRM_STORE_ADMIN", value_name = "URL", hide_env_values = true)]
    pub store_admin: Option<String>,

    /// A read replica, for reads that the model lets be old (may be repeated)
    #[arg(long, env = "FIRM_STORE_REPLICA", value_name = "URL", value_delimiter = ',')]
    #[arg(hide_env_values = true)]
    pub store_replica: Vec<String>,

    /// Connections to the database and to each replica [default: as the design decides, 10 to 60]
    #[arg(long, env = "FIRM_STORE_CONNECTIONS", value_name = "COUNT")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub store_connections: Option<u16>,
}

impl Database {
    /// The settings of the store at this URL.
    #[must_use]
    pub fn at(&self, url: &str) -> server::DatabaseSettings {
        server::DatabaseSettings {
            url: url.to_owned(),
            admin: self.store_admin.clone(),
            replicas: self.store_replica.clone(),
            connections: self.store_connections.map(usize::from),
            keys: None,
        }
    }

    /// As they are printed, secrets masked; nothing for those that were not given.
    #[must_use]
    pub fn printed(&self, masked: impl Fn(&str) -> String) -> Vec<Printed> {
        let mut all = Vec::new();
        all.extend(self.store_admin.iter().map(|url| ("store-admin", masked(url))));
        all.extend(self.store_replica.iter().map(|url| ("store-replica", masked(url))));
        all.extend(self.store_connections.map(|count| ("store-connections", count.to_string())));
        all
    }
}
