//! Encrypted fields, under a new key.

use std::path::Path;
use std::sync::Arc;

use decide::{Design, sealed};
use postgresql::PostgreSqlStore;
use runtime::store::reseal::Resealed;

use crate::{Failure, KeySettings, StoreAddress, embedded};

/// Encrypts all stored values anew that are not under the newest key.
///
/// # Errors
/// The keys or the store cannot be used.
pub async fn reseal(
    design: &Arc<Design>,
    data: &Path,
    store: &StoreAddress,
    keys: &KeySettings,
) -> Result<Vec<Resealed>, Failure> {
    if !sealed::anywhere(&design.model) {
        return Ok(Vec::new());
    }
    match store {
        StoreAddress::Embedded => {
            let store = embedded::open(design, data, keys)?;
            Ok(runtime::store::reseal::reseal(&store, design).await?)
        }
        StoreAddress::PostgreSql(url) => {
            let keys = keys.of_fields(design, data)?;
            let url = postgresql::Settings { keys, ..url.clone() };
            let store = PostgreSqlStore::open(&url, design.clone()).await?;
            Ok(runtime::store::reseal::reseal(&store, design).await?)
        }
    }
}
