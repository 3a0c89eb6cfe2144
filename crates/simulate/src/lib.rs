//! Deterministic discrete-event simulation.

pub mod design;
pub mod experiment;
pub mod kernel;
pub mod network;
pub mod run;
pub mod statistics;
