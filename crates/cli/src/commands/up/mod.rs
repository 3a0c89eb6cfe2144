//! `firm up`: runs the model.

mod configuration;
mod decided;
mod first_requests;

pub use configuration::{Log, Settings};
pub use decided::{decided, decided_json};
pub use first_requests::first_requests;
