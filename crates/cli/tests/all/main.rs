//! Tests of the command `firm`, one binary.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests run programs and read files"
)]

mod accept;
mod acceptance;
mod accounts;
mod ask;
mod check;
mod design;
mod developer_page;
mod explain;
mod faults;
mod firm;
mod fmt;
mod folder;
mod generated;
mod guide;
mod help;
mod jobs;
mod language;
mod new;
mod page;
mod reference;
mod rendering;
mod restore;
mod sarif;
mod seed;
mod settings;
mod simulate;
mod simulated_page;
mod up;
