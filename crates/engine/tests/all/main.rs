//! From the files of the examples to everything that follows.

#![allow(clippy::disallowed_methods, reason = "tests read the examples")]

mod examples;
