//! The records that commit together with a change. Times are microseconds since the Unix epoch.

use std::sync::Arc;

use expression::EntityId;

use crate::telemetry::Sample;

/// An event as it waits to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEvent {
    /// `UUIDv7`; consumers dedupe by it.
    pub id: u128,
    /// Qualified name, for example `ordering.OrderPlaced`.
    pub event: String,
    /// The ordering key: events with the same key are published in order.
    pub key: String,
    /// The payload as a JSON object.
    pub payload: String,
    /// When it happened.
    pub at: i64,
    /// In whose data, where there are tenants.
    pub tenant: Option<u128>,
}

/// Attempts after which a durable call counts as failing: more than one request would make.
pub const FAILING_AFTER: u32 = 3;

/// What waits to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Events in the outbox.
    pub events: i64,
    /// When the oldest of them happened.
    pub oldest_event: Option<i64>,
    /// Durable calls.
    pub calls: i64,
    /// When the first of them is due.
    pub first_due: Option<i64>,
    /// Those that were tried more than [`FAILING_AFTER`] times.
    pub failing: i64,
}

impl Backlog {
    /// As `/metrics` shows it.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts and seconds, far below 2^53")]
    pub fn samples(&self, now: i64) -> [Sample; 5] {
        let since = |time: Option<i64>| {
            time.map_or(0.0, |time| now.saturating_sub(time).max(0) as f64 / 1e6)
        };
        let (age, late) = (since(self.oldest_event), since(self.first_due));
        [
            Sample::new("outbox_events", "Events in the outbox.", self.events as f64),
            Sample::new("outbox_oldest_event_seconds", "Age of the oldest of them.", age),
            Sample::new("durable_calls_waiting", "Durable calls to be made.", self.calls as f64),
            Sample::new("durable_calls_late_seconds", "How late the first of them is.", late),
            Sample::new(
                "durable_calls_failing",
                "Those that were tried again and again.",
                self.failing as f64,
            ),
        ]
    }
}

/// A caller as an issuer of tokens has verified it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    /// The token's `iss`.
    pub issuer: String,
    /// The token's `sub`.
    pub subject: String,
}

/// The row that stands for a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The row's id.
    pub row: u128,
    /// Whose row it is; nobody's where its entity belongs to no tenant.
    pub tenant: Option<u128>,
}

/// What the server keeps for itself beside the rows of the model: an account, a session, an API
/// key. It commits with whatever else the transaction does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is, for example `session`.
    pub kind: String,
    /// What it is found by, unique among its kind. Never a secret itself: the hash of one.
    pub key: String,
    /// Whose it is, for example the account of a session; empty where it is nobody's.
    pub owner: String,
    /// What it says, as JSON.
    pub value: String,
    /// When it is forgotten; never without.
    pub expires: Option<i64>,
}

/// What an idempotent request is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Who calls: actor and subject, or the job that calls.
    pub caller: String,
    /// Qualified name of the operation.
    pub operation: String,
    /// The key that the caller chose.
    pub key: String,
}

/// What is remembered of an idempotent request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// SHA-256 of what was asked.
    pub body_hash: [u8; 32],
    /// What was answered; `None` while a durable job still works on it.
    pub answer: Option<Answer>,
    /// When it may be forgotten.
    pub expires: i64,
}

/// An answer to replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// HTTP headers to send again.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Arc<[u8]>,
}

/// Work that goes on after the answer, and after a crash: what follows a `call`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// `UUIDv7`.
    pub id: u128,
    /// Entity of the row that is in progress.
    pub entity: EntityId,
    /// The row that is in progress.
    pub row: u128,
    /// Qualified name of the operation.
    pub operation: String,
    /// The effect at which it resumes.
    pub step: u32,
    /// What the remaining effects need to know, as JSON.
    pub context: String,
    /// Idempotency key of the call.
    pub key: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When to try next.
    pub due: i64,
    /// When the caller stops waiting.
    pub deadline: i64,
    /// For whom it goes on, where there are tenants.
    pub tenant: Option<u128>,
}
