//! Where the keys of a backend are: what signs its tokens, and what encrypts its fields.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use decide::{Design, sealed};
use runtime::identity::Issuer;
use runtime::store::{Keys, KeysError};

use crate::Failure;

/// The file in the folder of keys.
const FIELDS: &str = "fields.keys";

/// Where keys are. In a folder they are made when they are first needed, if it can be written; a
/// file that is named must be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySettings {
    /// Folder with `identity.key` and `fields.keys`; the data folder if absent.
    pub folder: Option<PathBuf>,
    /// File with the keys of encrypted fields; that of the folder if absent.
    pub fields: Option<PathBuf>,
}

impl KeySettings {
    /// What signs tokens, and what other secrets of the server are derived from.
    ///
    /// # Errors
    /// `no-identity`: the file is not there, holds something else, or others can read it.
    pub fn issuer(&self, design: &Design, data: &Path) -> Result<Issuer, Failure> {
        let issuer = Issuer::open(self.folder(data), design.model.clone());
        issuer.map_err(|error| {
            Failure::new("no-identity", error.to_string()).help(
            "`openssl genpkey -algorithm ed25519` makes one; all servers of a store need the same",
        )
        })
    }

    /// The keys of encrypted fields, where the model has such fields.
    ///
    /// # Errors
    /// `invalid-field-keys`: the file is not there, holds something else, or others can read it.
    pub(crate) fn of_fields(
        &self,
        design: &Design,
        data: &Path,
    ) -> Result<Option<Arc<Keys>>, Failure> {
        if !sealed::anywhere(&design.model) {
            return Ok(None);
        }
        let path = self.fields_file(data);
        let keys = match &self.fields {
            Some(_) => Keys::read(&path),
            None => {
                let folder = self.folder(data);
                let made = runtime::private::folder(folder);
                made.map_err(|error| Failure::file("make", folder, &error))?;
                Keys::open(&path)
            }
        };
        let keys = keys.map_err(|error| invalid(&path, &error))?;
        Ok(Some(Arc::new(keys)))
    }

    /// Puts a new key in front of those of the file; its name.
    ///
    /// # Errors
    /// `invalid-field-keys`, and `no-encrypted-fields` where the model has none.
    pub fn add_to_fields(&self, design: &Design, data: &Path) -> Result<String, Failure> {
        if !sealed::anywhere(&design.model) {
            let message = "the model has no `sensitive` or `secret` fields";
            return Err(Failure::new("no-encrypted-fields", message));
        }
        let path = self.fields_file(data);
        if let Some(folder) = path.parent() {
            let made = runtime::private::folder(folder);
            made.map_err(|error| Failure::file("make", folder, &error))?;
        }
        Keys::add(&path).map_err(|error| invalid(&path, &error))
    }

    fn folder<'p>(&'p self, data: &'p Path) -> &'p Path {
        self.folder.as_deref().unwrap_or(data)
    }

    fn fields_file(&self, data: &Path) -> PathBuf {
        self.fields.clone().unwrap_or_else(|| self.folder(data).join(FIELDS))
    }
}

fn invalid(path: &Path, error: &KeysError) -> Failure {
    let message = format!("cannot use the keys of encrypted fields in {}: {error}", path.display());
    Failure::new("invalid-field-keys", message)
        .help("one key on a line, newest first: a name, a blank, and 32 random bytes in base64url")
}
