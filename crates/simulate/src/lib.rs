//! Deterministic discrete-event simulation.

pub mod calibrate;
pub mod design;
pub mod experiment;
pub mod file;
pub mod kernel;
pub mod network;
pub mod output;
pub mod run;
pub mod statistics;
