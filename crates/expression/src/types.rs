//! The types of the language (language reference, section 2).

use std::sync::Arc;

use crate::schema::{EntityId, PartId, RecordId, Schema};

/// Largest magnitude of an integer: what JSON readers can hold exactly.
pub const INT_LIMIT: i64 = (1 << 53) - 1;
/// Most digits of a stored decimal.
pub const DECIMAL_DIGITS: u8 = 18;
/// Most characters of a `text` or `markdown` value (64 KiB).
pub const TEXT_LIMIT: u32 = 65_536;

/// What a text must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextFormat {
    /// `string(range)`: any characters on one or more lines.
    String,
    /// `text`.
    Text,
    /// `markdown`.
    Markdown,
    /// `email`.
    Email,
    /// `url`.
    Url,
    /// `phone`: E.164.
    Phone,
}

/// A type. Ranges are part of it, so that arithmetic can be proven not to overflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// The type of the literal `null` alone.
    Null,
    /// `bool`.
    Bool,
    /// `int(min..max)`, both inclusive.
    Int {
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
    },
    /// `decimal(precision, scale)`: at most `precision` digits, `scale` of them after the point.
    Decimal {
        /// All digits.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// `money(min..max)` in whole currency units; the amount has the scale of its currency.
    Money {
        /// Least amount, if bounded.
        min: Option<rust_decimal::Decimal>,
        /// Greatest amount, if bounded.
        max: Option<rust_decimal::Decimal>,
    },
    /// `float`: a measurement; never compared for equality.
    Float,
    /// `string`, `text`, `markdown`, `email`, `url`, `phone`: `min..max` characters.
    Text {
        /// What it must look like.
        format: TextFormat,
        /// Fewest characters.
        min: u32,
        /// Most characters.
        max: u32,
    },
    /// `date`.
    Date,
    /// `time` of day.
    Time,
    /// `timestamp`, in UTC, to the microsecond.
    Timestamp,
    /// `duration`, to the microsecond.
    Duration,
    /// `uuid`.
    Uuid,
    /// `geo`: latitude and longitude in degrees (WGS 84).
    Geo,
    /// `json`: anything; opaque to expressions.
    Json,
    /// `file(..bytes)`: opaque to expressions but for null.
    File {
        /// Largest size in bytes.
        max_bytes: u64,
    },
    /// `enum(a, b)` or the states of an entity; members in source order.
    Enum(Arc<[String]>),
    /// A reference to a row: its id on the wire and in the store, navigable in expressions. The
    /// type of `self`, `actor` (when it `is` an entity) and of `self.id` as well: an entity and its
    /// id are interchangeable.
    Reference(EntityId),
    /// One row of a part (`each` over `self.lines`).
    Part(PartId),
    /// A named set of fields: `input`, an event's payload, a `types` value, a call's result.
    Record(RecordId),
    /// `list(type, min..max)`, and a part as seen from its entity.
    List {
        /// Type of the items.
        of: Box<Type>,
        /// Fewest items.
        min: u32,
        /// Most items.
        max: u32,
    },
    /// `type?`: may be null. Never nested, never around `Null`.
    Optional(Box<Type>),
}

impl Type {
    /// `int` without a stated range.
    pub const INT: Self = Self::Int { min: -INT_LIMIT, max: INT_LIMIT };

    /// `money` without a stated range.
    pub const MONEY: Self = Self::Money { min: None, max: None };

    /// `string(0..255)`.
    #[must_use]
    pub const fn string(max: u32) -> Self {
        Self::Text { format: TextFormat::String, min: 0, max }
    }

    /// The type that may also be null.
    #[must_use]
    pub fn optional(self) -> Self {
        match self {
            Self::Optional(_) | Self::Null => self,
            other => Self::Optional(Box::new(other)),
        }
    }

    /// What a list holds whose items are each a text, a whole number or the name of a row: rows can be
    /// found by them.
    #[must_use]
    pub fn held(&self) -> Option<&Self> {
        let Self::List { of, .. } = self.required() else { return None };
        let plain = matches!(
            **of,
            Self::Text { .. } | Self::Enum(_) | Self::Int { .. } | Self::Uuid | Self::Reference(_)
        );
        plain.then_some(of)
    }

    /// The type without "may be null".
    #[must_use]
    pub fn required(&self) -> &Self {
        match self {
            Self::Optional(inner) => inner,
            other => other,
        }
    }

    /// Whether null is a value of the type.
    #[must_use]
    pub const fn is_optional(&self) -> bool {
        matches!(self, Self::Optional(_) | Self::Null)
    }

    /// The name as the language writes it; references need the schema for their entity's name.
    #[must_use]
    pub fn describe(&self, schema: &Schema) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool => "bool".to_owned(),
            Self::Int { .. } => "int".to_owned(),
            Self::Decimal { precision, scale } => format!("decimal({precision},{scale})"),
            Self::Money { .. } => "money".to_owned(),
            Self::Float => "float".to_owned(),
            Self::Text { format, .. } => format.name().to_owned(),
            Self::Date => "date".to_owned(),
            Self::Time => "time".to_owned(),
            Self::Timestamp => "timestamp".to_owned(),
            Self::Duration => "duration".to_owned(),
            Self::Uuid => "uuid".to_owned(),
            Self::Geo => "geo".to_owned(),
            Self::Json => "json".to_owned(),
            Self::File { .. } => "file".to_owned(),
            Self::Enum(members) => format!("enum({})", members.join(", ")),
            Self::Reference(entity) => schema.entity(*entity).name.clone(),
            Self::Part(part) => {
                format!("{}.{}", schema.entity(part.entity).name, schema.part(*part).name)
            }
            Self::Record(record) => schema.record(*record).name.clone(),
            Self::List { of, .. } => format!("list({})", of.describe(schema)),
            Self::Optional(inner) => format!("{}?", inner.describe(schema)),
        }
    }
}

impl TextFormat {
    /// The name as the language writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Text => "text",
            Self::Markdown => "markdown",
            Self::Email => "email",
            Self::Url => "url",
            Self::Phone => "phone",
        }
    }
}
