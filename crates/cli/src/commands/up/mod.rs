//! `firm up`: runs the model.

mod announce;
mod configuration;
mod decided;
mod first_requests;
mod watch;

pub use announce::Ready;
pub use configuration::{Log, Settings};
pub use decided::{decided, decided_json};
pub use first_requests::first_requests;
pub use watch::Watch;
