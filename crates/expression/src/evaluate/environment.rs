//! What evaluation sees: the values of variables, and a way to rows that references lead to.

use std::sync::Arc;

use crate::evaluate::EvaluationError;
use crate::ir::{Expression, VariableIndex};
use crate::schema::{EntityId, Schema};
use crate::value::{Row, Value};

/// What became of looking a row up.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// Here it is.
    Loaded(Arc<Row>),
    /// There is no such row: its fields read as null, and using one is an error.
    Absent,
    /// Not known yet: evaluation stops with [`EvaluationError::NeedsRow`], to be repeated when the
    /// row was loaded.
    NotLoaded,
}

/// The rows that evaluation may ask for. Soft-deleted rows are found as well: what refers to them
/// still reads them.
pub trait Rows {
    /// The row that a reference leads to.
    fn row(&self, entity: EntityId, id: u128) -> Lookup;

    /// The value of a comprehension over all rows of an entity (`Membership.exists(m, ...)`), which
    /// only the store can tell: compile `query` with every variable bound
    /// ([`crate::sql::Options::row`] is none) and run it.
    ///
    /// # Errors
    /// [`EvaluationError::NeedsQuery`] where there is no store at hand.
    fn query(
        &self,
        query: &Expression,
        environment: &Environment<'_>,
    ) -> Result<Value, EvaluationError> {
        let _ = environment;
        Err(EvaluationError::NeedsQuery { span: query.span })
    }
}

/// No rows but those that variables hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoRows;

impl Rows for NoRows {
    fn row(&self, _: EntityId, _: u128) -> Lookup {
        Lookup::NotLoaded
    }
}

/// What evaluation sees.
#[derive(Clone)]
pub struct Environment<'a> {
    /// The shapes; currency and time zone of the system.
    pub schema: &'a Schema,
    /// The rows that references lead to.
    pub rows: &'a dyn Rows,
    slots: Vec<Value>,
}

impl<'a> Environment<'a> {
    /// No variable has a value yet: all are null.
    #[must_use]
    pub const fn new(schema: &'a Schema, rows: &'a dyn Rows) -> Self {
        Self { schema, rows, slots: Vec::new() }
    }

    /// Gives a variable its value.
    pub fn set(&mut self, variable: VariableIndex, value: Value) -> &mut Self {
        let at = usize::from(variable.0);
        if self.slots.len() <= at {
            self.slots.resize(at + 1, Value::Null);
        }
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = value;
        }
        self
    }

    /// The value of a variable; null if it was never set.
    #[must_use]
    pub fn get(&self, variable: VariableIndex) -> &Value {
        self.slots.get(usize::from(variable.0)).unwrap_or(&Value::Null)
    }
}
