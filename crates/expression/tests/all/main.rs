//! Tests of the expression language: what is read, what is refused and why, and what it computes.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::expect_used,
    clippy::panic,
    reason = "tests read the environment, say what they skip, and fail by panicking"
)]

mod agreement;
mod checker;
mod evaluator;
mod fixture;
mod oracle;
mod parser;
mod sql;
