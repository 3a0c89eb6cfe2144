//! What everything that runs needs of this process.

use crate::failure::Failure;

/// Microseconds since the Unix epoch.
#[must_use]
pub fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

/// The runtime that everything asynchronous runs on.
///
/// # Errors
/// When the system refuses threads.
pub fn tokio() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("no-threads", format!("cannot start threads: {error}")))
}
