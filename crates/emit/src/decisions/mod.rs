//! What was decided and why: `decisions.md` for people, `design.json` for programs.

mod json;
mod markdown;

use base::SourceMap;
use decide::Design;

use crate::{Artifact, Emitter};

pub use json::{decision, with_flips};

/// `decisions.md`, `design.json`.
pub static EMITTER: Emitter =
    Emitter { id: "decisions", run: |input| artifacts(input.design, input.sources) };

/// Both files.
#[must_use]
pub fn artifacts(design: &Design, sources: &SourceMap) -> Vec<Artifact> {
    let json = serde_json::to_string_pretty(&json::document(design, sources)).unwrap_or_default();
    vec![
        Artifact { path: "decisions.md".to_owned(), contents: markdown::page(design, sources) },
        Artifact { path: "design.json".to_owned(), contents: json + "\n" },
    ]
}
