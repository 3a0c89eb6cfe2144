//! Tests of the expression language: what is read, what is refused and why, and what it computes.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "tests read the environment and say what they skip"
)]

mod agreement;
mod checker;
mod evaluator;
mod fixture;
mod oracle;
mod parser;
