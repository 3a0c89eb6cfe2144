//! The simulator: against exact values, against itself on another number of threads, and against the
//! laws that hold in every run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "tests"
)]

mod caches;
mod calibrate;
mod comparison;
mod consumers;
mod coverage;
mod designs;
mod durable;
mod experiments;
mod feedback;
mod files;
mod jobs;
mod networks;
mod repeatable;
mod setup;
mod threads;
mod validation;
