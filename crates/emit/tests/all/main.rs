//! What is emitted is tried on what will read it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "tests read the URL of a test database")]
#![allow(dead_code, reason = "the small model has more than each test needs")]

#[path = "../../../decide/tests/all/small.rs"]
mod small;
mod sql;
