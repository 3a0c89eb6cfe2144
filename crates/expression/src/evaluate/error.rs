//! What can go wrong while evaluating a checked expression.

use base::Span;

use crate::schema::EntityId;

/// Why there is no value. In `by` and `where` it denies, elsewhere it is a 422.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvaluationError {
    /// A row must be loaded first; then evaluate again.
    NeedsRow {
        /// Its entity.
        entity: EntityId,
        /// Its id.
        id: u128,
    },
    /// Only the store can tell; see [`crate::Rows::query`].
    NeedsQuery {
        /// The comprehension over rows.
        span: Span,
    },
    /// Something that has no result: division by zero, two currencies.
    Failed {
        /// Stable code, kebab-case: `division-by-zero`, `currency-mismatch`, `overflow`,
        /// `missing-value`, `out-of-range`.
        code: &'static str,
        /// Where in the model.
        span: Span,
    },
}

impl EvaluationError {
    pub(crate) const fn failed(code: &'static str, span: Span) -> Self {
        Self::Failed { code, span }
    }
}

impl std::fmt::Display for EvaluationError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NeedsRow { .. } => f.write_str("a row is not loaded"),
            Self::NeedsQuery { .. } => f.write_str("only the store can tell"),
            Self::Failed { code, .. } => f.write_str(code),
        }
    }
}

impl std::error::Error for EvaluationError {}
