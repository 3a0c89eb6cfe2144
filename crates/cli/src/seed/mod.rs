//! `firm seed`: plausible rows, made by doing what the model allows, so that every rule holds.

mod plan;
mod random;
mod run;
mod text;
mod values;
mod words;
mod world;

pub use plan::{Move, Plan, Step, Way, plan};
pub use random::Random;
pub use run::{Harvest, Sower};
pub use values::{Purpose, Targets, Values};
