//! From the files of the examples to everything that follows.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "tests read the examples")]
#![allow(clippy::disallowed_macros, reason = "a test that is skipped says so")]

mod adr;
mod asyncapi;
mod body_examples;
mod broken;
mod case;
mod contract_tests;
mod contracts;
mod coverage;
mod dashboards;
mod deploy;
mod diagrams;
mod documents;
mod dossier;
mod examples;
mod explained;
mod faulty_samples;
mod graphql;
mod openapi;
mod protobuf;
mod scenarios;
mod schema;
mod shuffled;
mod slo;
mod sql;
