//! Reports as text and pages for people, and as JSON for machines.

mod answer_json;
mod answer_text;
mod capacity;
mod comparison_json;
mod comparison_text;
pub(crate) mod format;
mod json;
mod page;
mod stability_text;
mod table;
mod text;
mod times;

pub use answer_json::{answer_json, stability_json};
pub use answer_text::answer_text;
pub use capacity::capacity_section;
pub use comparison_json::comparison_json;
pub use comparison_text::comparison_text;
pub use json::json;
pub use page::{About, MARK, answer_page, comparison_page, network_page, stability_page};
pub use stability_text::stability_text;
pub use text::text;
