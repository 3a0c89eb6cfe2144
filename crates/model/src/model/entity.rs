//! Entities: what is stored, with its rules.

use base::{Bytes, Duration, Quantity, Rate, Spanned};
use expression::{FieldIndex, Type, Value, ir::Expression};

use super::ids::ContextId;

/// An entity. Positions of `fields` and `parts` equal those of its shape in the schema.
#[derive(Clone, Debug)]
pub struct Entity {
    /// Name, `UpperCamel`.
    pub name: Spanned<String>,
    /// The context that owns it.
    pub context: ContextId,
    /// Plural for routes and tables, kebab-case: `orders`, `stock-items`; `plural:` overrides.
    pub plural: String,
    /// Documentation.
    pub doc: Option<String>,
    /// How many rows, and how many more.
    pub rows: Option<Quantity<Volume>>,
    /// All fields, built-in ones first.
    pub fields: Vec<Field>,
    /// Parts.
    pub parts: Vec<Part>,
    /// States, if it has any; then there is a built-in readonly `status` field.
    pub states: Option<States>,
    /// Unique keys, those of `unique` fields included.
    pub unique: Vec<Unique>,
    /// Keys against overlapping ranges.
    pub exclusive: Vec<Exclusive>,
    /// Conditions that hold after every write.
    pub invariants: Vec<Invariant>,
    /// Names of the rules, already expanded where they are used.
    pub rules: Vec<Spanned<String>>,
    /// When rows are erased.
    pub retain: Option<Spanned<Retain>>,
    /// The field that names the person concerned; `id` for `self`.
    pub subject: Option<FieldIndex>,
    /// Kept in spite of an erasure request: for how long, and why.
    pub keep: Option<Spanned<(Duration, String)>>,
    /// `soft_delete: true`: rows are marked by `deleted_at`.
    pub soft_delete: bool,
    /// `append_only: true`.
    pub append_only: bool,
    /// `volatile: true`: losing the last second is acceptable.
    pub volatile: bool,
    /// Time to live of a row after its last write.
    pub ttl: Option<Quantity<Duration>>,
    /// `audit`, with how long it is kept.
    pub audit: Option<Spanned<(AuditLevel, Option<Duration>)>>,
    /// `history: true`.
    pub history: bool,
    /// `consistency: strong`, if stated.
    pub strong_consistency: Option<bool>,
    /// Popularity of rows: (Zipf exponent) or (share of the hottest), as written.
    pub skew: Option<Spanned<String>>,
    /// Mean size of a row.
    pub size: Option<Quantity<Bytes>>,
    /// `shared: true`: outside every tenant.
    pub shared: bool,
    /// `identity: [..]`: the fields that replace `id`.
    pub identity: Vec<FieldIndex>,
}

/// How many rows there are and how fast they come, before retention.
#[derive(Clone, Copy, Debug, PartialEq, std::default::Default)]
pub struct Volume {
    /// Rows at the start.
    pub rows: f64,
    /// Inflow in rows per second.
    pub inflow: Rate,
}

/// The fields that every entity has without being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltIn {
    /// `UUIDv7`.
    Id,
    /// Time of the insert.
    CreatedAt,
    /// Time of the last write.
    UpdatedAt,
    /// Counts writes, from 1; the `ETag`.
    Version,
    /// Time of the soft deletion, null before.
    DeletedAt,
    /// The state.
    Status,
}

/// What a field starts as when nothing is written to it.
#[derive(Clone, Debug, PartialEq)]
pub enum Default {
    /// A constant.
    Value(Value),
    /// The time of the transaction.
    Now,
}

/// What limits clients, and marks.
#[derive(Clone, Debug, PartialEq, Eq, std::default::Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a modifier of the language")]
pub struct Modifiers {
    /// Written only on create.
    pub immutable: bool,
    /// Never written by clients.
    pub readonly: bool,
    /// Neither read nor written by clients.
    pub internal: bool,
    /// Written, never returned, logged, filtered or put in events.
    pub secret: bool,
    /// Encrypted, returned only where `fields` names it.
    pub sensitive: bool,
    /// Its own unique key (also listed in [`Entity::unique`]).
    pub unique: bool,
    /// Part of full-text search.
    pub search: bool,
    /// Personal data.
    pub pii: bool,
    /// A counter, per that reference.
    pub sequence: Option<FieldIndex>,
}

/// A field with what it means to clients. Its name and type are in the shape at the same position.
#[derive(Clone, Debug)]
pub struct Field {
    /// Name, as in the shape.
    pub name: Spanned<String>,
    /// Type, as in the shape.
    pub ty: Type,
    /// Set for the built-in fields.
    pub built_in: Option<BuiltIn>,
    /// What it starts as.
    pub default: Option<Default>,
    /// Modifiers.
    pub modifiers: Modifiers,
    /// Documentation.
    pub doc: Option<String>,
}

/// Ordered child rows, read with the entity and replaced as a whole.
#[derive(Clone, Debug)]
pub struct Part {
    /// Name, as in the shape.
    pub name: Spanned<String>,
    /// Mean number of rows per entity row.
    pub rows: Option<Quantity<f64>>,
    /// Fields; positions as in the shape.
    pub fields: Vec<Field>,
}

/// States and their transitions; the first is initial.
#[derive(Clone, Debug)]
pub struct States {
    /// The `status` field.
    pub field: FieldIndex,
    /// Each state with the positions of its next states.
    pub states: Vec<(Spanned<String>, Vec<usize>)>,
}

impl States {
    /// The position of a state by name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        self.states.iter().position(|(state, _)| state.value == name)
    }

    /// Whether `from` may become `to`.
    #[must_use]
    pub fn allows(&self, from: &str, to: &str) -> bool {
        match (self.find(from), self.find(to)) {
            (Some(from), Some(to)) => self.states[from].1.contains(&to),
            _ => false,
        }
    }
}

/// A unique key. Rows where any of its fields is null are outside it, as in SQL.
#[derive(Clone, Debug)]
pub struct Unique {
    /// Error code (409); `FIELD-taken` for a field's own `unique` modifier.
    pub code: Spanned<String>,
    /// The fields, in order.
    pub fields: Vec<FieldIndex>,
    /// Only rows for which this holds (over `self`).
    pub condition: Option<Expression>,
}

/// No two rows that agree in `same` may overlap in time.
#[derive(Clone, Debug)]
pub struct Exclusive {
    /// Error code (409).
    pub code: Spanned<String>,
    /// Fields that must agree for rows to collide.
    pub same: Vec<FieldIndex>,
    /// Start and end, half-open.
    pub overlap: (FieldIndex, FieldIndex),
    /// Only rows for which this holds (over `self`).
    pub condition: Option<Expression>,
}

/// A condition over `self` and its parts that holds after every write.
#[derive(Clone, Debug)]
pub struct Invariant {
    /// Error code (409).
    pub code: Spanned<String>,
    /// The condition.
    pub condition: Expression,
}

/// What happens to a row at the end of its retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetainEnd {
    /// Removed.
    Delete,
    /// Personal data emptied, the row kept.
    Anonymise,
    /// Moved to the archive.
    Archive,
}

/// When rows are erased.
#[derive(Clone, Debug)]
pub struct Retain {
    /// How long after.
    pub period: Duration,
    /// The field that starts the period; without it, entering a final state, or `created_at`.
    pub after: Option<FieldIndex>,
    /// What then happens.
    pub end: RetainEnd,
}

/// What an audit records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditLevel {
    /// Every write.
    Writes,
    /// Reads as well.
    All,
}

impl Entity {
    /// The position of a built-in field, if the entity has it.
    #[must_use]
    pub fn built_in(&self, which: BuiltIn) -> Option<FieldIndex> {
        let at = self.fields.iter().position(|field| field.built_in == Some(which))?;
        u16::try_from(at).ok().map(FieldIndex)
    }

    /// The field at a position.
    #[must_use]
    pub fn field(&self, index: FieldIndex) -> &Field {
        &self.fields[usize::from(index.0)]
    }

    /// Fields with their positions.
    pub fn fields(&self) -> impl Iterator<Item = (FieldIndex, &Field)> {
        (0u16..).map(FieldIndex).zip(&self.fields)
    }
}
