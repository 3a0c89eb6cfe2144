//! The main job, end to end: the program as a user starts it, asked by a plain HTTP client.

mod bad_input;
mod client;
mod contracts;
mod crash;
mod server;
mod shop;
mod walk;
