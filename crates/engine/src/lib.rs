//! The one facade: a set of files in, every answer out.

mod world;

pub use world::{ROOT, World};
