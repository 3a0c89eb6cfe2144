//! Tests of GraphQL, one binary.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests run programs, read files and talk over loopback"
)]

mod client;
mod hostile;
mod queries;
mod support;
