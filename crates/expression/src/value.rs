//! Values: what fields hold and expressions yield.

use std::sync::Arc;

use jiff::civil;
use rust_decimal::Decimal;

use crate::schema::EntityId;

/// An amount in a currency. In the middle of a calculation the amount may have more digits than
/// the currency; assignment rounds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Money {
    /// Amount in whole units of the currency.
    pub amount: Decimal,
    /// ISO 4217 code.
    pub currency: Arc<str>,
}

/// A point on the earth in degrees (WGS 84).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geo {
    /// Latitude, -90 to 90.
    pub latitude: f64,
    /// Longitude, -180 to 180.
    pub longitude: f64,
}

/// A stored file as its row knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// What names its content, 32 hexadecimal digits; empty where the content was erased.
    pub key: String,
    /// Media type, as sniffed; empty where only the key is known yet.
    pub media_type: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Name that it had where it came from; may be empty.
    pub name: String,
    /// SHA-256 of the content, 64 hexadecimal digits; empty where there is none.
    pub sha256: String,
}

/// One value. Timestamps and durations count microseconds; a timestamp from the Unix epoch.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Value {
    /// No value.
    #[default]
    Null,
    /// `bool`.
    Bool(bool),
    /// `int`.
    Int(i64),
    /// `decimal`.
    Decimal(Decimal),
    /// `money`.
    Money(Money),
    /// `float`.
    Float(f64),
    /// Every textual type, and members of an enum.
    Text(Arc<str>),
    /// `date`.
    Date(civil::Date),
    /// `time`.
    Time(civil::Time),
    /// `timestamp`: microseconds since the Unix epoch.
    Timestamp(i64),
    /// `duration`: microseconds.
    Duration(i64),
    /// `uuid`, and the id of a row.
    Uuid(u128),
    /// `geo`.
    Geo(Geo),
    /// `json`.
    Json(Arc<serde_json::Value>),
    /// `file`.
    File(Arc<File>),
    /// A loaded row: `self`, `actor`, or a reference that was followed. Equal to its id.
    Row(Arc<Row>),
    /// A list, or the rows of a part (each a `Record`).
    List(Arc<[Value]>),
    /// A record or part row: values in the order of its fields.
    Record(Arc<[Value]>),
}

/// A row of an entity: values in the order of [`crate::EntityShape::fields`].
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The entity.
    pub entity: EntityId,
    /// One value for each field.
    pub fields: Vec<Value>,
    /// One list of part rows for each part.
    pub parts: Vec<Vec<Arc<[Value]>>>,
}

impl Value {
    /// A text value.
    #[must_use]
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// Whether it is null.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}
