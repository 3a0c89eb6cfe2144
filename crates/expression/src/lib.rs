//! The shapes of data, and expressions over them.
//!
//! A condition of the model is parsed once (CEL syntax), checked against a [`Schema`] into a typed
//! tree ([`ir::Expression`]), and from that one tree both evaluated and compiled to SQL, so that
//! memory, SQLite and PostgreSQL give the same answer.

pub mod ir;
pub mod schema;
pub mod types;
pub mod value;

pub use schema::{
    EntityId, EntityShape, FieldIndex, FieldShape, PartId, PartShape, RecordId, RecordShape, Schema,
};
pub use types::Type;
pub use value::{Money, Row, Value};
