//! Contents of files: on local disk or behind any S3 API, with signed addresses and thumbnails.
#![allow(
    clippy::disallowed_methods,
    reason = "below the pure crates: it has a clock, threads, files and a network"
)]
