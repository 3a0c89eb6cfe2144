//! The decisions. This registry is rewritten by the test `the_registry_is_fresh`.

#[path = "authentication.rs"]
mod authentication;
#[path = "authorisation.rs"]
mod authorisation;
#[path = "availability.rs"]
mod availability;
#[path = "boundary.rs"]
mod boundary;
#[path = "capacity.rs"]
mod capacity;
#[path = "idempotency.rs"]
mod idempotency;
#[path = "index.rs"]
mod index;
#[path = "key.rs"]
mod key;
#[path = "link.rs"]
mod link;
#[path = "paradigm.rs"]
mod paradigm;
#[path = "password-hash.rs"]
mod password_hash;
#[path = "recovery.rs"]
mod recovery;
#[path = "region.rs"]
mod region;
#[path = "replicas.rs"]
mod replicas;
#[path = "resilience.rs"]
mod resilience;
#[path = "saga.rs"]
mod saga;
#[path = "service.rs"]
mod service;
#[path = "slo.rs"]
mod slo;
#[path = "store.rs"]
mod store;
#[path = "style.rs"]
mod style;

use crate::decision::Decision;

/// Every decision that is built.
pub static ALL: &[&Decision] = &[
    &authentication::DECISION,
    &authorisation::DECISION,
    &availability::DECISION,
    &boundary::DECISION,
    &capacity::DECISION,
    &idempotency::DECISION,
    &index::DECISION,
    &key::DECISION,
    &link::DECISION,
    &paradigm::DECISION,
    &password_hash::DECISION,
    &recovery::DECISION,
    &region::DECISION,
    &replicas::DECISION,
    &resilience::DECISION,
    &saga::DECISION,
    &service::DECISION,
    &slo::DECISION,
    &store::DECISION,
    &style::DECISION,
];
