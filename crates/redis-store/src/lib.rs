//! What replicas share in Redis or Valkey: cached answers and rate limits.
#![allow(
    clippy::disallowed_methods,
    reason = "below the pure crates: it has a clock, threads, files and a network"
)]
