//! GraphQL over a Design: a dynamic schema, one statement for each tree.
#![allow(
    clippy::disallowed_methods,
    reason = "below the pure crates: it has a clock, threads, files and a network"
)]
