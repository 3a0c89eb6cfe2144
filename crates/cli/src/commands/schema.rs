//! `firm schema`: the JSON Schema of the model language, for editors.

use clap::Args;

use crate::{console::Console, failure::Outcome};

/// Arguments of `firm schema`.
#[derive(Clone, Copy, Debug, Args)]
#[command(
    long_about = "Print the JSON Schema (2020-12) of a model file, for editors: completion, \
documentation while typing, and the plainest mistakes. `firm check` knows far more. An editor with \
the YAML language server takes it from a first line such as

  # yaml-language-server: $schema=firmitas.schema.json",
    after_help = "Example:\n  firm schema > firmitas.schema.json"
)]
pub struct SchemaArguments;

/// Prints the schema.
#[must_use]
pub fn run(_: SchemaArguments, console: &Console) -> Outcome {
    console.document(&model::syntax::schema());
    Outcome::Success
}
