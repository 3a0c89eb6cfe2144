//! The design: one typed value that emitters, checks, simulation and the runtime read.

use std::sync::Arc;

use base::Provenance;
use expression::{EntityId, FieldIndex, ir::Expression};
use model::{
    Model,
    model::{ActorId, OperationId},
};

use crate::catalogue;
use crate::facts::Facts;
use crate::flips::Flips;
use crate::lock::Lock;
use crate::numbers::Numbers;
use crate::sizing::Sizing;

/// Everything that was decided about a model.
#[derive(Clone, Debug)]
pub struct Design {
    /// The model it was decided from.
    pub model: Arc<Model>,
    /// What was assumed where it states nothing.
    pub numbers: Numbers,
    /// Verdicts, in the order of the catalogue, then of their subjects.
    pub verdicts: Vec<Verdict>,
    /// Decisions that were accepted before, where there are some.
    pub lock: Option<Arc<Lock>>,
    /// What would be decided otherwise if one number were different; empty until somebody asks.
    pub flips: Flips,
    /// The table of each entity; positions are [`EntityId`]s.
    pub tables: Vec<Table>,
    /// The REST route of each operation that has a public one; positions are [`OperationId`]s.
    pub routes: Vec<Option<Route>>,
    /// How much is needed of everything, and what it costs.
    pub sizing: Sizing,
}

/// One decision with its reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Family, for example `store`.
    pub family: &'static str,
    /// What it is about, for example `catalog`; `system` for the whole.
    pub subject: String,
    /// The option chosen, kebab-case.
    pub choice: &'static str,
    /// Its details, by name.
    pub parameters: Vec<(String, String)>,
    /// Whether the runtime can run it.
    pub runnable: bool,
    /// The facts that weighed.
    pub drivers: Vec<Driver>,
    /// The options not taken.
    pub rejected: Vec<Rejected>,
    /// Who says so; `house` where the rule is ours.
    pub source: &'static str,
    /// Complexity points that it costs.
    pub price: u32,
    /// Set where the model took the decision itself: its reason.
    pub overridden: Option<String>,
}

/// A fact that weighed in a decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Driver {
    /// The fact as people read it, for example `browseProducts: 300/s peak 1200/s`.
    pub fact: String,
    /// Where it comes from.
    pub provenance: Provenance,
    /// How it weighed.
    pub weight: String,
}

/// An option that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The option, kebab-case.
    pub option: &'static str,
    /// Why not.
    pub reason: String,
}

impl Verdict {
    /// `family.subject`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}.{}", self.family, self.subject)
    }
}

/// The table of an entity, with one for each of its parts.
#[derive(Clone, Debug)]
pub struct Table {
    /// The entity.
    pub entity: EntityId,
    /// Schema: the context in `snake_case`. SQLite has no schemas: there the table's name is
    /// `schema_name`.
    pub schema: String,
    /// Name: the plural in `snake_case`.
    pub name: String,
    /// Base name of the column (or columns) of each field, in field order.
    pub columns: Vec<String>,
    /// Tables of the parts, in part order. Each has `owner_id` and `position` besides its columns.
    pub parts: Vec<PartTable>,
    /// Indexes, those behind unique keys included.
    pub indexes: Vec<Index>,
    /// Fields with full-text search, in order; empty where there is none.
    pub search: Vec<FieldIndex>,
}

/// The table of a part.
#[derive(Clone, Debug)]
pub struct PartTable {
    /// Name, for example `orders_lines`.
    pub name: String,
    /// Base name of the column (or columns) of each field, in field order.
    pub columns: Vec<String>,
    /// Indexes over its fields: what foreign keys need.
    pub indexes: Vec<Index>,
}

/// An index over columns of an entity's or part's table.
#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    /// Name, unique in its schema, and on SQLite in the whole database.
    pub name: String,
    /// Fields in order, `true` where descending.
    pub fields: Vec<(FieldIndex, bool)>,
    /// The code (409) of the unique key it stands for.
    pub unique: Option<String>,
    /// Only rows for which this holds, over `self`; besides `deleted_at IS NULL`.
    pub condition: Option<Expression>,
    /// Only rows that are not soft-deleted.
    pub live_only: bool,
    /// What needs it: operations by qualified name, `foreign key FIELD`, or `unique key CODE`.
    pub because: Vec<String>,
}

/// HTTP methods that routes use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates and acts.
    Post,
    /// Upserts.
    Put,
    /// Updates.
    Patch,
    /// Deletes.
    Delete,
}

impl Method {
    /// As HTTP writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A piece of a route's path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// Literal text.
    Literal(String),
    /// `{id}`, or `{value}` of a key.
    Parameter(String),
}

/// Where an operation is served.
#[derive(Clone, Debug)]
pub struct Route {
    /// The operation.
    pub operation: OperationId,
    /// Method.
    pub method: Method,
    /// Path, for example `/ordering/v1/orders/{id}/cancel-order`.
    pub segments: Vec<Segment>,
    /// Whether the `Idempotency-Key` header is required.
    pub idempotency_key: bool,
    /// Whether `If-Match` is required.
    pub if_match: bool,
    /// Status of success.
    pub success: u16,
    /// Actors it admits.
    pub actors: Vec<ActorId>,
    /// Why the runtime answers 501 here, where it does; contracts leave such routes out.
    pub not_served: Option<&'static str>,
}

impl Route {
    /// The path with parameters in braces, as OpenAPI and axum write it.
    #[must_use]
    pub fn path(&self) -> String {
        let piece = |segment: &Segment| match segment {
            Segment::Literal(text) => format!("/{text}"),
            Segment::Parameter(name) => format!("/{{{name}}}"),
        };
        self.segments.iter().map(piece).collect()
    }
}

impl Design {
    /// The verdict of a family about a subject, if it arises.
    #[must_use]
    pub fn verdict(&self, family: &str, subject: &str) -> Option<&Verdict> {
        let wanted = catalogue::position(family);
        let found = self.verdicts.binary_search_by(|of| match of.family == family {
            true => of.subject.as_str().cmp(subject),
            false => catalogue::position(of.family).cmp(&wanted),
        });
        found.ok().and_then(|at| self.verdicts.get(at))
    }

    /// The model with the numbers that complete it.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        Facts { model: &self.model, numbers: &self.numbers }
    }

    /// The table of an entity.
    #[must_use]
    pub fn table(&self, entity: EntityId) -> &Table {
        &self.tables[entity.0 as usize]
    }

    /// The route of an operation, if it has a public one.
    #[must_use]
    pub fn route(&self, operation: OperationId) -> Option<&Route> {
        self.routes.get(operation.0 as usize).and_then(Option::as_ref)
    }
}
