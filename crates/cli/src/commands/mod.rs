//! One command, one file.

pub mod new;
