//! gRPC over a Design: dynamic messages, reflection, health.
#![allow(
    clippy::disallowed_methods,
    reason = "below the pure crates: it has a clock, threads, files and a network"
)]
