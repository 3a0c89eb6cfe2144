//! The live backend, tried.

#![allow(clippy::disallowed_methods, reason = "tests have files, clocks and threads")]
#![allow(clippy::disallowed_macros, reason = "tests say what was skipped, and what they saw")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]
#![allow(dead_code, reason = "the small model has more than each test needs")]

mod http_address_inputs;
mod http_compression;
mod http_edge;
mod http_expand;
mod http_faults;
mod http_filters;
mod http_hostile;
mod http_inputs;
mod http_json;
mod http_large;
mod http_merge;
mod http_metrics;
mod http_money;
mod http_requests;
mod http_slow;
mod http_smuggling;
mod http_support;
mod http_tls;
mod identity_tokens;
mod isolation;
mod isolation_models;
mod json_input;
mod killed;
mod operations_access;
mod operations_caches;
mod operations_calls;
mod operations_effects;
mod operations_externals;
mod operations_invariants;
mod operations_journal;
mod operations_lists;
mod operations_orders;
mod operations_retention;
mod operations_rides;
mod operations_rows;
mod operations_secret;
mod operations_sensitive;
mod operations_shop;
mod operations_tenancy;
mod operations_tenant_sweeps;
mod operations_writes;
mod sensitive_rows;
#[path = "../../../decide/tests/all/small.rs"]
mod small;
mod store_crash;
mod store_demands;
mod store_erased;
mod store_format;
mod store_keys;
mod store_pages;
mod store_rows;
mod store_schema;
mod store_search;
mod store_silos;
mod store_support;
mod store_trees;
mod store_writer;
mod stores;
mod support;
