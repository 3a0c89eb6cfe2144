//! What commands need that look after what the server keeps for itself.

use std::path::PathBuf;
use std::sync::Arc;

use accounts::Records;
use clap::Args;
use decide::Design;
use server::{KeySettings, StoreAddress};

use super::up::settings::keys::KeyArguments;
use crate::{failure::Failure, folder::Folder, loaded::Loaded};

/// Which store.
#[derive(Clone, Debug, Args)]
pub struct Kept {
    /// Folder with `firmitas.yaml`
    #[arg(long, value_name = "DIR", default_value = ".", global = true)]
    model: PathBuf,

    /// Folder with the data [default: `.firm` in the model folder]
    #[arg(long, env = "FIRM_DATA", value_name = "DIR", global = true)]
    data: Option<PathBuf>,

    /// The store: `sqlite`, or the URL of a PostgreSQL database
    #[arg(long, env = "FIRM_STORE", value_name = "URL", default_value = "sqlite", global = true)]
    store: String,

    #[command(flatten)]
    keys: KeyArguments,
}

/// A store that was opened.
pub struct Opened {
    /// Its records.
    pub records: Arc<dyn Records>,
    /// The secret that seals the provider's keys.
    pub seal: [u8; 32],
}

/// A store that was named.
pub struct Named {
    /// The design of the model.
    pub design: Arc<Design>,
    /// The data folder.
    pub data: PathBuf,
    /// The store.
    pub address: StoreAddress,
    /// Where its keys are.
    pub keys: KeySettings,
}

impl Kept {
    /// Opens the store; the model with its errors where it has any.
    ///
    /// # Errors
    /// The store cannot be opened, or its key not be read.
    pub async fn open(&self) -> Result<Result<Opened, Box<Loaded>>, Failure> {
        let named = match self.named()? {
            Ok(named) => named,
            Err(loaded) => return Ok(Err(loaded)),
        };
        let Named { design, data, address, keys } = named;
        let records = server::records(&design, &data, &address, &keys).await?;
        let issuer = keys.issuer(&design, &data)?;
        Ok(Ok(Opened { records, seal: server::provider_seal(&issuer) }))
    }

    /// What is named, before anything of it is opened; the model with its errors where it has any.
    ///
    /// # Errors
    /// The model cannot be read.
    pub fn named(&self) -> Result<Result<Named, Box<Loaded>>, Failure> {
        let loaded = Loaded::read(Folder::open(&self.model)?);
        let Some(design) = loaded.design.clone() else { return Ok(Err(Box::new(loaded))) };
        let data = self.data.clone().unwrap_or_else(|| loaded.folder.default_data());
        let postgresql =
            self.store.starts_with("postgres://") || self.store.starts_with("postgresql://");
        let address = match postgresql {
            true => StoreAddress::PostgreSql(self.store.as_str().into()),
            false => StoreAddress::Embedded,
        };
        Ok(Ok(Named { design, data, address, keys: self.keys.settings() }))
    }
}
