//! Externals, pipelines and webhooks.

use base::{Duration, Percentiles, Price, Share, Span, Spanned};

use super::{Every, Field, Named, Path, RateSyntax, Value};
use crate::yaml::Text;

/// A system that is not ours.
#[derive(Clone, Debug, Default)]
pub struct External {
    /// The whole value.
    pub span: Span,
    /// Documentation.
    pub doc: Option<Spanned<String>>,
    /// `availability`.
    pub availability: Option<Spanned<Share>>,
    /// `limit`.
    pub limit: Option<Spanned<RateSyntax>>,
    /// `protocol`.
    pub protocol: Option<Spanned<String>>,
    /// `operations`.
    pub operations: Named<ExternalOperation>,
    /// `callbacks`.
    pub callbacks: Named<Callback>,
}

/// Something an external can do.
#[derive(Clone, Debug, Default)]
pub struct ExternalOperation {
    /// The whole value.
    pub span: Span,
    /// Documentation.
    pub doc: Option<Spanned<String>>,
    /// `input`.
    pub input: Named<Field>,
    /// `output`.
    pub output: Named<Field>,
    /// `errors`.
    pub errors: Vec<Spanned<String>>,
    /// `latency`.
    pub latency: Option<Spanned<Percentiles>>,
    /// `idempotent`.
    pub idempotent: Option<Spanned<bool>>,
    /// `safe`.
    pub safe: Option<Spanned<bool>>,
    /// `cost`.
    pub cost: Option<Spanned<Price>>,
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

/// A message that an external sends us.
#[derive(Clone, Debug, Default)]
pub struct Callback {
    /// The whole value.
    pub span: Span,
    /// Documentation.
    pub doc: Option<Spanned<String>>,
    /// `verify`; required.
    pub verify: Option<Spanned<Verification>>,
    /// `id`: what tells repetitions apart.
    pub id: Option<Text>,
    /// `window`: how old a message may be.
    pub window: Option<Spanned<Duration>>,
    /// `input`.
    pub input: Named<Field>,
    /// `call`; required.
    pub call: Option<Path>,
    /// `with`.
    pub with: Named<Value>,
}

/// A webhook: events sent to subscribers.
#[derive(Clone, Debug, Default)]
pub struct Webhook {
    /// The whole value.
    pub span: Span,
    /// Documentation.
    pub doc: Option<Spanned<String>>,
    /// `to: Subscription.target`; required.
    pub to: Option<Path>,
    /// `where`.
    pub condition: Option<Text>,
    /// `key`.
    pub key: Option<Text>,
    /// `events`; required.
    pub events: Vec<Path>,
    /// `retry`: for how long.
    pub retry: Option<Spanned<Duration>>,
    /// `disable_after`: how long without success.
    pub disable_after: Option<Spanned<Duration>>,
}

/// A pipeline.
#[derive(Clone, Debug, Default)]
pub struct Pipeline {
    /// The whole value.
    pub span: Span,
    /// Documentation.
    pub doc: Option<Spanned<String>>,
    /// `from`; required.
    pub from: Option<Endpoint>,
    /// `to`; required.
    pub to: Option<Endpoint>,
    /// `key`.
    pub key: Vec<Spanned<String>>,
    /// `map`: field -> EXPR over `row`.
    pub map: Named<Text>,
    /// `every`.
    pub every: Option<Spanned<Every>>,
    /// `on_arrival`.
    pub on_arrival: Option<Spanned<bool>>,
}

/// One end of a pipeline.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// What it is.
    pub kind: EndpointKind,
    /// Where: a path, an address, a table; may be configured instead.
    pub location: Option<Spanned<String>>,
    /// `format`.
    pub format: Option<Spanned<String>>,
    /// The whole value.
    pub span: Span,
}

/// What an end of a pipeline is.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    Entity(Path),
}
