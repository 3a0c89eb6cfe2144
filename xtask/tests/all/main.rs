//! The invariants of ARCHITECTURE.md.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "these tests read the repository"
)]

mod edges;
mod links;
mod purity;
mod ratchet;
mod references;
mod registries;
mod repository;
