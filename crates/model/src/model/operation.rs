//! Operations: what may be asked, by whom, and what it does.

use base::{Bytes, Duration, Percentiles, Quantity, Rate, Span, Spanned};
use expression::{EntityId, FieldIndex, RecordId, Type, ir::Expression};

use super::effect::Effect;
use super::entity::{Default, Modifiers};
use super::ids::{ActorId, ContextId, ViewId};
use super::system::Needs;

/// The kinds of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OperationKind {
    /// Many rows, a page at a time.
    List,
    /// One row.
    Get,
    /// A new row.
    Create,
    /// Assigns inputs to a row; with `upsert`, creates it if absent.
    Update,
    /// Removes a row.
    Delete,
    /// Does something to a row.
    Act,
    /// Follows rows as they change.
    Stream,
}

impl OperationKind {
    /// The kind as the language writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Get => "get",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Act => "act",
            Self::Stream => "stream",
        }
    }
}

/// What an operation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Rows of an entity.
    Entity(EntityId),
    /// Rows of a view.
    View(ViewId),
    /// `Entity.history`.
    History(EntityId),
    /// `Entity.audit`.
    Audit(EntityId),
}

/// How a single row is named in the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressed {
    /// Not at all: `list`, `create`, `stream`.
    Collection,
    /// By `id`.
    Id,
    /// By a unique field: `upsert` and keyed `get`.
    Key(FieldIndex),
}

/// Who may do it, and under which condition. One true grant suffices.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The actor.
    pub actor: ActorId,
    /// Over `self`, `actor`, `tenant`, `now`; always true if absent.
    pub condition: Option<Expression>,
    /// Where it was written.
    pub span: Span,
}

/// Where an input goes before `do` runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assigns {
    /// Nowhere: a parameter of the map form.
    Nothing,
    /// A field of the target.
    Field(FieldIndex),
    /// A part of the target: the input is a list of records (an optional record for `one`) whose
    /// fields, in order, go to these fields of the part.
    Part(u16, Vec<FieldIndex>),
}

/// One named input.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Name, `snake_case`; same position in the record of the input.
    pub name: Spanned<String>,
    /// Type of a value that is present; for a part, a list of records. In the record of the input
    /// the type is optional as well where the value may be absent and nothing stands in for it.
    pub ty: Type,
    /// Whether the request must hold it: no default, not optional, and not an `update` (there,
    /// what is absent stays as it is).
    pub required: bool,
    /// What it is when absent.
    pub default: Option<Default>,
    /// Marks of the field it is assigned to (secret, pii).
    pub modifiers: Modifiers,
    /// Where it goes.
    pub assigns: Assigns,
}

/// All inputs of an operation.
#[derive(Clone, Debug)]
pub struct Input {
    /// The type of `input` in expressions; an empty record where there is none.
    pub record: RecordId,
    /// The inputs, in the order of the record's fields.
    pub parameters: Vec<Parameter>,
}

/// One returned property.
#[derive(Clone, Debug)]
pub struct OutputField {
    /// Property name.
    pub name: String,
    /// What it holds.
    pub value: OutputValue,
}

/// Where a returned property comes from.
#[derive(Clone, Debug)]
pub enum OutputValue {
    /// A field.
    Field(FieldIndex),
    /// A part, with the returned fields of each of its rows.
    Part(u16, Vec<FieldIndex>),
    /// Computed from `self` and `actor`.
    Expression(Expression),
}

/// A sort order that clients may choose; the first is the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The field.
    pub field: FieldIndex,
    /// `-field` in the model.
    pub descending: bool,
}

/// The numbers that say how an operation is used.
#[derive(Clone, Debug, std::default::Default)]
pub struct Workload {
    /// Requests; of `stream`s, see `open_streams`.
    pub rate: Option<Quantity<Rate>>,
    /// Streams held open at once.
    pub open_streams: Option<Quantity<f64>>,
    /// Messages per second to each open stream (`x rate`).
    pub rate_per_stream: Option<Quantity<Rate>>,
    /// Receivers per message (`fan-out`).
    pub fan_out: Option<Quantity<f64>>,
    /// Objective; the nearest `needs.latency` if absent.
    pub latency: Option<Quantity<Percentiles>>,
    /// How old an answer may be.
    pub stale: Option<Quantity<Duration>>,
    /// Size of a request or answer.
    pub payload: Option<Quantity<Bytes>>,
    /// Rows of a usual page.
    pub page: Option<Quantity<u32>>,
    /// Mean number of items of a batch.
    pub batch_mean: Option<Quantity<f64>>,
    /// `critical: true`.
    pub critical: bool,
}

/// An operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Name, `lowerCamel`.
    pub name: Spanned<String>,
    /// The context that serves it.
    pub context: ContextId,
    /// Documentation.
    pub doc: Option<String>,
    /// What kind it is.
    pub kind: OperationKind,
    /// What it is about.
    pub target: Target,
    /// How its row is addressed.
    pub addressed: Addressed,
    /// `upsert`: created if absent.
    pub upsert: bool,
    /// Who may do it.
    pub by: Vec<Grant>,
    /// A further filter for everyone; it never authorises.
    pub condition: Option<Expression>,
    /// Inputs.
    pub input: Input,
    /// What is returned, in order; defaults already applied.
    pub fields: Vec<OutputField>,
    /// Fields that clients may filter by.
    pub filter: Vec<FieldIndex>,
    /// Sort orders that clients may choose.
    pub sort: Vec<Sort>,
    /// Whether `q` searches.
    pub search: bool,
    /// The `geo` field of `near`.
    pub near: Option<FieldIndex>,
    /// Fields of other contexts that expressions read: entity, field, how old it may be.
    pub uses: Vec<(EntityId, FieldIndex, Option<Duration>)>,
    /// `batch: a..b`.
    pub batch: Option<(u32, u32)>,
    /// `route`.
    pub route: Option<String>,
    /// `async: true`.
    pub asynchronous: bool,
    /// `reauth`.
    pub reauthenticate: Option<Duration>,
    /// `accepts` of a two-way stream, as operation names.
    pub accepts: Vec<Spanned<String>>,
    /// What it does, in order.
    pub effects: Vec<Effect>,
    /// Numbers.
    pub workload: Workload,
    /// Needs of its own.
    pub needs: Needs,
}

impl Operation {
    /// The entity it is about, if it is not about a view.
    #[must_use]
    pub const fn entity(&self) -> Option<EntityId> {
        match self.target {
            Target::Entity(entity) | Target::History(entity) | Target::Audit(entity) => {
                Some(entity)
            }
            Target::View(_) => None,
        }
    }

    /// The sort orders that clients may choose, the default first: those of the model, then each
    /// the other way round (`-field`) unless the model lists that itself.
    #[must_use]
    pub fn sort_orders(&self) -> Vec<Sort> {
        let reversed = self.sort.iter().map(|sort| Sort { descending: !sort.descending, ..*sort });
        let other = reversed.filter(|sort| !self.sort.contains(sort));
        self.sort.iter().copied().chain(other).collect()
    }

    /// Whether it writes.
    #[must_use]
    pub const fn writes(&self) -> bool {
        matches!(
            self.kind,
            OperationKind::Create
                | OperationKind::Update
                | OperationKind::Delete
                | OperationKind::Act
        )
    }
}
