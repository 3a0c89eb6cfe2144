//! The live backend, tried.

#![allow(clippy::disallowed_methods, reason = "tests have files, clocks and threads")]
#![allow(dead_code, reason = "the small model has more than each test needs")]

mod http_requests;
mod http_support;
mod identity_tokens;
#[path = "../../../decide/tests/all/small.rs"]
mod small;
mod store_crash;
mod store_pages;
mod store_rows;
mod store_schema;
mod store_support;
mod store_writer;
