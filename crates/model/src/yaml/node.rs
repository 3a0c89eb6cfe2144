//! The tree that YAML text is read into.

use base::{Span, Spanned};

use super::Text;

/// A node with its place. The span of a block collection ends with its last value.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Where it was written.
    pub span: Span,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// Text, however it was written.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// A map.
    Mapping(Mapping),
    /// Refused and already reported.
    Invalid,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// Between `'`.
    SingleQuoted,
    /// Between `"`.
    DoubleQuoted,
    /// After `|` or `>`.
    Block,
}

/// A scalar.
#[derive(Clone, Debug)]
pub struct Scalar {
    /// What it says.
    pub text: Text,
    /// How it was written.
    pub style: Style,
    /// The comment on its last line, if it is plain and one follows.
    pub comment: Option<Text>,
}

/// A map in source order; keys are unique.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Something of it was refused or cut off, so that a missing key means nothing.
    pub incomplete: bool,
}

/// An entry of a map.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: Spanned<String>,
    /// Whether the key was written in quotes, as in JSON.
    pub quoted: bool,
    /// The value.
    pub value: Node,
}

impl Node {
    /// Whether nothing was written: `key:` alone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(&self.kind, NodeKind::Scalar(scalar) if scalar.is_empty())
    }

    /// What it is, for messages.
    #[must_use]
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            NodeKind::Scalar(scalar) if scalar.is_empty() => "nothing",
            NodeKind::Scalar(_) => "text",
            NodeKind::Sequence(_) => "a list",
            NodeKind::Mapping(_) => "a map",
            NodeKind::Invalid => "something refused",
        }
    }
}

impl Scalar {
    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.style == Style::Plain && self.text.text.is_empty()
    }

    /// Whether it was written in quotes.
    #[must_use]
    pub const fn is_quoted(&self) -> bool {
        matches!(self.style, Style::SingleQuoted | Style::DoubleQuoted)
    }
}

impl Mapping {
    /// The entry of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key.value == key)
    }
}
