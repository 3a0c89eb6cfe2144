//! One command, one file.

pub mod check;
pub mod design;
pub mod explain;
pub mod new;
pub mod up;
