//! Tests of accounts, one binary.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests have clocks and talk over loopback"
)]

mod certificates;
mod issuers;
mod memory;
mod requests;
mod sign_in;
mod support;
