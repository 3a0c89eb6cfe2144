//! Service times from what a running server measured, in the place of the numbers of the table.

mod measured;
mod shape;

pub use measured::{Fit, HeldOut, Measured, OperationTimes};
pub use shape::Shape;
