//! Which store a command is about.

use std::path::{Path, PathBuf};

use clap::Args;
use server::StoreAddress;

use crate::{failure::Failure, folder::Folder};

/// A store.
#[derive(Clone, Debug, Args)]
pub struct Place {
    /// Folder with the data [default: `.firm` in the model folder]
    #[arg(long, env = "FIRM_DATA", value_name = "DIR")]
    data: Option<PathBuf>,

    /// The store: `sqlite`, or the URL of a PostgreSQL database, as the user who owns its tables
    #[arg(long, env = "FIRM_STORE", value_name = "URL", default_value = "sqlite")]
    #[arg(hide_env_values = true)]
    store: String,
}

impl Place {
    /// The URL of the database; none for the embedded store.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        let schemes = ["postgres://", "postgresql://"];
        schemes.iter().any(|scheme| self.store.starts_with(scheme)).then_some(&self.store)
    }

    /// The address of the store.
    ///
    /// # Errors
    /// When it is no store that is known.
    pub fn address(&self) -> Result<StoreAddress, Failure> {
        match self.url() {
            Some(url) => Ok(StoreAddress::PostgreSql(url.into())),
            None if self.store == "sqlite" => Ok(StoreAddress::Embedded),
            // It may hold a password.
            None => Err(Failure::new(
                "unknown-store",
                "`--store` is `sqlite` or postgres://USER:PASSWORD@HOST/DATABASE",
            )),
        }
    }

    /// What of a backend lies in its data folder and in no backup: keys, without which a restored
    /// store does not start, and contents of files.
    pub fn left_out(data: &Path) -> Vec<&'static str> {
        let known = ["identity.key", "fields.keys", "files"];
        known.into_iter().filter(|name| data.join(name).exists()).collect()
    }

    /// The data folder of the model in a folder.
    ///
    /// # Errors
    /// When that folder cannot be read.
    pub fn data(&self, model: &Path) -> Result<PathBuf, Failure> {
        match &self.data {
            Some(data) => Ok(data.clone()),
            None => Ok(Folder::open(model)?.default_data()),
        }
    }
}
