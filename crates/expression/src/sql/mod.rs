//! The SQL compiler: a condition over rows becomes a piece of SQL with parameters.
//!
//! Everything that needs no row (over `actor`, `input`, `tenant`, `now`) becomes one parameter.
//! Logic is two-valued: `==` treats null as a value. What would be an evaluation error is SQL's
//! NULL, which logic absorbs as the evaluator does and a `WHERE` denies.

mod aggregate;
mod bind;
mod compile;
pub mod encoding;
mod equality;
mod failing;
pub mod json;
mod layout;
mod number;
mod path;
mod scalar;
pub mod wide;

pub use encoding::{Encoding, SqlValue, encode, encode_postgresql};
pub use layout::{Layout, TableName, quote};
pub use scalar::postgresql_distance;

use base::Span;

use crate::ir::{Expression, Kind, VariableIndex};
use crate::schema::{EntityId, Schema};
use crate::types::Type;
use compile::Compiler;
use layout::Nominal;

/// The function that SQLite must offer for `distance`: latitude and longitude of two places, in
/// degrees; metres ([`crate::distance`]).
pub const DISTANCE: &str = "firm_distance";

/// Which SQL is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// SQLite 3.41 or newer, with [`DISTANCE`] and the functions of [`wide`] registered.
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
    /// (PostgreSQL, every one bound as text). One parameter may occur several times.
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

/// Compiles an expression: a condition, or a value such as a sort key. A number comes as stored
/// (SQLite: times 10^scale), money as its amount.
///
/// # Errors
/// Where it, or a part of it that needs a row, has no SQL.
pub fn compile(
    expression: &Expression,
    dialect: Dialect,
    layout: &dyn Layout,
    options: &Options,
) -> Result<Fragment, NotTranslatable> {
    let mut compiler = Compiler::new(dialect, layout, options);
    let sql = compiler.top(expression)?;
    Ok(Fragment { sql, parameters: compiler.parameters })
}

/// Whether a condition over `self` has SQL in every dialect. Conditions over the rows of a view
/// are left to its own rules.
///
/// # Errors
/// The first part that has none.
pub fn translatable(expression: &Expression, schema: &Schema) -> Result<(), NotTranslatable> {
    let entity = match type_of_self(expression) {
        Some(Type::Reference(entity)) => Some(*entity),
        Some(_) => return Ok(()),
        None => None,
    };
    let row = entity.map(|entity| TableRow {
        variable: VariableIndex::SELF,
        entity,
        alias: "t".to_owned(),
    });
    let options = Options { row, first_parameter: 1 };
    for dialect in [Dialect::Sqlite, Dialect::PostgreSql] {
        compile(expression, dialect, &Nominal(schema), &options)?;
    }
    Ok(())
}

fn type_of_self(expression: &Expression) -> Option<&Type> {
    match expression.kind {
        Kind::Variable(VariableIndex::SELF) => Some(&expression.ty),
        _ => expression.children().find_map(type_of_self),
    }
}
