//! How findings look: for people on a terminal, and for machines as JSON.

mod json;
mod summary;
mod terminal;

pub use json::{diagnostics_document, diagnostics_json};
pub use summary::summary;
pub use terminal::{Appearance, Terminal, visible};
