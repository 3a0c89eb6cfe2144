//! The keys of encrypted fields.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Printed;

/// Settings of encrypted fields.
#[derive(Clone, Debug, Args)]
pub struct FieldArguments {
    /// File with the keys of `sensitive` fields, newest first, each on a line: a name, a blank, 32
    /// bytes in base64url [default: `fields.keys` in the data folder, which is made]
    #[arg(long, env = "FIRM_FIELD_KEYS", value_name = "FILE")]
    pub field_keys: Option<PathBuf>,
}

impl FieldArguments {
    /// The file, where one was named.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.field_keys.as_deref()
    }

    /// As it is printed; nothing where it was not given.
    #[must_use]
    pub fn printed(&self) -> Option<Printed> {
        self.field_keys.as_ref().map(|path| ("field-keys", path.display().to_string()))
    }
}
