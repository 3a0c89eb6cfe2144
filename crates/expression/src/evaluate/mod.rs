//! The evaluator: pure, without I/O, never panicking. Rows that references lead to are asked for;
//! where one is not loaded, evaluation stops and says which.
//!
//! Errors are absorbed as in CEL, and as null is in SQL: `false && error` is false, `true || error`
//! is true, whichever side the error is on.

mod compare;
mod environment;
mod error;
mod function;
mod list;
mod number;

use std::sync::Arc;

pub use environment::{Environment, Lookup, NoRows, Rows};
pub use error::EvaluationError;
pub(crate) use function::EARTH_RADIUS;
pub use function::distance;
pub(crate) use number::{round, to_float};

use crate::ir::{Binary, Comprehension, Expression, Function, Kind, VariableIndex};
use crate::schema::{EntityId, FieldIndex, PartId};
use crate::types::Type;
use crate::value::{Row, Value};

type Result<T> = std::result::Result<T, EvaluationError>;

/// The value of an expression.
///
/// # Errors
/// See [`EvaluationError`].
pub fn evaluate(expression: &Expression, environment: &Environment<'_>) -> Result<Value> {
    Evaluator { environment, frame: None }.value(expression)
}

/// Whether a condition holds.
///
/// # Errors
/// See [`EvaluationError`].
pub fn holds(condition: &Expression, environment: &Environment<'_>) -> Result<bool> {
    Evaluator { environment, frame: None }.truth(condition)
}

/// The id of a row: of a loaded row, or the id itself.
#[must_use]
pub fn row_id(value: &Value) -> Option<u128> {
    match value {
        Value::Uuid(id) => Some(*id),
        Value::Row(row) => match row.fields.first() {
            Some(Value::Uuid(id)) => Some(*id),
            _ => None,
        },
        _ => None,
    }
}

/// The variable of a comprehension while its body is evaluated.
struct Frame<'f> {
    variable: VariableIndex,
    value: &'f Value,
    outer: Option<&'f Self>,
}

#[derive(Clone, Copy)]
struct Evaluator<'e> {
    environment: &'e Environment<'e>,
    frame: Option<&'e Frame<'e>>,
}

impl<'e> Evaluator<'e> {
    fn value(&self, expression: &Expression) -> Result<Value> {
        match &expression.kind {
            Kind::Literal(value) => Ok(value.clone()),
            Kind::Variable(variable) => Ok(self.variable(*variable).clone()),
            Kind::Field { of, field } => self.field(of, *field),
            Kind::PartRows { of, part } => self.part(of, *part),
            Kind::Not(inner) => Ok(Value::Bool(!self.truth(inner)?)),
            Kind::Negate(inner) => number::negate(&self.present(inner)?, expression.span),
            Kind::Binary(operator, left, right) => self.binary(*operator, left, right, expression),
            Kind::Conditional(condition, then, otherwise) => {
                self.value(if self.truth(condition)? { then } else { otherwise })
            }
            Kind::Call(function, arguments) => self.call(*function, arguments, expression),
            Kind::Comprehend {
                what: what @ (Comprehension::All | Comprehension::Exists | Comprehension::ExistsOne),
                range,
                variable,
                body,
            } => {
                if range.ranges_over_rows() {
                    return self.query(expression);
                }
                Ok(Value::Bool(self.quantifier(*what, range, *variable, body)?))
            }
            Kind::List(_) | Kind::Comprehend { .. } | Kind::EntityRows(_) => {
                self.collect(expression)
            }
        }
    }

    fn variable(&self, variable: VariableIndex) -> &'e Value {
        let mut frame = self.frame;
        while let Some(at) = frame {
            if at.variable == variable {
                return at.value;
            }
            frame = at.outer;
        }
        self.environment.get(variable)
    }

    /// A value that the checker has proven not to be null. It can be missing all the same: a
    /// reference whose row is gone.
    fn present(&self, expression: &Expression) -> Result<Value> {
        let value = self.value(expression)?;
        if value.is_null() {
            return Err(EvaluationError::failed("missing-value", expression.span));
        }
        Ok(value)
    }

    fn truth(&self, condition: &Expression) -> Result<bool> {
        match self.value(condition)? {
            Value::Bool(truth) => Ok(truth),
            _ => Err(EvaluationError::failed("missing-value", condition.span)),
        }
    }

    fn binary(
        &self,
        operator: Binary,
        left: &Expression,
        right: &Expression,
        whole: &Expression,
    ) -> Result<Value> {
        let truth = match operator {
            Binary::And => self.logic(left, right, false)?,
            Binary::Or => self.logic(left, right, true)?,
            Binary::Equal => self.equal(left, right)?,
            Binary::NotEqual => !self.equal(left, right)?,
            Binary::Less | Binary::LessOrEqual | Binary::Greater | Binary::GreaterOrEqual => {
                let (a, b) = (self.present(left)?, self.present(right)?);
                compare::ordered(operator, &a, &b, whole.span)?
            }
            Binary::In => {
                let item = self.present(left)?;
                self.contains(right, &item)?
            }
            _ => {
                let (a, b) = (self.present(left)?, self.present(right)?);
                return number::arithmetic(operator, &a, &b, whole);
            }
        };
        Ok(Value::Bool(truth))
    }

    /// `&&` and `||`: one operand that decides is enough, even if the other fails.
    fn logic(&self, left: &Expression, right: &Expression, decides: bool) -> Result<bool> {
        let first = self.truth(left);
        match first {
            Ok(truth) if truth == decides => Ok(decides),
            Ok(_) => self.truth(right),
            Err(error @ EvaluationError::Failed { .. }) => match self.truth(right)? {
                truth if truth == decides => Ok(decides),
                _ => Err(error),
            },
            Err(needs) => Err(needs),
        }
    }

    fn equal(&self, left: &Expression, right: &Expression) -> Result<bool> {
        let (a, b) = (self.operand(left)?, self.operand(right)?);
        Ok(compare::equal(&a, &b))
    }

    /// An operand of an equality: null only where its type says so. That keeps a caller without a
    /// row from being equal to an owner who is not set.
    fn operand(&self, expression: &Expression) -> Result<Value> {
        if expression.ty.is_optional() { self.value(expression) } else { self.present(expression) }
    }

    fn field(&self, of: &Expression, field: FieldIndex) -> Result<Value> {
        let at = usize::from(field.0);
        let read = |fields: &[Value]| fields.get(at).cloned().unwrap_or_default();
        let owned;
        let value = if let Kind::Variable(variable) = &of.kind {
            self.variable(*variable)
        } else {
            owned = self.value(of)?;
            &owned
        };
        match value {
            Value::Row(row) => Ok(read(&row.fields)),
            Value::Record(fields) => Ok(read(fields)),
            Value::Uuid(id) => {
                let Type::Reference(entity) = of.ty.required() else { return Ok(Value::Null) };
                Ok(self.load(*entity, *id)?.map_or(Value::Null, |row| read(&row.fields)))
            }
            _ => Ok(Value::Null),
        }
    }

    /// The row of an id; `None` if there is none.
    fn load(&self, entity: EntityId, id: u128) -> Result<Option<Arc<Row>>> {
        match self.environment.rows.row(entity, id) {
            Lookup::Loaded(row) => Ok(Some(row)),
            Lookup::Absent => Ok(None),
            Lookup::NotLoaded => Err(EvaluationError::NeedsRow { entity, id }),
        }
    }

    /// The row that a reference is or leads to.
    fn row(&self, reference: &Expression) -> Result<Option<Arc<Row>>> {
        match self.value(reference)? {
            Value::Row(row) => Ok(Some(row)),
            Value::Uuid(id) => {
                let Type::Reference(entity) = reference.ty.required() else { return Ok(None) };
                self.load(*entity, id)
            }
            _ => Ok(None),
        }
    }

    fn part(&self, of: &Expression, part: PartId) -> Result<Value> {
        let Some(row) = self.row(of)? else {
            return Err(EvaluationError::failed("missing-value", of.span));
        };
        let rows = row.parts.get(usize::from(part.index)).map_or(&[][..], Vec::as_slice);
        let mut records = rows.iter().map(|row| Value::Record(row.clone()));
        if self.environment.schema.part(part).one {
            return Ok(records.next().unwrap_or_default());
        }
        Ok(Value::List(records.collect()))
    }

    /// Asks the store about rows of an entity.
    fn query(&self, query: &Expression) -> Result<Value> {
        if self.frame.is_none() {
            return self.environment.rows.query(query, self.environment);
        }
        let mut environment = self.environment.clone();
        let mut frames = Vec::new();
        let mut frame = self.frame;
        while let Some(at) = frame {
            frames.push(at);
            frame = at.outer;
        }
        for frame in frames.into_iter().rev() {
            environment.set(frame.variable, frame.value.clone());
        }
        self.environment.rows.query(query, &environment)
    }

    fn call(
        &self,
        function: Function,
        arguments: &[Expression],
        whole: &Expression,
    ) -> Result<Value> {
        let Some(first) = arguments.first() else {
            return Err(EvaluationError::failed("missing-value", whole.span));
        };
        match function {
            Function::Size if first.ranges_over_rows() => self.query(whole),
            Function::Size if matches!(first.ty.required(), Type::List { .. }) => self.size(first),
            Function::Sum => self.sum(first, whole),
            Function::Min => self.extreme(first, std::cmp::Ordering::Less),
            Function::Max => self.extreme(first, std::cmp::Ordering::Greater),
            Function::Distinct => self.collect(whole),
            Function::Item => {
                let index = arguments.get(1).map(|index| self.present(index)).transpose()?;
                self.item(first, index.as_ref(), whole.span)
            }
            _ => {
                let second = arguments.get(1).map(|second| self.present(second)).transpose()?;
                let first = self.present(first)?;
                function::call(function, &first, second.as_ref(), whole, self.environment.schema)
            }
        }
    }
}
