//! A request and its answer between the protocols (HTTP now) and the operations: parsed, typed,
//! and free of any protocol's detail.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use expression::{Value, value::Geo};
use model::model::{ActorId, OperationId};

pub use crate::selection::{Selection, Wanted};
pub use crate::store::{Comparison, Cursor, Filter};
use crate::telemetry::{OpenSpan, SpanKind, Spans};

/// One request for one operation.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is asked.
    pub operation: OperationId,
    /// Who asks.
    pub caller: Caller,
    /// The `{id}` or the key of the address, of the type of that field.
    pub address: Option<Value>,
    /// The inputs.
    pub input: InputValues,
    /// The version named by `If-Match`.
    pub if_match: Option<IfMatch>,
    /// From the `Idempotency-Key` header.
    pub idempotency: Option<IdempotencyKey>,
    /// Of a `list`.
    pub page: Option<PageRequest>,
    /// What of the answer of a `get` or `list` is wanted; without it, what the operation answers.
    pub selection: Option<Arc<Wanted>>,
    /// How long the caller waits for durable calls before it gets a 202; the operation's own
    /// budget if absent.
    pub patience: Option<Duration>,
    /// Correlates log lines, events and calls that belong together.
    pub trace: Trace,
}

/// The inputs of a request, checked against the types already.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InputValues {
    /// One value for each parameter of the operation, in order: `None` where the request has no
    /// such property, `Some(Value::Null)` where it is `null`. A part is a list of records in the
    /// order of the parameter's record.
    pub values: Vec<Option<Value>>,
    /// What an update changes within values of `types`, by the position of the parameter, which has
    /// no value then.
    pub merges: BTreeMap<usize, Members>,
}

impl InputValues {
    /// Nothing but whole values.
    #[must_use]
    pub const fn of(values: Vec<Option<Value>>) -> Self {
        Self { values, merges: BTreeMap::new() }
    }
}

/// What is sent of the members of a value of `types`, in their order: what is absent stays
/// (RFC 7396).
pub type Members = Vec<Option<Member>>;

/// What becomes of one member.
#[derive(Clone, Debug, PartialEq)]
pub enum Member {
    /// This value.
    Value(Value),
    /// A value of `types` itself, of which some members change.
    Merge(Members),
}

/// What `If-Match` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// `*`: the row exists.
    Any,
    /// `"7"`: the row has this version.
    Version(i64),
}

/// Makes a request repeatable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// As the client sent it.
    pub key: String,
    /// SHA-256 of what was asked: address and body.
    pub body_hash: [u8; 32],
}

/// Which rows of a list.
#[derive(Clone, Debug, Default)]
pub struct PageRequest {
    /// Most rows.
    pub limit: u32,
    /// Only rows after this place in the order.
    pub after: Option<Cursor>,
    /// Positions in [`model::model::Operation::sort_orders`], each of another field; the first where
    /// there are none. Without any, rows near a point come nearest first, and others by id where the
    /// operation has no sort orders.
    pub sort: Vec<usize>,
    /// All must hold.
    pub filters: Vec<Filter>,
    /// Full-text search (`q`).
    pub search: Option<String>,
    /// Only rows near a point.
    pub near: Option<Near>,
    /// Whether the rows of all pages are counted.
    pub count: bool,
}

/// How many rows a list finds, on all of its pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// So many.
    Exact(u32),
    /// More than are counted: [`decide::filters::COUNTED`].
    More,
}

impl Count {
    /// The number, where it is known.
    #[must_use]
    pub const fn exact(self) -> Option<u32> {
        match self {
            Self::Exact(rows) => Some(rows),
            Self::More => None,
        }
    }
}

/// `near=lat,lon&within=5km`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// From where.
    pub point: Geo,
    /// Only this close, in metres.
    pub within: Option<f64>,
}

/// Who asks, as far as the protocol can know. Which row the caller is linked to is found in the
/// store, in the operation's own transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The kinds of actor that the verified token admits (authentication and role fit), with
    /// everyone's `auth: none` actors. The built-in `system` actor never comes from a protocol.
    pub actors: Vec<ActorId>,
    /// Who it proved to be.
    pub identity: Option<Identity>,
    /// The only operations that what it showed is good for (the scope of a token or key); all that
    /// its actors may do if absent.
    pub scope: Option<Arc<BTreeSet<OperationId>>>,
    /// What the request says about the tenant it is for.
    pub tenant: TenantHint,
}

impl Caller {
    /// Whether what was shown is good for an operation at all; what its actors may do is another
    /// question.
    #[must_use]
    pub fn reaches(&self, operation: OperationId) -> bool {
        self.scope.as_ref().is_none_or(|scope| scope.contains(&operation))
    }
}

/// What a request says about the tenant it is for. The model decides what counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantHint {
    /// The host that it was sent to: lower case, without port and trailing dot.
    pub host: Option<Arc<str>>,
    /// The verified claim `tenant` of its token, for callers that are no row.
    pub claim: Option<u128>,
    /// `X-Tenant-ID`, which nothing verifies: it counts for actors with `tenants: all`, and chooses
    /// among the tenants in which a caller has a row.
    pub asked: Option<u128>,
    /// Where to say which tenant it turned out to be.
    pub found: FoundTenant,
}

/// Where whoever works a request out tells whoever logs it which tenant it is for. It is no part of
/// what the request says: all are equal.
#[derive(Clone, Debug, Default)]
pub struct FoundTenant(Option<Arc<OnceLock<u128>>>);

impl PartialEq for FoundTenant {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for FoundTenant {}

impl FoundTenant {
    /// Somebody wants to know.
    #[must_use]
    pub fn wanted() -> Self {
        Self(Some(Arc::default()))
    }

    /// Says it; what was said first stays.
    pub fn tell(&self, tenant: u128) {
        if let Some(found) = &self.0 {
            let _ = found.set(tenant);
        }
    }

    /// What was said.
    #[must_use]
    pub fn get(&self) -> Option<u128> {
        self.0.as_ref().and_then(|found| found.get()).copied()
    }
}

/// A verified identity.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// Who vouches: the token's `iss`.
    pub issuer: Arc<str>,
    /// The token's `sub`.
    pub subject: Arc<str>,
    /// Verified contact claims by which a row can be linked at first sign-in (`login`): email
    /// addresses, phone numbers.
    pub logins: Vec<Arc<str>>,
    /// When it last proved who it is (a token's `auth_time`), in microseconds since the Unix epoch;
    /// absent where nobody says so.
    pub authenticated_at: Option<i64>,
    /// How well: authenticator assurance level 1, 2 or 3 (NIST SP 800-63B-4); absent where nobody
    /// says so.
    pub assurance: Option<u8>,
    /// Whether its rows were looked for by these logins already: where there is none, it is nobody.
    pub sought: bool,
}

/// Correlates what belongs together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The `traceparent` to hand on, if any.
    pub parent: Option<Arc<str>>,
    /// The `X-Correlation-ID`, if any.
    pub correlation: Option<Arc<str>>,
    /// Where the pieces of the request are written down, if anybody wants them.
    pub spans: Option<Spans>,
    /// Where the request comes from.
    pub address: Option<IpAddr>,
}

impl Trace {
    /// Begins a piece of the request, if anybody wants it.
    #[must_use]
    pub fn span(&self, name: &str, kind: SpanKind) -> Option<OpenSpan> {
        self.spans.as_ref().map(|spans| spans.begin(name, kind))
    }
}

/// What a request led to.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// HTTP status: 200, 201, 202, 204.
    pub status: u16,
    /// The row's version, unquoted.
    pub version: Option<i64>,
    /// Path of the row, where it was created (201) or is still being worked on (202).
    pub location: Option<String>,
    /// Id of the row that it is about, if it is about one.
    pub row: Option<u128>,
    /// The body.
    pub body: Body,
    /// Whether it repeats what an earlier request with the same `Idempotency-Key` got.
    pub replayed: bool,
    /// How long ago it was read from the store, where it was kept by a cache meanwhile.
    pub age: Option<Duration>,
}

impl Answer {
    /// Done (200), with this body and nothing else to say.
    #[must_use]
    pub const fn ok(body: Body) -> Self {
        Self {
            status: 200,
            version: None,
            location: None,
            row: None,
            body,
            replayed: false,
            age: None,
        }
    }
}

/// The body of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// None (204).
    Empty,
    /// A JSON object, written.
    Json(Vec<u8>),
    /// A page of a list.
    Page {
        /// A JSON array, written.
        items: Vec<u8>,
        /// Where to go on; `None` at the end.
        next: Option<Cursor>,
        /// How many rows there are, if that was asked for.
        count: Option<Count>,
    },
}
