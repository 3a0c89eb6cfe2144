//! The edges to other systems: callbacks, pipelines, webhooks.

use base::{Duration, Quantity, Spanned};
use expression::{EntityId, FieldIndex, RecordId, ir::Expression};

use super::ids::EventId;
use super::process::{Every, Invocation};

/// A message that an external sends us.
#[derive(Clone, Debug)]
pub struct Callback {
    /// Name, `lowerCamel`.
    pub name: Spanned<String>,
    /// Documentation.
    pub doc: Option<String>,
    /// How it proves who sent it.
    pub verify: Verification,
    /// What tells repetitions apart, over `input`.
    pub id: Option<Expression>,
    /// How old a message may be.
    pub window: Option<Quantity<Duration>>,
    /// The type of the message.
    pub input: RecordId,
    /// What is called.
    pub call: Invocation,
}

/// How a callback proves who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// A keyed hash of the body.
    Hmac,
    /// A client certificate.
    Mtls,
    /// A signed token.
    Jwt,
}

/// Events sent to subscribers, one for each row of an entity.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Name, `lowerCamel`.
    pub name: Spanned<String>,
    /// Documentation.
    pub doc: Option<String>,
    /// The entity whose rows are the subscribers.
    pub subscriber: EntityId,
    /// Its field with the address.
    pub address: FieldIndex,
    /// What is sent.
    pub events: Vec<WebhookEvent>,
    /// For how long delivery is tried.
    pub retry: Option<Quantity<Duration>>,
    /// After how long without success the subscriber is disabled.
    pub disable_after: Option<Quantity<Duration>>,
}

/// An event that a webhook sends.
#[derive(Clone, Debug)]
pub struct WebhookEvent {
    /// The event.
    pub event: EventId,
    /// Which subscribers get it: over `self` (the subscriber) and `event`.
    pub condition: Option<Expression>,
    /// What keeps its order, over `event`; the event's own key if absent.
    pub key: Option<Expression>,
}

/// Data that comes in or goes out.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Name, `lowerCamel`.
    pub name: Spanned<String>,
    /// Documentation.
    pub doc: Option<String>,
    /// Where rows come from.
    pub from: Endpoint,
    /// Where they go.
    pub to: Endpoint,
    /// What identifies a row.
    pub key: Vec<Spanned<String>>,
    /// What goes where; a value is absent where the rows that come in have no type yet.
    pub map: Vec<(Spanned<String>, Option<Expression>)>,
    /// How often.
    pub every: Option<Every>,
    /// Whether it runs when a file arrives.
    pub on_arrival: bool,
}

/// One end of a pipeline.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// What it is.
    pub kind: EndpointKind,
    /// A path, an address or a table; may be configured instead.
    pub location: Option<String>,
    /// Format.
    pub format: Option<String>,
}

/// What an end of a pipeline is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointKind {
    /// A file.
    File,
    /// An HTTP address.
    Http,
    /// A file on a server.
    Sftp,
    /// A table of another database.
    Table,
    /// An entity of the model.
    Entity(EntityId),
}
