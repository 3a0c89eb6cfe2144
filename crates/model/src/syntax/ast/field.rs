//! Fields and their types.

use base::{Span, Spanned};
use expression::Type;
use rust_decimal::Decimal;

use super::{Named, Path, RangeSyntax};

/// `type["?"][" = "literal]{" "modifier}`, or its long form; also a parameter or payload field.
#[derive(Clone, Debug)]
pub struct Field {
    /// The type, without `?`.
    pub ty: TypeSyntax,
    /// Where `?` or `optional: true` was written.
    pub optional: Option<Span>,
    /// `= literal`, or `default:`.
    pub default: Option<Spanned<Literal>>,
    /// Modifiers, in source order.
    pub modifiers: Vec<Spanned<Modifier>>,
    /// Documentation.
    pub doc: Option<Spanned<String>>,
    /// The whole value.
    pub span: Span,
}

/// A type as written.
#[derive(Clone, Debug)]
pub struct TypeSyntax {
    /// What it is.
    pub kind: TypeKind,
    /// Where it was written.
    pub span: Span,
}

/// What a type is.
#[derive(Clone, Debug)]
pub enum TypeKind {
    /// A built-in scalar with its range: `string(1..200)`, `int`, `money(0..)`, `file(..5MiB)`.
    BuiltIn(Type),
    /// `enum(a, b)`.
    Enum(Vec<Spanned<String>>),
    /// `list(type, range)`; the default size is `0..100`.
    List {
        /// The items.
        of: Box<ListItem>,
        /// How many; unstated ends are `None`.
        size: Option<Spanned<RangeSyntax<u32>>>,
    },
    /// `Entity`, `context.Entity`, `Entity.part`, or a value type of `types`.
    Name(Path),
    /// `snapshot(Order)` in an event's payload.
    Snapshot(Path),
    /// Written wrongly and already reported.
    Invalid,
}

/// What a list holds.
#[derive(Clone, Debug)]
pub enum ListItem {
    /// Values of a type.
    Type(TypeSyntax),
    /// Records with these fields (`of:` with a map in the long form).
    Fields(Named<Field>),
}

/// A literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// A number; `_` and a `k`, `M` or `G` suffix are already applied.
    Number(Decimal),
    /// `true` or `false`.
    Bool(bool),
    /// `now`.
    Now,
    /// A bare word: an enum member.
    Word(String),
    /// `'text'`.
    Text(String),
}

/// What limits clients, and marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Modifier {
    /// Written only on create.
    Immutable,
    /// Never written by clients.
    Readonly,
    /// Neither read nor written by clients.
    Internal,
    /// Written, never returned.
    Secret,
    /// Encrypted per field.
    Sensitive,
    /// A unique key of its own.
    Unique,
    /// Part of full-text search.
    Search,
    /// Personal data.
    Pii,
    /// `sequence(field)`.
    Sequence(Spanned<String>),
}
