//! The shapes of data, and expressions over them.
//!
//! A condition of the model is parsed once (CEL syntax), checked against a [`Schema`] into a typed
//! tree ([`ir::Expression`]), and from that one tree both evaluated and compiled to SQL, so that
//! memory, SQLite and PostgreSQL give the same answer.

mod assign;
pub mod ast;
mod check;
pub mod currency;
mod evaluate;
pub mod format;
mod interval;
pub mod ir;
pub mod json_text;
mod parse;
pub mod schema;
mod scope;
pub mod sql;
pub mod types;
pub mod value;

pub use assign::{AssignError, assign};
pub use ast::{Ast, AstKind};
pub use check::{Facts, check};
pub use evaluate::{
    Environment, EvaluationError, Lookup, NoRows, Rows, distance, evaluate, holds, row_id,
};
pub use parse::{RESERVED, parse};
pub use schema::{
    EntityId, EntityShape, FieldIndex, FieldShape, PartId, PartShape, RecordId, RecordShape,
    Schema, Settings,
};
pub use scope::{Name, Rules, Scope};
pub use sql::translatable;
pub use types::Type;
pub use value::{Money, Row, Value};
