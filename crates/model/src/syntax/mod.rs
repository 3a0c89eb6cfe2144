//! The model as it was written: every section of the language with exact places, nothing resolved.
//!
//! A value that was written wrongly is reported and then absent (`None`, or missing from its list),
//! so a later phase never reports it again: it treats what is absent but required as known.

mod ast;
pub(crate) mod bind;
mod include;
mod parse;
mod schema;
pub(crate) mod short;

pub use crate::yaml::Text;
pub use ast::*;
pub use include::matches;
pub(crate) use parse::diagnose;
pub use parse::{includes, parse};
pub use schema::schema;
pub(crate) use short::type_names;
