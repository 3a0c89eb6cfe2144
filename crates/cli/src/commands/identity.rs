//! `firm identity`: the keys that sign tokens.

use accounts::oidc::{Rotation, rotate};
use clap::{Args, Subcommand};
use serde_json::json;

use super::kept::Kept;
use crate::{
    console::Console,
    failure::{Failure, Outcome},
    live,
};

/// Arguments of `firm identity`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  firm identity rotate --store postgres://firm@db/shop

Keys change by themselves every 90 days. Servers take up what another process changed within half a
minute. The embedded store belongs to one process at a time: stop `firm up` first.")]
pub struct IdentityArguments {
    #[command(subcommand)]
    what: What,

    #[command(flatten)]
    kept: Kept,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum What {
    /// Make the next signing keys; they take over in a quarter of an hour
    Rotate {
        /// At once, and forget those before: everybody gets new tokens
        #[arg(long)]
        now: bool,
    },
}

/// Changes the keys.
///
/// # Errors
/// The store cannot be used.
pub fn run(arguments: &IdentityArguments, console: &Console) -> Result<Outcome, Failure> {
    let What::Rotate { now } = arguments.what;
    let runtime = live::tokio()?;
    runtime.block_on(async {
        let opened = match arguments.kept.open().await? {
            Ok(opened) => opened,
            Err(loaded) => return Ok(loaded.refuse(console)),
        };
        let rotation = if now { Rotation::Now } else { Rotation::Soon };
        let rotated = rotate(&*opened.records, &opened.seal, rotation).await;
        rotated.map_err(|error| Failure::new("store-unusable", error.description))?;
        let when = if now { "at once" } else { "in a quarter of an hour" };
        console.prose(format!("new keys sign {when}"));
        if console.json() {
            console.document(&json!({ "version": 1, "diagnostics": [], "rotated": true }));
        }
        Ok(Outcome::Success)
    })
}
