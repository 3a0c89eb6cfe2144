//! The live backend that interprets a Design.
#![allow(
    clippy::disallowed_methods,
    reason = "below the pure crates: the runtime has a clock, threads, files and a network"
)]

pub mod cache;
pub mod call;
pub mod files;
mod host;
pub mod http;
pub mod identity;
pub mod json;
pub mod operations;
pub mod private;
pub mod problem;
pub mod selection;
pub mod store;
pub mod telemetry;

pub use http::{ServeOptions, serve};
pub use operations::Backend;
pub use problem::Problem;
