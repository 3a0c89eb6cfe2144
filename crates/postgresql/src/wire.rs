//! Values on their way to PostgreSQL, in its binary formats.

use std::sync::Arc;

use bytes::{BufMut, BytesMut};
use expression::sql::encoding::{self, Encoding, SqlValue};
use expression::{Type, Value, row_id};
use jiff::civil;
use runtime::store::StoreError;
use rust_decimal::Decimal;
use tokio_postgres::types::Type as Sql;

use crate::numeric;

/// Microseconds from the Unix epoch to PostgreSQL's, the year 2000.
pub(crate) const EPOCH_MICROS: i64 = 946_684_800_000_000;
/// PostgreSQL's first day.
pub(crate) const EPOCH: civil::Date = civil::date(2000, 1, 1);

/// A type as it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wire {
    Bool,
    Int,
    Numeric,
    Real,
    Text,
    Date,
    Time,
    Timestamp,
    Uuid,
    Json,
    Bytes,
    /// The number of a transaction.
    Transaction,
}

impl Wire {
    /// That of a column of a field of this type.
    pub fn of_column(encoding: Encoding, ty: &Type) -> Self {
        match encoding {
            Encoding::Scaled(0) if matches!(ty.required(), Type::Decimal { .. }) => Self::Numeric,
            encoding => Self::of_parameter(encoding),
        }
    }

    /// That of a parameter of a condition, which is cast to it.
    pub const fn of_parameter(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Bool => Self::Bool,
            Encoding::Scaled(0) | Encoding::Duration => Self::Int,
            Encoding::Scaled(_)
            | Encoding::WideScaled(_)
            | Encoding::Numeric
            | Encoding::Minor(_)
            | Encoding::WideMinor(_) => Self::Numeric,
            Encoding::Real | Encoding::Latitude | Encoding::Longitude => Self::Real,
            Encoding::Currency | Encoding::Text => Self::Text,
            Encoding::Date => Self::Date,
            Encoding::Time => Self::Time,
            Encoding::Timestamp => Self::Timestamp,
            Encoding::Uuid => Self::Uuid,
            Encoding::Json => Self::Json,
        }
    }

    /// What PostgreSQL calls it.
    pub const fn sql(self) -> Sql {
        match self {
            Self::Bool => Sql::BOOL,
            Self::Int => Sql::INT8,
            Self::Numeric => Sql::NUMERIC,
            Self::Real => Sql::FLOAT8,
            Self::Text => Sql::TEXT,
            Self::Date => Sql::DATE,
            Self::Time => Sql::TIME,
            Self::Timestamp => Sql::TIMESTAMPTZ,
            Self::Uuid => Sql::UUID,
            Self::Json => Sql::JSONB,
            Self::Bytes => Sql::BYTEA,
            Self::Transaction => Sql::XID,
        }
    }

    /// What PostgreSQL calls an array of it.
    pub const fn array(self) -> Sql {
        match self {
            Self::Bool => Sql::BOOL_ARRAY,
            Self::Int => Sql::INT8_ARRAY,
            Self::Numeric => Sql::NUMERIC_ARRAY,
            Self::Real => Sql::FLOAT8_ARRAY,
            Self::Text => Sql::TEXT_ARRAY,
            Self::Date => Sql::DATE_ARRAY,
            Self::Time => Sql::TIME_ARRAY,
            Self::Timestamp => Sql::TIMESTAMPTZ_ARRAY,
            Self::Uuid => Sql::UUID_ARRAY,
            Self::Json => Sql::JSONB_ARRAY,
            Self::Bytes => Sql::BYTEA_ARRAY,
            Self::Transaction => Sql::XID_ARRAY,
        }
    }

    /// All of them, each at its place.
    pub const ALL: [Self; 12] = [
        Self::Bool,
        Self::Int,
        Self::Numeric,
        Self::Real,
        Self::Text,
        Self::Date,
        Self::Time,
        Self::Timestamp,
        Self::Uuid,
        Self::Json,
        Self::Bytes,
        Self::Transaction,
    ];

    /// Its name in a cast.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "boolean",
            Self::Int => "bigint",
            Self::Numeric => "numeric",
            Self::Real => "double precision",
            Self::Text => "text",
            Self::Date => "date",
            Self::Time => "time",
            Self::Timestamp => "timestamptz",
            Self::Uuid => "uuid",
            Self::Json => "jsonb",
            Self::Bytes => "bytea",
            Self::Transaction => "xid",
        }
    }
}

/// A value that a statement binds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Bind {
    Null(Wire),
    Bool(bool),
    Int(i64),
    Numeric(Decimal),
    Real(f64),
    Text(Arc<str>),
    Date(civil::Date),
    Time(civil::Time),
    /// Microseconds since the Unix epoch.
    Timestamp(i64),
    Uuid(u128),
    Json(String),
    Bytes(Arc<[u8]>),
    /// The number of a transaction.
    Transaction(u32),
    /// An array of one type.
    Array(Wire, Vec<Self>),
    /// What was one of the others, as it travelled; whether an array.
    Written {
        wire: Wire,
        array: bool,
        bytes: Arc<[u8]>,
    },
}

impl Bind {
    /// A text.
    pub fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    /// Ids as one array.
    pub fn ids(ids: impl IntoIterator<Item = u128>) -> Self {
        Self::Array(Wire::Uuid, ids.into_iter().map(Self::Uuid).collect())
    }

    /// What PostgreSQL calls its type.
    pub const fn ty(&self) -> Sql {
        match self {
            Self::Array(wire, _) | Self::Written { wire, array: true, .. } => wire.array(),
            _ => self.wire().sql(),
        }
    }

    /// What it travels as, or each of it.
    pub const fn wire(&self) -> Wire {
        match self {
            Self::Null(wire) | Self::Array(wire, _) | Self::Written { wire, .. } => *wire,
            Self::Bool(_) => Wire::Bool,
            Self::Int(_) => Wire::Int,
            Self::Numeric(_) => Wire::Numeric,
            Self::Real(_) => Wire::Real,
            Self::Text(_) => Wire::Text,
            Self::Date(_) => Wire::Date,
            Self::Time(_) => Wire::Time,
            Self::Timestamp(_) => Wire::Timestamp,
            Self::Uuid(_) => Wire::Uuid,
            Self::Json(_) => Wire::Json,
            Self::Bytes(_) => Wire::Bytes,
            Self::Transaction(_) => Wire::Transaction,
        }
    }

    /// Its bytes; none of null.
    pub fn write(&self, out: &mut BytesMut) {
        match self {
            Self::Null(_) => {}
            Self::Bool(truth) => out.put_u8(u8::from(*truth)),
            Self::Int(number) => out.put_i64(*number),
            Self::Numeric(number) => numeric::write(number, out),
            Self::Real(number) => out.put_f64(*number),
            Self::Text(text) => out.put_slice(text.as_bytes()),
            Self::Date(date) => out.put_i32(days(*date)),
            Self::Time(time) => out.put_i64(micros(*time)),
            Self::Timestamp(at) => out.put_i64(at.saturating_sub(EPOCH_MICROS)),
            Self::Uuid(id) => out.put_u128(*id),
            Self::Json(text) => {
                out.put_u8(1);
                out.put_slice(text.as_bytes());
            }
            Self::Bytes(bytes) | Self::Written { bytes, .. } => out.put_slice(bytes),
            Self::Transaction(number) => out.put_u32(*number),
            Self::Array(wire, items) => array(*wire, items, out),
        }
    }
}

fn array(wire: Wire, items: &[Bind], out: &mut BytesMut) {
    let length = i32::try_from(items.len()).unwrap_or(i32::MAX);
    out.put_i32(i32::from(length > 0));
    out.put_i32(1);
    out.put_u32(wire.sql().oid());
    if length == 0 {
        return;
    }
    out.put_i32(length);
    out.put_i32(1);
    for item in items {
        let start = out.len();
        out.put_i32(-1);
        if !matches!(item, Bind::Null(_)) {
            item.write(out);
            let size = i32::try_from(out.len() - start - 4).unwrap_or(i32::MAX);
            if let Some(place) = out.get_mut(start..start + 4) {
                place.copy_from_slice(&size.to_be_bytes());
            }
        }
    }
}

fn days(date: civil::Date) -> i32 {
    EPOCH.until(date).map_or(i32::MAX, |span| span.get_days())
}

fn micros(time: civil::Time) -> i64 {
    let seconds = i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60;
    let seconds = seconds + i64::from(time.second());
    seconds * 1_000_000 + i64::from(time.subsec_nanosecond()) / 1000
}

/// What a value is in a column, or as a parameter; `what` names it in the message of a defect.
pub(crate) fn encode(
    value: &Value,
    encoding: Encoding,
    wire: Wire,
    what: &str,
) -> Result<Bind, StoreError> {
    let wrong = || StoreError::Internal {
        message: format!("{what} cannot hold a value of another type or size"),
    };
    Ok(match (wire, value) {
        (wire, Value::Null) => Bind::Null(wire),
        (Wire::Bool, Value::Bool(truth)) => Bind::Bool(*truth),
        (Wire::Int, Value::Int(number)) => Bind::Int(*number),
        (Wire::Int, Value::Duration(micros)) => Bind::Int(*micros),
        (Wire::Numeric, Value::Int(number)) => Bind::Numeric(Decimal::from(*number)),
        (Wire::Numeric, Value::Decimal(number)) => Bind::Numeric(*number),
        (Wire::Numeric, Value::Money(money)) => Bind::Numeric(money.amount),
        (Wire::Text, Value::Text(text)) => Bind::Text(text.clone()),
        (Wire::Text, Value::Money(money)) => Bind::Text(money.currency.clone()),
        (Wire::Date, Value::Date(date)) => Bind::Date(*date),
        (Wire::Time, Value::Time(time)) => Bind::Time(*time),
        (Wire::Timestamp, Value::Timestamp(at)) => Bind::Timestamp(*at),
        (Wire::Uuid, value) => Bind::Uuid(row_id(value).ok_or_else(wrong)?),
        (Wire::Real, value) => match encoding::encode(value, encoding).map_err(|_| wrong())? {
            SqlValue::Real(number) => Bind::Real(number),
            _ => return Err(wrong()),
        },
        (Wire::Json, value) => {
            Bind::Json(expression::json_text::write(&expression::sql::json::to_json(value)))
        }
        _ => return Err(wrong()),
    })
}

/// The value as SQL text; `None` for null and for what has no such text.
pub(crate) fn literal(value: &Value, encoding: Encoding) -> Option<String> {
    match encoding::encode_postgresql(value, encoding).ok()? {
        SqlValue::Text(text) if !text.contains('\0') => {
            Some(format!("'{}'", text.replace('\'', "''")))
        }
        _ => None,
    }
}
