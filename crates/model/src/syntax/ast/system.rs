//! The top level, the system, actors, contexts and decisions.

use base::{Duration, Percentiles, Price, Rate, Share, Span, Spanned};

use super::{
    Entity, Event, External, Field, Flow, Growth, Named, Operation, Path, Pipeline, Schedule,
    Value, View, Webhook,
};
use crate::model::{Authentication, ClientKind};
use crate::yaml::Text;

/// A whole model as written, all included files merged.
#[derive(Clone, Debug, Default)]
pub struct SyntaxTree {
    /// `firmitas: 1`.
    pub version: Option<Spanned<u32>>,
    /// `system`.
    pub system: Option<System>,
    /// `actors`.
    pub actors: Named<Actor>,
    /// `types`: name -> fields.
    pub types: Named<Named<Field>>,
    /// `contexts`.
    pub contexts: Named<Context>,
    /// Top-level `entities`, `operations`, `events` and `views`, not yet assigned to a context.
    pub unassigned: Declarations,
    /// `externals`.
    pub externals: Named<External>,
    /// `flows`.
    pub flows: Named<Flow>,
    /// `schedules`.
    pub schedules: Named<Schedule>,
    /// `pipelines`.
    pub pipelines: Named<Pipeline>,
    /// `webhooks`.
    pub webhooks: Named<Webhook>,
    /// `decisions`, without `accept`: `family` or `family.subject`.
    pub decisions: Named<Decision>,
    /// `decisions.accept`: `finding-id@subject`.
    pub accept: Named<Acceptance>,
    /// A file ended early or is missing, or a value with a name was refused. That is reported; that
    /// a name is not there then says nothing.
    pub incomplete: bool,
    /// Text is missing of which no diagnostic shows the place: a file that is not there, or of
    /// which nothing could be read.
    pub missing_text: bool,
}

/// What a context holds.
#[derive(Clone, Debug, Default)]
pub struct Declarations {
    /// `entities`.
    pub entities: Named<Entity>,
    /// `operations`.
    pub operations: Named<Operation>,
    /// `events`.
    pub events: Named<Event>,
    /// `views`.
    pub views: Named<View>,
}

/// A bounded context.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The whole value.
    pub span: Span,
    /// `team`.
    pub team: Option<Spanned<String>>,
    /// `summary`.
    pub summary: Option<Spanned<String>>,
    /// `needs`.
    pub needs: Option<Needs>,
    /// What it holds.
    pub declarations: Declarations,
}

/// The `system` section.
#[derive(Clone, Debug, Default)]
pub struct System {
    /// The whole value.
    pub span: Span,
    /// `name`; required.
    pub name: Option<Spanned<String>>,
    /// `summary`.
    pub summary: Option<Spanned<String>>,
    /// `needs`.
    pub needs: Option<Needs>,
    /// `teams`.
    pub teams: Named<Team>,
    /// `currency`: one, or a list.
    pub currencies: Vec<Spanned<String>>,
    /// `time_zone`.
    pub time_zone: Option<Spanned<String>>,
    /// `tenancy`.
    pub tenancy: Option<Spanned<Tenancy>>,
    /// `existing`: what is being replaced, in the model's own words.
    pub existing: Option<Value>,
}

/// Non-functional needs.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// The whole value.
    pub span: Span,
    /// `concurrent_users`.
    pub concurrent_users: Option<Spanned<f64>>,
    /// `growth`.
    pub growth: Option<Spanned<Growth>>,
    /// `headroom`.
    pub headroom: Option<Spanned<f64>>,
    /// `availability`.
    pub availability: Option<Spanned<Share>>,
    /// `latency`.
    pub latency: Option<Spanned<Percentiles>>,
    /// `recovery`.
    pub recovery: Option<Recovery>,
    /// `regions`.
    pub regions: Vec<Spanned<String>>,
    /// `compliance`.
    pub compliance: Vec<Spanned<String>>,
    /// `assurance`: `L1`, `L2` or `L3`.
    pub assurance: Option<Spanned<String>>,
    /// `budget`.
    pub budget: Option<Spanned<Price>>,
    /// `retention`.
    pub retention: Option<Spanned<Duration>>,
}

/// `{ rto: 1h, rpo: 5min }`.
#[derive(Clone, Debug, Default)]
pub struct Recovery {
    /// The whole value.
    pub span: Span,
    /// Recovery time objective.
    pub time: Option<Spanned<Duration>>,
    /// Recovery point objective.
    pub point: Option<Spanned<Duration>>,
}

/// A team.
#[derive(Clone, Debug, Default)]
pub struct Team {
    /// The whole value.
    pub span: Span,
    /// `people`.
    pub people: Option<Spanned<f64>>,
    /// `deploys`.
    pub deploys: Option<Spanned<Rate>>,
    /// `on_call`.
    pub on_call: Option<Spanned<bool>>,
    /// `ci`.
    pub ci: Option<Spanned<bool>>,
    /// `iac`.
    pub iac: Option<Spanned<bool>>,
    /// `skills`.
    pub skills: Vec<Spanned<String>>,
}

/// `tenancy`.
#[derive(Clone, Debug)]
pub enum Tenancy {
    /// `none`.
    None,
    /// There are tenants.
    Tenants(Box<Tenants>),
}

/// How tenants are told apart.
#[derive(Clone, Debug, Default)]
pub struct Tenants {
    /// The whole value.
    pub span: Span,
    /// `by`; required.
    pub by: Option<Path>,
    /// `from`.
    pub from: Option<Spanned<TenantFrom>>,
    /// `isolation`.
    pub isolation: Option<Spanned<Isolation>>,
    /// `silo`.
    pub silo: Option<Text>,
    /// `region`.
    pub region: Option<Text>,
    /// `largest_share`.
    pub largest_share: Option<Spanned<Share>>,
}

/// What tells a request's tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantFrom {
    /// The caller's row.
    Actor,
    /// The host name.
    Host(Host),
}

/// `host` or `host(field)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The field of the tenant that holds its host name.
    pub field: Option<Spanned<String>>,
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

/// Someone who may ask for operations.
#[derive(Clone, Debug, Default)]
pub struct Actor {
    /// The whole value.
    pub span: Span,
    /// Documentation.
    pub doc: Option<Spanned<String>>,
    /// `auth`; required. Never [`Authentication::System`].
    pub auth: Option<Spanned<Authentication>>,
    /// `is`.
    pub entity: Option<Path>,
    /// `login`.
    pub login: Option<Spanned<String>>,
    /// `role`.
    pub role: Option<Spanned<String>>,
    /// `when`.
    pub when: Option<Text>,
    /// `client`.
    pub clients: Vec<Spanned<ClientKind>>,
    /// `count`.
    pub count: Option<Spanned<f64>>,
    /// `tenants: all`.
    pub all_tenants: Option<Spanned<bool>>,
}

/// A decision that the model takes itself.
#[derive(Clone, Debug, Default)]
pub struct Decision {
    /// The whole value.
    pub span: Span,
    /// `choose`; required.
    pub choose: Option<Spanned<String>>,
    /// `because`; required.
    pub because: Option<Spanned<String>>,
    /// `until`: a date.
    pub until: Option<Spanned<String>>,
}

/// A finding that the model accepts.
#[derive(Clone, Debug, Default)]
pub struct Acceptance {
    /// The whole value.
    pub span: Span,
    /// `because`; required.
    pub because: Option<Spanned<String>>,
    /// `until`: a date.
    pub until: Option<Spanned<String>>,
}
