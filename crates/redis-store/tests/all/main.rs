//! Against a real `redis-server` on a port of its own; skipped, and said so, where there is none.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    clippy::print_stderr,
    clippy::missing_docs_in_private_items,
    missing_docs,
    reason = "tests"
)]

mod answers;
mod limits;
mod server;
mod staleness;
mod world;
