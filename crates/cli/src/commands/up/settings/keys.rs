//! Where keys are.

use std::path::PathBuf;

use clap::Args;
use server::KeySettings;

use super::Printed;

/// Settings of keys.
#[derive(Clone, Debug, Args)]
pub struct KeyArguments {
    /// Folder with `identity.key` and `fields.keys`, which all servers of a store share; they are
    /// made there if they are missing [default: the data folder]
    #[arg(long, env = "FIRM_KEYS", value_name = "DIR", global = true)]
    keys: Option<PathBuf>,

    /// File with the keys of encrypted fields, newest first, each on a line: a name, a blank, 32
    /// bytes in base64url [default: `fields.keys` in the folder of keys]
    #[arg(long, env = "FIRM_FIELD_KEYS", value_name = "FILE", global = true)]
    field_keys: Option<PathBuf>,
}

impl KeyArguments {
    /// As the server takes them.
    #[must_use]
    pub fn settings(&self) -> KeySettings {
        KeySettings { folder: self.keys.clone(), fields: self.field_keys.clone() }
    }

    /// As they are printed; nothing of what was not given.
    pub fn printed(&self) -> impl Iterator<Item = Printed> {
        let folder = self.keys.iter().map(|path| ("keys", path.display().to_string()));
        let file = self.field_keys.iter().map(|path| ("field-keys", path.display().to_string()));
        folder.chain(file)
    }
}
