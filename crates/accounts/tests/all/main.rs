//! Tests of accounts, one binary.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests have clocks and talk over loopback"
)]

mod certificates;
mod issuers;
mod support;
