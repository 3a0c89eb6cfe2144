//! Records of a store without a server: what commands look after.

use std::path::Path;
use std::sync::Arc;

use accounts::{Records, Unserved};
use decide::Design;
use postgresql::PostgreSqlStore;

use crate::{Failure, StoreAddress, embedded};

/// The records of a store. The embedded one belongs to one process at a time: not while it is
/// served.
///
/// # Errors
/// The store cannot be opened.
pub async fn records(
    design: &Arc<Design>,
    data: &Path,
    store: &StoreAddress,
) -> Result<Arc<dyn Records>, Failure> {
    match store {
        StoreAddress::Embedded => {
            std::fs::create_dir_all(data).map_err(|error| Failure::file("make", data, &error))?;
            Ok(Arc::new(Unserved(embedded::open(design, data)?)))
        }
        StoreAddress::PostgreSql(url) => {
            let store = PostgreSqlStore::open(url, design.clone()).await.map_err(Failure::from)?;
            Ok(Arc::new(Unserved(store)))
        }
    }
}
