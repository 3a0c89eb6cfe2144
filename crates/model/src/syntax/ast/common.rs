//! What many sections are made of.

use base::{Span, Spanned};

use crate::yaml::Text;

/// An id-keyed map in source order; the keys know their place.
pub type Named<T> = Vec<(Spanned<String>, T)>;

/// A dotted name: `catalog.Product.price`, `self`-less paths of `set`, references to operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The names between the dots; at least one.
    pub segments: Vec<Spanned<String>>,
    /// All of it.
    pub span: Span,
}

impl Path {
    /// The last name.
    #[must_use]
    pub fn last(&self) -> &str {
        self.segments.last().map_or("", |segment| segment.value.as_str())
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, segment) in self.segments.iter().enumerate() {
            let dot = if at == 0 { "" } else { "." };
            write!(f, "{dot}{segment}")?;
        }
        Ok(())
    }
}

/// A value in `with`, `set` and `match`: an expression, or YAML structure around expressions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// What it is.
    pub kind: ValueKind,
    /// Where it was written.
    pub span: Span,
}

/// What a [`Value`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// An expression.
    Expression(Text),
    /// A YAML list.
    List(Vec<Value>),
    /// A YAML map: a row of a part, a `types` value, a unique key, or `json`.
    Map(Named<Value>),
}
