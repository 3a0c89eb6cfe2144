//! Strict YAML 1.2 with byte-exact spans: from source text to a tree of nodes.
//!
//! What YAML allows but the language refuses (anchors, aliases, merge keys, tags, duplicate keys,
//! tabs) is reported with its own id, and building goes on. A syntax error ends its file; what was
//! read before it is kept. Scalars keep their source text: nothing here knows of numbers or booleans.

mod anchor;
mod careless;
mod compose;
mod error;
mod node;
mod scalar;
mod text;

pub use compose::{Document, read};
pub use node::{Entry, Mapping, Node, NodeKind, Scalar, Style};
pub use text::Text;

pub(crate) use careless::{ends_open, quoted};
pub(crate) use error::ENDS_HERE;
