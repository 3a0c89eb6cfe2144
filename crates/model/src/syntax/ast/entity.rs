//! Entities and their parts.

use base::{Bytes, Duration, Span, Spanned};

use super::{Field, Named, RangeSyntax, Retain, Skew, VolumeSyntax};
use crate::model::AuditLevel;
use crate::yaml::Text;

/// An entity.
#[derive(Clone, Debug, Default)]
pub struct Entity {
    /// The whole value.
    pub span: Span,
    /// Documentation.
    pub doc: Option<Spanned<String>>,
    /// `plural: word`.
    pub plural: Option<Spanned<String>>,
    /// `rows`.
    pub rows: Option<Spanned<VolumeSyntax>>,
    /// `fields`.
    pub fields: Named<Field>,
    /// `parts`.
    pub parts: Named<Part>,
    /// `states`; the first is initial. `None` where the entity has none.
    pub states: Option<Named<State>>,
    /// `unique`.
    pub unique: Named<Unique>,
    /// `exclusive`.
    pub exclusive: Named<Exclusive>,
    /// `invariants`.
    pub invariants: Named<Text>,
    /// `rules`.
    pub rules: Named<Text>,
    /// `retain`.
    pub retain: Option<Spanned<Retain>>,
    /// `subject`: a field, or `self`.
    pub subject: Option<Spanned<String>>,
    /// `keep`.
    pub keep: Option<Spanned<Keep>>,
    /// `soft_delete`.
    pub soft_delete: Option<Spanned<bool>>,
    /// `append_only`.
    pub append_only: Option<Spanned<bool>>,
    /// `volatile`.
    pub volatile: Option<Spanned<bool>>,
    /// `ttl`.
    pub ttl: Option<Spanned<Duration>>,
    /// `audit`.
    pub audit: Option<Spanned<Audit>>,
    /// `history`.
    pub history: Option<Spanned<bool>>,
    /// `consistency`.
    pub consistency: Option<Spanned<Consistency>>,
    /// `skew`.
    pub skew: Option<Spanned<Skew>>,
    /// `size`: mean size of a row.
    pub size: Option<Spanned<Bytes>>,
    /// `shared`.
    pub shared: Option<Spanned<bool>>,
    /// `identity: [..]`.
    pub identity: Vec<Spanned<String>>,
}

/// A part.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// The whole value.
    pub span: Span,
    /// Documentation.
    pub doc: Option<Spanned<String>>,
    /// `rows: 3 per Order`.
    pub rows: Option<Spanned<VolumeSyntax>>,
    /// `size: 1..100`: fewest and most rows.
    pub size: Option<Spanned<RangeSyntax<u32>>>,
    /// `one: true`.
    pub one: Option<Spanned<bool>>,
    /// `fields`.
    pub fields: Named<Field>,
}

/// The next states of a state.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Their names.
    pub next: Vec<Spanned<String>>,
}

/// `key: [a, b]` or `key: { fields: [a, b], where: EXPR }`.
#[derive(Clone, Debug, Default)]
pub struct Unique {
    /// The fields.
    pub fields: Vec<Spanned<String>>,
    /// `where`.
    pub condition: Option<Text>,
}

/// `{ same: [a], overlap: [from, to], where: EXPR }`.
#[derive(Clone, Debug, Default)]
pub struct Exclusive {
    /// The whole value.
    pub span: Span,
    /// Fields that must agree for rows to collide.
    pub same: Vec<Spanned<String>>,
    /// Start and end; `None` when missing or bad and already reported.
    pub overlap: Option<(Spanned<String>, Spanned<String>)>,
    /// `where`.
    pub condition: Option<Text>,
}

/// `{ for: 10y, because: .. }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// How long.
    pub period: Spanned<Duration>,
    /// Why.
    pub because: Spanned<String>,
}

/// `audit: writes|all` or `audit: { all, retain: 6y }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// What is recorded.
    pub level: AuditLevel,
    /// How long the records are kept.
    pub retain: Option<Spanned<Duration>>,
}

/// `consistency: strong|eventual`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consistency {
    /// Every read sees the last write.
    Strong,
    /// Reads may be old.
    Eventual,
}
