//! The store on PostgreSQL.
#![allow(
    clippy::disallowed_methods,
    reason = "below the pure crates: it has a clock, threads, files and a network"
)]
