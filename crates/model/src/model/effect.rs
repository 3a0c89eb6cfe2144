//! Effects: what an operation does, step by step, with every value already filled in.

use base::{Span, Spanned};
use expression::{
    EntityId, FieldIndex, PartId, Value,
    ir::{Expression, VariableIndex},
};

use super::ids::{EventId, ExternalId, OperationId};

/// One step of `do`.
#[derive(Clone, Debug)]
pub struct Effect {
    /// Only if this holds.
    pub when: Option<Expression>,
    /// Once for each item.
    pub each: Option<Each>,
    /// What it does.
    pub kind: EffectKind,
    /// Where it was written.
    pub span: Span,
}

/// `each: x in EXPR`.
#[derive(Clone, Debug)]
pub struct Each {
    /// The slot of `x`.
    pub variable: VariableIndex,
    /// The list.
    pub range: Expression,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum EffectKind {
    /// Refuses with a code (422) unless the condition holds.
    Require {
        /// The condition.
        condition: Expression,
        /// The code.
        otherwise: Spanned<String>,
    },
    /// Assigns, in order; each value sees the assignments above it.
    Set(Vec<Assignment>),
    /// Moves to a state; 409 `invalid-state` where that is not allowed from the present one.
    Move {
        /// The new state.
        state: Spanned<String>,
    },
    /// Another row of the same context.
    Create {
        /// The entity.
        entity: EntityId,
        /// Value for each field that is set, in field order.
        fields: Vec<(FieldIndex, Fill)>,
        /// Rows for each part that is set.
        parts: Vec<(u16, Fill)>,
        /// The slot that holds the new row.
        variable: Option<VariableIndex>,
    },
    /// Removes the row that the path leads to.
    Delete {
        /// A value of reference type.
        row: Expression,
    },
    /// A person's request for erasure.
    Erase {
        /// The person.
        person: Expression,
    },
    /// Writes an event to the outbox.
    Emit {
        /// The event.
        event: EventId,
        /// A value for each field of its payload, in order.
        payload: Vec<Fill>,
    },
    /// Calls an external, or an operation.
    Call(Box<Call>),
}

/// `path: EXPR` of `set`.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// What is assigned.
    pub path: SetPath,
    /// The value; for part fields evaluated for each row, seen as `each`.
    pub value: Fill,
    /// Where it was written.
    pub span: Span,
}

/// What `set` can assign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetPath {
    /// A field of `self`.
    Field(FieldIndex),
    /// A field of the row that a reference of `self` leads to, in the same context.
    Through {
        /// The reference.
        reference: FieldIndex,
        /// The field of the row it leads to.
        field: FieldIndex,
    },
    /// A field of every row of a part.
    PartField {
        /// The part.
        part: PartId,
        /// The field.
        field: FieldIndex,
    },
    /// All rows of a part.
    Part(PartId),
}

/// Where a value comes from after the filling rule was applied.
#[derive(Clone, Debug)]
pub enum Fill {
    /// An expression, written or found by name and type.
    Expression(Expression),
    /// The row with this unique key: `item: { product: each.product }`. No such row: 422.
    Lookup {
        /// The entity.
        entity: EntityId,
        /// Its key fields with their values.
        by: Vec<(FieldIndex, Self)>,
        /// Where it was written.
        span: Span,
    },
    /// A `types` value or part row: one fill per field, in order.
    Record(Vec<Self>),
    /// A YAML list.
    List(Vec<Self>),
    /// A constant: a default, null for an unfilled optional, an empty list, `json`.
    Constant(Value),
    /// The time of the transaction.
    Now,
}

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    /// An operation of an external, by position there.
    External(ExternalId, u16),
    /// An operation of this or another context.
    Operation(OperationId),
}

/// A call.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is called.
    pub callee: Callee,
    /// The row it acts on, for operations addressed by id or key.
    pub target: Option<Fill>,
    /// A value for each field of the callee's input record, in order.
    pub arguments: Vec<Fill>,
    /// Whether the caller's own context is called: then it runs inline in the transaction.
    pub inline: bool,
    /// A `safe` external lookup: made before the transaction opens.
    pub safe: bool,
    /// The slot that holds the result.
    pub variable: Option<VariableIndex>,
    /// Code answered on refusal (422).
    pub otherwise: Option<Spanned<String>>,
    /// Run on refusal; they end the effects.
    pub refused: Vec<Effect>,
    /// Run when the callee cannot be reached or the budget is spent; they end the effects. `None`
    /// where the model states none.
    pub fallback: Option<Vec<Effect>>,
}
