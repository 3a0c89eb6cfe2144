//! A backend as it is configured: store, identity, caches, protocols and telemetry on one port.
#![allow(
    clippy::disallowed_methods,
    reason = "below the pure crates: it has a clock, threads, files and a network"
)]

mod agreement;
mod assurance;
mod caches;
mod database;
mod embedded;
mod failure;
mod fields;
mod files;
mod identity;
mod jobs;
mod keys;
mod offline;
mod oidc;
mod operator;
mod page;
mod protocols;
mod refused;
mod remote_procedures;
mod running;
mod settings;
mod traces;

pub use ::files::Place as FilesPlace;
pub use caches::{CachePlace, CacheSettings};
pub use embedded::released;
pub use failure::Failure;
pub use fields::reseal;
pub use files::FilesSettings;
pub use identity::{AuditTarget, IdentitySettings};
pub use jobs::{Decision, Jobs, written_id};
pub use keys::KeySettings;
pub use offline::{Offline, jobs, offline, records};
pub use oidc::{OidcSettings, provider_seal};
pub use operator::operate;
pub use page::{PageMode, PageSettings};
pub use postgresql::{Settings as DatabaseSettings, archive};
pub use protocols::GraphQlSettings;
pub use refused::Refused;
pub use remote_procedures::GrpcSettings;
pub use running::Server;
pub use settings::{Settings, StoreAddress};
pub use traces::TraceSettings;
