//! What operators do about accounts: through the server that runs, or on the store itself.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use accounts::admin::{self, Command};
use accounts::{AccountError, Accounts};
use decide::Design;
use postgresql::PostgreSqlStore;
use runtime::store::Store;
use runtime::{Backend, operations::ConfiguredExternals};
use serde_json::Value;

use crate::{Failure, KeySettings, Refused, StoreAddress, agreement, embedded, identity};

/// Does what an operator asks for. A server that runs in this data folder is told, so that it
/// knows at once; without one the store is opened. Needs a Tokio runtime.
///
/// # Errors
/// Why not.
pub async fn operate(
    design: &Arc<Design>,
    data: &Path,
    store: &StoreAddress,
    keys: &KeySettings,
    command: Command,
) -> Result<Value, Refused> {
    #[cfg(unix)]
    if let Some(told) = admin::ask(data, &command).await.map_err(refused)? {
        return Ok(told);
    }
    match store {
        StoreAddress::Embedded => {
            let told =
                alone(design, (data, keys), embedded::open(design, data, keys)?, command).await;
            embedded::released(data).await;
            told
        }
        StoreAddress::PostgreSql(url) => {
            let of_fields = keys.of_fields(design, data)?;
            let url = postgresql::Settings { keys: of_fields, ..url.clone() };
            let store = PostgreSqlStore::open(&url, design.clone()).await;
            alone(design, (data, keys), store.map_err(Failure::from)?, command).await
        }
    }
}

async fn alone<S: Store>(
    design: &Arc<Design>,
    (data, keys): (&Path, &KeySettings),
    store: S,
    command: Command,
) -> Result<Value, Refused> {
    agreement::of_fields(&store).await?;
    let externals = ConfiguredExternals::new(design.model.clone(), BTreeMap::new());
    let externals = externals.map_err(|why| Failure::new("invalid-external", why))?;
    let backend = Backend::start(design, store, Arc::new(externals)).map_err(Refused::Guards)?;
    let backend = Arc::new(backend);
    let settings = accounts::Settings::of(design);
    let seal = identity::factor_seal(&keys.issuer(design, data)?);
    let failed = |error: AccountError| refused(error.to_string());
    let accounts = Accounts::new(design, backend.clone(), &seal, settings).map_err(failed)?;
    let told = admin::run(&accounts, command).await.map_err(failed);
    drop(accounts);
    backend.closed().await;
    Ok(told?)
}

fn refused(why: String) -> Failure {
    Failure::new("account-refused", why)
}
