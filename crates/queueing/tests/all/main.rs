//! Every closed form against a table of exact values, and the fits against values derived here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod fits;
mod rows;
mod table;
