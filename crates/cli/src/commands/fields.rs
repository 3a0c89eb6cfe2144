//! `firm fields`: the keys of encrypted fields.

use clap::{Args, Subcommand};
use serde_json::json;

use super::kept::Kept;
use crate::{
    console::Console,
    failure::{Failure, Outcome},
    live,
};

/// Arguments of `firm fields`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  firm fields add-key --model shop    a new key in front of those in the file
  firm fields reseal --model shop     what is stored is encrypted under it

Servers use a key that was there when they started. After a day, for which answers to repeated
requests are kept, the old line may leave the file. On PostgreSQL servers go on meanwhile;
the embedded store belongs to one process at a time: stop `firm up` first.")]
pub struct FieldsArguments {
    #[command(subcommand)]
    what: What,

    #[command(flatten)]
    kept: Kept,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum What {
    /// Put a new key in front of those in the file
    AddKey,
    /// Encrypt all stored values under the newest key; goes on where it was stopped
    Reseal,
}

/// Changes the keys, or encrypts under them.
///
/// # Errors
/// The file or the store cannot be used.
pub fn run(arguments: &FieldsArguments, console: &Console) -> Result<Outcome, Failure> {
    let named = match arguments.kept.named()? {
        Ok(named) => named,
        Err(loaded) => return Ok(loaded.refuse(console)),
    };
    let told = match arguments.what {
        What::AddKey => {
            let name = named.keys.add_to_fields(&named.design, &named.data)?;
            console.prose(format!("the key `{name}` encrypts from the next start on"));
            json!({ "version": 1, "diagnostics": [], "key": name })
        }
        What::Reseal => {
            let done = live::tokio()?.block_on(server::reseal(
                &named.design,
                &named.data,
                &named.address,
                &named.keys,
            ))?;
            for of in &done {
                console.prose(format!("{:>8}  {}", of.rows, of.entity));
            }
            let rows = done.iter().map(|of| (of.entity.clone(), json!(of.rows)));
            let rows: serde_json::Map<_, _> = rows.collect();
            json!({ "version": 1, "diagnostics": [], "rows": rows })
        }
    };
    if console.json() {
        console.document(&told);
    }
    Ok(Outcome::Success)
}
