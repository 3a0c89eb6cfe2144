//! Tests of the expression language: what is read, what is refused and why, and what it computes.

mod checker;
mod evaluator;
mod fixture;
mod parser;
