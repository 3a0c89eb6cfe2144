//! The keys under which `sensitive` fields are encrypted.

use std::path::Path;
use std::sync::Arc;

use decide::{Design, sealed};
use runtime::store::Keys;

use crate::Failure;

/// The file in the data folder.
const FILE: &str = "fields.keys";

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
    let keys = keys.map_err(|error| {
        let message =
            format!("cannot use the keys of encrypted fields in {}: {error}", path.display());
        Failure::new("invalid-field-keys", message).help(
            "one key on a line, newest first: a name, a blank, and 32 random bytes in base64url",
        )
    })?;
    Ok(Some(Arc::new(keys)))
}
