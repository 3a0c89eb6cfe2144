//! Tests of the model crate, in one binary.
#![allow(missing_docs, reason = "tests")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod careless;
mod examples;
mod expect;
mod fixes;
mod format;
mod include;
mod keys;
mod random;
mod resolve_errors;
mod resolve_examples;
mod resolve_fill;
mod resolve_robust;
mod short_bad;
mod short_good;
mod spans;
mod yaml;
