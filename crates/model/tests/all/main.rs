//! Tests of the model crate, in one binary.
#![allow(missing_docs, reason = "tests")]

mod examples;
mod expect;
mod resolve_examples;
