//! The system, its teams and needs, actors, contexts, events, externals and overrides.

use base::{Duration, Percentiles, Price, Quantity, Rate, Share, Span, Spanned};
use expression::{EntityId, FieldIndex, RecordId, ir::Expression};

use super::ids::ContextId;
use super::integration::Callback;

/// The `system` section.
#[derive(Clone, Debug, Default)]
pub struct System {
    /// Name as people write it.
    pub name: String,
    /// One sentence.
    pub summary: String,
    /// Needs of everything that states none of its own.
    pub needs: Needs,
    /// Teams by name.
    pub teams: Vec<Team>,
    /// Currencies; the first is the default. With more than one, every money value carries its own.
    pub currencies: Vec<String>,
    /// IANA name.
    pub time_zone: String,
    /// Tenancy, if there is any.
    pub tenancy: Option<Tenancy>,
    /// Where the system that is being replaced is described, if there is one.
    pub existing: Option<Span>,
}

/// Non-functional needs. Absent ones get a marked default when decisions are made.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// People or devices at once.
    pub concurrent_users: Option<Quantity<f64>>,
    /// Growth per year.
    pub growth: Option<Quantity<Share>>,
    /// Multiple of the stated peak that the design must hold.
    pub headroom: Option<Quantity<f64>>,
    /// Share of requests served well.
    pub availability: Option<Quantity<Share>>,
    /// Objective.
    pub latency: Option<Quantity<Percentiles>>,
    /// Recovery time objective.
    pub recovery_time: Option<Quantity<Duration>>,
    /// Recovery point objective.
    pub recovery_point: Option<Quantity<Duration>>,
    /// Regions.
    pub regions: Vec<Spanned<String>>,
    /// Regimes: `gdpr`, `pci`, ...
    pub compliance: Vec<Spanned<String>>,
    /// OWASP ASVS level.
    pub assurance: Option<Spanned<String>>,
    /// Money available.
    pub budget: Option<Quantity<Price>>,
    /// How long data is kept where an entity says nothing.
    pub retention: Option<Quantity<Duration>>,
}

/// A team.
#[derive(Clone, Debug, Default)]
pub struct Team {
    /// Name.
    pub name: String,
    /// People.
    pub people: Option<Quantity<f64>>,
    /// Deployments.
    pub deploys: Option<Quantity<Rate>>,
    /// Whether it can be called at night.
    pub on_call: Option<bool>,
    /// Whether it has continuous integration.
    pub ci: Option<bool>,
    /// Whether its infrastructure is code.
    pub iac: Option<bool>,
    /// Skills.
    pub skills: Vec<Spanned<String>>,
}

/// How tenants are told apart.
#[derive(Clone, Debug)]
pub struct Tenancy {
    /// The tenant entity.
    pub by: EntityId,
    /// What tells a request's tenant.
    pub from: TenantFrom,
    /// How far tenants are kept apart; a decision if absent.
    pub isolation: Option<Spanned<Isolation>>,
    /// Which tenants get everything of their own, over `self` of the tenant.
    pub silo: Option<Expression>,
    /// Where a tenant's data lives, over `self` of the tenant.
    pub region: Option<Expression>,
    /// Share of the largest tenant.
    pub largest_share: Option<Quantity<Share>>,
    /// Where it was written.
    pub span: Span,
}

/// What tells a request's tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantFrom {
    /// The caller's row.
    Actor,
    /// The host name: this field of the tenant, if one is named.
    Host(Option<FieldIndex>),
}

/// How far tenants are kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Shared tables.
    Pool,
    /// Shared server, own schema.
    Bridge,
    /// Own everything.
    Silo,
}

/// How an actor proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// Everyone, signed in or not.
    None,
    /// A person.
    User,
    /// A service of ours.
    Service,
    /// An API key.
    Key,
    /// A client certificate.
    Certificate,
    /// The built-in `system`: flows, schedules, pipelines, callbacks, calls. No token exists.
    System,
}

/// What an actor's requests come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientKind {
    /// A web page.
    Browser,
    /// An app.
    Mobile,
    /// Another company's system.
    Partner,
    /// A system of ours.
    Internal,
}

/// Someone who may ask for operations.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Name, `lowerCamel`.
    pub name: Spanned<String>,
    /// How it proves who it is.
    pub authentication: Authentication,
    /// The entity whose row it is.
    pub entity: Option<EntityId>,
    /// The field by which rows created by others are linked at first sign-in.
    pub login: Option<FieldIndex>,
    /// The claim of the verified token that it needs.
    pub role: Option<String>,
    /// Over `actor`, read at each request.
    pub when: Option<Expression>,
    /// Kinds of client.
    pub clients: Vec<ClientKind>,
    /// How many there are.
    pub count: Option<Quantity<f64>>,
    /// `tenants: all`.
    pub all_tenants: bool,
}

/// A bounded context.
#[derive(Clone, Debug)]
pub struct Context {
    /// Name, `lowerCamel`.
    pub name: Spanned<String>,
    /// One sentence.
    pub summary: Option<String>,
    /// The team that owns it, by position in [`System::teams`].
    pub team: Option<usize>,
    /// Needs of its own.
    pub needs: Needs,
    /// Whether it holds what no context of the model holds.
    pub unassigned: bool,
}

/// An event.
#[derive(Clone, Debug)]
pub struct Event {
    /// Name, `UpperCamel`.
    pub name: Spanned<String>,
    /// The context that emits it.
    pub context: ContextId,
    /// The type of its payload.
    pub payload: RecordId,
    /// The ordering key: over `event`.
    pub key: Option<Expression>,
    /// How long it is kept.
    pub retain: Option<Quantity<Duration>>,
    /// `durable`.
    pub durable: bool,
}

/// A system that is not ours.
#[derive(Clone, Debug)]
pub struct External {
    /// Name, `lowerCamel`.
    pub name: Spanned<String>,
    /// Promised availability.
    pub availability: Option<Quantity<Share>>,
    /// Most calls per second.
    pub limit: Option<Quantity<Rate>>,
    /// Protocol, `http` unless stated.
    pub protocol: Option<String>,
    /// What can be called.
    pub operations: Vec<ExternalOperation>,
    /// What it sends us.
    pub callbacks: Vec<Callback>,
}

/// Something an external can do.
#[derive(Clone, Debug)]
pub struct ExternalOperation {
    /// Name, `lowerCamel`.
    pub name: Spanned<String>,
    /// The type of its input.
    pub input: RecordId,
    /// The type of its output; an empty record where it has none.
    pub output: RecordId,
    /// Codes it refuses with.
    pub errors: Vec<Spanned<String>>,
    /// Latency.
    pub latency: Option<Quantity<Percentiles>>,
    /// Whether repeating it is harmless.
    pub idempotent: bool,
    /// A lookup without effects.
    pub safe: bool,
    /// Price of a call.
    pub cost: Option<Quantity<Price>>,
}

/// A decision taken by the model itself.
#[derive(Clone, Debug)]
pub struct Override {
    /// `family` or `family.subject`.
    pub id: Spanned<String>,
    /// The option, kebab-case.
    pub choose: Spanned<String>,
    /// Why.
    pub because: String,
    /// Asked again after this date.
    pub until: Option<Spanned<String>>,
}

/// A finding that the model accepts.
#[derive(Clone, Debug)]
pub struct Acceptance {
    /// `finding-id@subject`.
    pub id: Spanned<String>,
    /// Why.
    pub because: String,
    /// Asked again after this date.
    pub until: Option<Spanned<String>>,
}
