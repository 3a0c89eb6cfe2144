//! Answers that are kept for the next who asks, as the design decided.
//!
//! A read looks here first ([`aside`]): in the process ([`local`]), or in what all replicas share
//! ([`shared`]). What is kept was read as a [`view`] and not as a caller, so that it cannot hold
//! what only one of them may see. A write makes old what it changed ([`generations`]), and whatever
//! happens, nothing older than the model's `stale` is answered: age counts from the moment before
//! the store was asked.

mod aside;
mod changes;
mod entry;
mod flight;
mod generations;
mod local;
mod options;
mod plan;
mod question;
pub mod shared;
mod tag;
mod view;

pub(crate) use aside::{Asked, Caches};
pub(crate) use changes::{Changes, Watch};
pub use generations::Generations;
pub use options::{Memory, Options, namespace};
pub(crate) use plan::CachePlan;
pub use question::Key;
pub use tag::Tag;
pub(crate) use view::View;
