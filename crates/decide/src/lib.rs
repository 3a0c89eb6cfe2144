//! From a model to a [`Design`]: verdicts with their reasons, and the physical shape that follows
//! from them. Every later phase only reads the design.

pub mod design;

pub use design::Design;
