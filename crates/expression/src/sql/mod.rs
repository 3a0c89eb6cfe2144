//! The SQL compiler: a condition over rows becomes a piece of SQL with parameters.

pub mod encoding;
pub mod json;
mod layout;
pub mod wide;

pub use encoding::{Encoding, SqlValue, encode};
pub use layout::{Layout, TableName};

use base::Span;

use crate::ir::{Expression, VariableIndex};
use crate::schema::{EntityId, Schema};

/// Which SQL is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// SQLite 3.38 or newer, with the functions of [`encoding`] registered.
    Sqlite,
    /// PostgreSQL 15 or newer.
    PostgreSql,
}

/// The row that a condition is about: a variable whose value is in a table of the statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRow {
    /// Usually `self`.
    pub variable: VariableIndex,
    /// Its entity.
    pub entity: EntityId,
    /// The alias of its table in the statement that the fragment goes into.
    pub alias: String,
}

/// How to compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The row of the statement. Every other variable becomes a parameter; all do if there is none.
    pub row: Option<TableRow>,
    /// The number of the first parameter, from 1: fragments of one statement follow each other.
    pub first_parameter: usize,
}

/// A value to bind: a part of the expression that needs no row, evaluated when the statement runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// What to evaluate.
    pub value: Expression,
    /// How its value is written.
    pub encoding: Encoding,
}

/// A piece of SQL. As a condition it is true, false, or null where evaluation would fail.
#[derive(Clone, Debug, PartialEq)]
pub struct Fragment {
    /// The text, in parentheses where that matters. Parameters are `?1` (SQLite) or `$1`
    /// (PostgreSQL, every one bound as text).
    pub sql: String,
    /// The parameters, in the order of their numbers.
    pub parameters: Vec<Parameter>,
}

/// Why an expression has no SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotTranslatable {
    /// The part of it.
    pub span: Span,
    /// Why, as a sentence without a period.
    pub why: String,
}

/// Compiles an expression (a condition, or a value such as a sort key).
///
/// # Errors
/// Where it, or a part of it that needs a row, has no SQL.
pub fn compile(
    expression: &Expression,
    dialect: Dialect,
    layout: &dyn Layout,
    options: &Options,
) -> Result<Fragment, NotTranslatable> {
    let _ = (dialect, layout, options);
    Err(NotTranslatable { span: expression.span, why: "expressions have no SQL yet".to_owned() })
}

/// Whether a condition over `self` has SQL in every dialect.
///
/// # Errors
/// The first part that has none.
pub fn translatable(expression: &Expression, schema: &Schema) -> Result<(), NotTranslatable> {
    let _ = (expression, schema);
    Ok(())
}
