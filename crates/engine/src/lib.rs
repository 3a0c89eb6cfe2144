//! The one facade: a set of files in, every answer out.

mod check;
pub mod explanations;
mod load;
pub mod lock;
mod world;

pub use check::{Checked, check};
pub use decide::Design;
pub use emit::Artifact;
pub use explanations::explain;
pub use world::{ROOT, World};
