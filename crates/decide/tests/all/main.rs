//! What follows from a model: tables, routes, indexes, verdicts.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a test reads and rewrites the registry")]

mod answers;
mod ask;
mod boundaries;
mod data;
mod examples;
mod flips;
mod indexes;
mod links;
mod objectives;
mod operating;
mod quality;
mod registry;
mod resilient;
mod routes;
mod rows;
mod services;
mod sign_in;
mod small;
mod sources;
mod table;
mod tables;
mod tenants;
mod text;
mod thresholds;
mod verdicts;
