//! Rows whose time is over, and people who ask to be forgotten.
//!
//! One process at a time goes through the rows in the order of their ids, in small transactions,
//! beside the requests. Where it is stands in the store: whoever goes on after a crash goes on
//! there. What is removed or emptied was looked at again under a lock.

mod empty;
mod erasure;
mod lease;
mod plan;
mod sweep;

pub(crate) use erasure::ask as ask_for_erasure;
pub(crate) use plan::Retentions;
pub(crate) use sweep::{Sweeper, TOGETHER, run, sweep};
