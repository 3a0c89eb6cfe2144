//! How findings and decisions look: for people on a terminal, and for machines as JSON.

mod decisions;
mod github;
mod json;
mod sarif;
mod summary;
mod terminal;

pub use decisions::{decision_text, flips_text, searched};
pub use github::github_commands;
pub use json::{diagnostics_document, diagnostics_json};
pub use sarif::sarif_document;
pub use summary::summary;
pub use terminal::{Appearance, Terminal, visible};
