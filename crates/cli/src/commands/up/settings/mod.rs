//! Settings of `firm up` by what they are about, each group in a file of its own.

pub mod cache;
pub mod database;
pub mod edge;
pub mod files;
pub mod graphql;
pub mod grpc;
pub mod identity;
pub mod keys;
pub mod limits;
pub mod oidc;
pub mod page;
pub mod telemetry;
mod units;

/// A setting as it is printed: its name as a flag without dashes, its value, and where it is said.
pub type Printed = (&'static str, String);
