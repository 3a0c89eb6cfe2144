//! Users, sessions, API keys, and the built-in OpenID Connect provider.
#![allow(
    clippy::disallowed_methods,
    reason = "below the pure crates: it has a clock, threads, files and a network"
)]
