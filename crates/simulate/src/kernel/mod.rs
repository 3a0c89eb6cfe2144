//! What knows nothing of networks: events in their order, random numbers, and a slab of things with
//! epochs.

mod calendar;
mod distribution;
mod logarithm;
mod normal;
mod random;
mod sampler;
mod zipf;

pub use calendar::{Calendar, Event, ListId, Time};
pub use distribution::Distribution;
pub use normal::normal_quantile;
pub use random::{Random, Seed};
pub use sampler::Sampler;
pub use zipf::Zipf;
