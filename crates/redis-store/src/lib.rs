//! What replicas share in Redis or Valkey: cached answers and rate limits.
//!
//! Nothing here may hold a request up or fail it: every question is answered within some
//! milliseconds or not at all, and while Redis is away nobody asks it ([`Link`]).
#![allow(
    clippy::disallowed_methods,
    reason = "below the pure crates: it has a clock, threads, files and a network"
)]

mod address;
mod answers;
mod limits;
mod link;
mod listener;

pub use address::{Address, InvalidAddress};
pub use answers::SharedAnswers;
pub use limits::SharedLimits;
pub use link::Link;
