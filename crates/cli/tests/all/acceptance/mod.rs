//! The main job, end to end: the program as a user starts it, asked by a plain HTTP client.

mod bad_input;
pub mod client;
mod contracts;
pub mod crash;
mod database;
mod schemathesis;
pub mod server;
pub mod shop;
mod walk;
