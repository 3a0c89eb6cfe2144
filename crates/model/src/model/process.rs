//! What runs by itself or is kept up to date: views, flows, schedules.

use base::{Duration, Percentiles, Quantity, Span, Spanned};
use expression::{EntityId, FieldIndex, RecordId, ir::Expression, ir::VariableIndex};

use super::effect::{Callee, Fill};
use super::ids::{ContextId, EventId, OperationId};

/// A read model. Its rows are a record.
#[derive(Clone, Debug)]
pub struct View {
    /// Name, `lowerCamel`.
    pub name: Spanned<String>,
    /// The context that serves it.
    pub context: ContextId,
    /// Documentation.
    pub doc: Option<String>,
    /// What it is computed from.
    pub source: ViewSource,
    /// Which rows or events count: over `self` of an entity, `event` of an event.
    pub condition: Option<Expression>,
    /// What rows are grouped by.
    pub group: Vec<Expression>,
    /// `window`: how long, over which time. Readable as `window_start`.
    pub window: Option<(Quantity<Duration>, Expression)>,
    /// What identifies a row of the view, among the fields of its record.
    pub key: Vec<FieldIndex>,
    /// What it holds, in the order of the record's fields.
    pub fields: Vec<ViewField>,
    /// The type of its rows; `window_start` is the first field where there is a window.
    pub record: RecordId,
    /// How old it may be.
    pub stale: Option<Quantity<Duration>>,
    /// How long its rows are kept.
    pub retain: Option<Quantity<Duration>>,
}

/// What a view is computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewSource {
    /// The rows of an entity.
    Entity(EntityId),
    /// The events of a kind.
    Event(EventId),
}

/// A field of a view.
#[derive(Clone, Debug)]
pub struct ViewField {
    /// Name, `snake_case`.
    pub name: Spanned<String>,
    /// What is computed over a group first.
    pub aggregates: Vec<Aggregated>,
    /// The value, over the source and the aggregates.
    pub value: Expression,
}

/// A value computed over the rows or events of a group.
#[derive(Clone, Debug)]
pub struct Aggregated {
    /// The slot that holds it.
    pub variable: VariableIndex,
    /// How.
    pub aggregate: Aggregate,
    /// Of what, over the source; `None` for a plain `count()`.
    pub of: Option<Expression>,
}

/// How the values of a group become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// How many.
    Count,
    /// Their sum.
    Sum,
    /// Their mean.
    Average,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The latest.
    Last,
    /// The 95th percentile.
    P95,
}

/// A saga.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Name, `lowerCamel`.
    pub name: Spanned<String>,
    /// Documentation.
    pub doc: Option<String>,
    /// The event that starts it.
    pub after: EventId,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// What runs after everything was undone; the flow is stuck if absent.
    pub failed: Option<Invocation>,
    /// Objective.
    pub latency: Option<Quantity<Percentiles>>,
}

/// A step of a flow.
#[derive(Clone, Debug)]
pub struct Step {
    /// Name, `snake_case`.
    pub name: Spanned<String>,
    /// What it does.
    pub kind: StepKind,
    /// Only if this holds; the result is null otherwise.
    pub when: Option<Expression>,
    /// Once for each item, seen as `each`; the result is the list of results.
    pub each: Option<Expression>,
    /// The slot that holds the result.
    pub variable: VariableIndex,
    /// Reverses it; sees `result`.
    pub undo: Option<Invocation>,
    /// Whether it is the pivot: once it succeeds there is no way back.
    pub pivot: bool,
    /// How long it may take.
    pub timeout: Option<Quantity<Duration>>,
    /// Where it was written.
    pub span: Span,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// Calls.
    Call(Invocation),
    /// Waits for an event whose payload fields have these values.
    Wait {
        /// The event.
        event: EventId,
        /// `match`.
        matches: Vec<(FieldIndex, Fill)>,
        /// What is called when the event comes after the timeout.
        late: Option<Invocation>,
    },
}

/// A call made by the runtime as `system`, with every value filled in.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// What is called.
    pub callee: Callee,
    /// The row it acts on, for operations addressed by id or key.
    pub target: Option<Fill>,
    /// A value for each field of the callee's input record, in order.
    pub arguments: Vec<Fill>,
    /// Where it was written.
    pub span: Span,
}

/// Something that happens by the clock.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Name, `lowerCamel`.
    pub name: Spanned<String>,
    /// Documentation.
    pub doc: Option<String>,
    /// When.
    pub timing: Timing,
    /// Once for each row of this entity, seen as `self`.
    pub entity: Option<EntityId>,
    /// Only for rows for which this holds.
    pub condition: Option<Expression>,
    /// What is called.
    pub call: Invocation,
    /// How late it may be.
    pub within: Option<Quantity<Duration>>,
}

/// When a schedule runs.
#[derive(Clone, Debug)]
pub enum Timing {
    /// Again and again.
    Every(Every),
    /// Once, at a time that moves with the row.
    At(Expression),
}

/// How often, and when in the system's time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Every {
    /// The period; `None` for a calendar month, on its first day.
    pub period: Option<Duration>,
    /// Minutes after midnight.
    pub at: Option<u16>,
}

impl Invocation {
    /// The operation of the model that it calls, if it calls no external.
    #[must_use]
    pub const fn operation(&self) -> Option<OperationId> {
        match self.callee {
            Callee::Operation(operation) => Some(operation),
            Callee::External(..) => None,
        }
    }
}
