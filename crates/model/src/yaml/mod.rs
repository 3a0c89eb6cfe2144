//! Strict YAML 1.2 with byte-exact spans: from source text to a tree of nodes.

mod text;

pub use text::Text;
