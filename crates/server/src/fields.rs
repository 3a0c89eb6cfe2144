//! The keys under which `sensitive` fields are encrypted.

use std::path::Path;
use std::sync::Arc;

use decide::{Design, sealed};
use postgresql::PostgreSqlStore;
use runtime::store::reseal::Resealed;
use runtime::store::{Keys, KeysError};

use crate::{Failure, StoreAddress, embedded};

/// The file in the data folder.
const FILE: &str = "fields.keys";

/// Puts a new key in front of those of a file, or of the one in the data folder; its name.
///
/// # Errors
/// `invalid-field-keys`, and `no-encrypted-fields` where the model has none.
pub fn add_field_key(design: &Design, data: &Path, file: Option<&Path>) -> Result<String, Failure> {
    if !sealed::anywhere(&design.model) {
        return Err(Failure::new("no-encrypted-fields", "the model has no `sensitive` fields"));
    }
    let own = data.join(FILE);
    let path = file.unwrap_or(&own);
    std::fs::create_dir_all(data).map_err(|error| Failure::file("make", data, &error))?;
    Keys::add(path).map_err(|error| invalid(path, &error))
}

/// Encrypts all stored values anew that are not under the newest key.
///
/// # Errors
/// The keys or the store cannot be used.
pub async fn reseal(
    design: &Arc<Design>,
    data: &Path,
    store: &StoreAddress,
    file: Option<&Path>,
) -> Result<Vec<Resealed>, Failure> {
    if !sealed::anywhere(&design.model) {
        return Ok(Vec::new());
    }
    match store {
        StoreAddress::Embedded => {
            let store = embedded::open(design, data, file)?;
            Ok(runtime::store::reseal::reseal(&store, design).await?)
        }
        StoreAddress::PostgreSql(url) => {
            let keys = keys(design, data, file)?;
            let url = postgresql::Settings { keys, ..url.clone() };
            let store = PostgreSqlStore::open(&url, design.clone()).await?;
            Ok(runtime::store::reseal::reseal(&store, design).await?)
        }
    }
}

/// The keys of a design whose model has such fields: those of the file that was named, else of one
/// in the data folder, which is made at first.
///
/// # Errors
/// `invalid-field-keys`: the file is not there, holds something else, or others can read it.
pub(crate) fn keys(
    design: &Design,
    data: &Path,
    file: Option<&Path>,
) -> Result<Option<Arc<Keys>>, Failure> {
    if !sealed::anywhere(&design.model) {
        return Ok(None);
    }
    let own = data.join(FILE);
    let path = file.unwrap_or(&own);
    let keys = match file {
        Some(path) => Keys::read(path),
        None => {
            std::fs::create_dir_all(data).map_err(|error| Failure::file("make", data, &error))?;
            Keys::open(path)
        }
    };
    let keys = keys.map_err(|error| invalid(path, &error))?;
    Ok(Some(Arc::new(keys)))
}

fn invalid(path: &Path, error: &KeysError) -> Failure {
    let message = format!("cannot use the keys of encrypted fields in {}: {error}", path.display());
    Failure::new("invalid-field-keys", message)
        .help("one key on a line, newest first: a name, a blank, and 32 random bytes in base64url")
}
