//! Every page of a check is its test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "tests read the examples")]

mod examples;
mod objectives;
mod pages;
