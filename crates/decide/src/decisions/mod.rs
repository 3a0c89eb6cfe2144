//! The decisions. This registry is rewritten by the test `the_registry_is_fresh`.

#[path = "asvs.rs"]
mod asvs;
#[path = "audit.rs"]
mod audit;
#[path = "authentication.rs"]
mod authentication;
#[path = "authorisation.rs"]
mod authorisation;
#[path = "availability.rs"]
mod availability;
#[path = "boundary.rs"]
mod boundary;
#[path = "broker.rs"]
mod broker;
#[path = "cache.rs"]
mod cache;
#[path = "cap.rs"]
mod cap;
#[path = "capacity.rs"]
mod capacity;
#[path = "concurrency.rs"]
mod concurrency;
#[path = "deletion.rs"]
mod deletion;
#[path = "delivery.rs"]
mod delivery;
#[path = "deployment.rs"]
mod deployment;
#[path = "edge.rs"]
mod edge;
#[path = "encryption.rs"]
mod encryption;
#[path = "headroom-gap.rs"]
mod headroom_gap;
#[path = "idempotency.rs"]
mod idempotency;
#[path = "index.rs"]
mod index;
#[path = "key.rs"]
mod key;
#[path = "link.rs"]
mod link;
#[path = "money.rs"]
mod money;
#[path = "paradigm.rs"]
mod paradigm;
#[path = "partitioning.rs"]
mod partitioning;
#[path = "password-hash.rs"]
mod password_hash;
#[path = "rate-limit.rs"]
mod rate_limit;
#[path = "read-model.rs"]
mod read_model;
#[path = "recovery.rs"]
mod recovery;
#[path = "region.rs"]
mod region;
#[path = "replicas.rs"]
mod replicas;
#[path = "resilience.rs"]
mod resilience;
#[path = "retention.rs"]
mod retention;
#[path = "rollout.rs"]
mod rollout;
#[path = "saga.rs"]
mod saga;
#[path = "secrets.rs"]
mod secrets;
#[path = "service.rs"]
mod service;
#[path = "slo.rs"]
mod slo;
#[path = "stack.rs"]
mod stack;
#[path = "store.rs"]
mod store;
#[path = "style.rs"]
mod style;
#[path = "telemetry.rs"]
mod telemetry;
#[path = "tenancy.rs"]
mod tenancy;
#[path = "versioning.rs"]
mod versioning;

use crate::decision::Decision;

/// Every decision that is built.
pub static ALL: &[&Decision] = &[
    &asvs::DECISION,
    &audit::DECISION,
    &authentication::DECISION,
    &authorisation::DECISION,
    &availability::DECISION,
    &boundary::DECISION,
    &broker::DECISION,
    &cache::DECISION,
    &cap::DECISION,
    &capacity::DECISION,
    &concurrency::DECISION,
    &deletion::DECISION,
    &delivery::DECISION,
    &deployment::DECISION,
    &edge::DECISION,
    &encryption::DECISION,
    &headroom_gap::DECISION,
    &idempotency::DECISION,
    &index::DECISION,
    &key::DECISION,
    &link::DECISION,
    &money::DECISION,
    &paradigm::DECISION,
    &partitioning::DECISION,
    &password_hash::DECISION,
    &rate_limit::DECISION,
    &read_model::DECISION,
    &recovery::DECISION,
    &region::DECISION,
    &replicas::DECISION,
    &resilience::DECISION,
    &retention::DECISION,
    &rollout::DECISION,
    &saga::DECISION,
    &secrets::DECISION,
    &service::DECISION,
    &slo::DECISION,
    &stack::DECISION,
    &store::DECISION,
    &style::DECISION,
    &telemetry::DECISION,
    &tenancy::DECISION,
    &versioning::DECISION,
];
