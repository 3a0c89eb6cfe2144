//! Tests of a whole server, one binary.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests run programs, read files and talk over loopback"
)]

mod accounts_http;
mod accounts_support;
mod database;
mod files_downloads;
mod files_rows;
mod files_s3;
mod files_stores;
mod files_support;
mod files_uploads;
mod grpc;
mod invitations;
mod isolation;
mod keys;
mod oidc_attacks;
mod oidc_clients;
mod oidc_library;
mod oidc_support;
mod second_factor;
mod second_factor_oidc;
mod silo;
