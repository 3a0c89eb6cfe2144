//! The store on PostgreSQL, tried: by the tests that every store passes, and by faults.

#![allow(clippy::disallowed_methods, reason = "tests have files, clocks and threads")]
#![allow(clippy::disallowed_macros, reason = "tests say that they are skipped")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]
#![allow(dead_code, reason = "the shared helpers have more than these tests need")]

mod archive;
mod bridge;
mod earlier;
mod exclusive;
mod faults;
mod granted;
mod jobs;
mod notes;
mod pooler;
mod schema;
mod silos;
mod standings;
mod stores;
mod tenants;
mod turns;
mod words;

#[path = "../../../runtime/tests/all/http_address_inputs.rs"]
mod http_address_inputs;
#[path = "../../../runtime/tests/all/http_expand.rs"]
mod http_expand;
#[path = "../../../runtime/tests/all/http_filters.rs"]
mod http_filters;
#[path = "../../../runtime/tests/all/http_inputs.rs"]
mod http_inputs;
#[path = "../../../runtime/tests/all/http_json.rs"]
mod http_json;
#[path = "../../../runtime/tests/all/http_large.rs"]
mod http_large;
#[path = "../../../runtime/tests/all/http_merge.rs"]
mod http_merge;
#[path = "../../../runtime/tests/all/http_support.rs"]
mod http_support;
#[path = "../../../runtime/tests/all/operations_access.rs"]
mod operations_access;
#[path = "../../../runtime/tests/all/operations_calls.rs"]
mod operations_calls;
#[path = "../../../runtime/tests/all/operations_effects.rs"]
mod operations_effects;
#[path = "../../../runtime/tests/all/operations_externals.rs"]
mod operations_externals;
#[path = "../../../runtime/tests/all/operations_invariants.rs"]
mod operations_invariants;
#[path = "../../../runtime/tests/all/operations_lists.rs"]
mod operations_lists;
#[path = "../../../runtime/tests/all/operations_orders.rs"]
mod operations_orders;
#[path = "../../../runtime/tests/all/operations_rides.rs"]
mod operations_rides;
#[path = "../../../runtime/tests/all/operations_rows.rs"]
mod operations_rows;
#[path = "../../../runtime/tests/all/operations_secret.rs"]
mod operations_secret;
#[path = "../../../runtime/tests/all/operations_sensitive.rs"]
mod operations_sensitive;
#[path = "../../../runtime/tests/all/operations_shop.rs"]
mod operations_shop;
#[path = "../../../runtime/tests/all/operations_tenancy.rs"]
mod operations_tenancy;
#[path = "../../../runtime/tests/all/operations_tenant_sweeps.rs"]
mod operations_tenant_sweeps;
#[path = "../../../runtime/tests/all/operations_writes.rs"]
mod operations_writes;
#[path = "../../../decide/tests/all/small.rs"]
mod small;
#[path = "../../../runtime/tests/all/store_demands.rs"]
mod store_demands;
#[path = "../../../runtime/tests/all/store_pages.rs"]
mod store_pages;
#[path = "../../../runtime/tests/all/store_rows.rs"]
mod store_rows;
#[path = "../../../runtime/tests/all/store_schema.rs"]
mod store_schema;
#[path = "../../../runtime/tests/all/store_search.rs"]
mod store_search;
#[path = "../../../runtime/tests/all/store_support.rs"]
mod store_support;
#[path = "../../../runtime/tests/all/store_trees.rs"]
mod store_trees;
#[path = "../../../runtime/tests/all/support.rs"]
mod support;
