//! Reports as text for people and as JSON for machines.

mod format;
mod json;
mod table;
mod text;

pub use json::json;
pub use text::text;
