//! How values are stored: the one definition that tables (DDL), stores and compiled conditions
//! share.
//!
//! | type | SQLite | PostgreSQL |
//! |---|---|---|
//! | `bool` | `INTEGER` 0, 1 | `boolean` |
//! | `int` | `INTEGER` | `bigint` |
//! | `decimal(p,s)` | `INTEGER`, times 10^s | `numeric(p,s)` |
//! | `money` | `INTEGER` minor units | `numeric(20,e)`, e digits of the currency |
//! | `float` | `REAL` | `double precision` |
//! | text types, `enum` | `TEXT` (binary collation) | `text COLLATE "C"` |
//! | `date` | `TEXT`, `2026-12-31` | `date` |
//! | `time` | `TEXT`, `23:59:59[.999999]`, no trailing zeros | `time` |
//! | `timestamp` | `INTEGER` microseconds since 1970 | `timestamptz` |
//! | `duration` | `INTEGER` microseconds | `bigint` microseconds |
//! | `uuid`, references | `BLOB` of 16 bytes | `uuid` |
//! | `geo` | two `REAL`: `_latitude`, `_longitude` | two `double precision` |
//! | `json`, lists, records, `file` | `TEXT` JSON ([`super::json`]) | `jsonb` |
//!
//! A system with several currencies has a second column `_currency` (text, ISO 4217) beside every
//! money column; `e` is then the largest exponent of its currencies in PostgreSQL, and each row's
//! own in SQLite. Parts are tables of their own: `owner_id`, `position` from 0, then the fields.

use std::sync::Arc;

use jiff::{Timestamp, civil};
use rust_decimal::Decimal;

use super::{Dialect, json, wide};
use crate::currency;
use crate::json_text;
use crate::schema::Schema;
use crate::types::Type;
use crate::value::Value;

/// The suffix of the second column of money in systems with several currencies.
pub const CURRENCY_SUFFIX: &str = "_currency";
/// The suffix of the first column of a `geo`.
pub const LATITUDE_SUFFIX: &str = "_latitude";
/// The suffix of the second column of a `geo`.
pub const LONGITUDE_SUFFIX: &str = "_longitude";

/// How one column, or one bound parameter, holds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encoding {
    /// `bool`.
    Bool,
    /// `int`, and `decimal` times 10^scale: SQLite `INTEGER`, PostgreSQL `numeric` (`bigint` where
    /// the scale is zero).
    Scaled(u8),
    /// Like `Scaled`, for numbers that may not fit 64 bits: SQLite a `BLOB` ([`super::wide`]).
    WideScaled(u8),
    /// A decimal as PostgreSQL's `numeric`, whatever its scale. In SQLite as text.
    Numeric,
    /// The amount of money, in minor units of its currency times 10^n; PostgreSQL: whole units.
    Minor(u8),
    /// Like `Minor`, for amounts that may not fit 64 bits.
    WideMinor(u8),
    /// The currency of money.
    Currency,
    /// `float`.
    Real,
    /// Text types, enums.
    Text,
    /// `date`.
    Date,
    /// `time`.
    Time,
    /// `timestamp`.
    Timestamp,
    /// `duration`.
    Duration,
    /// `uuid`, references.
    Uuid,
    /// First column of a `geo`.
    Latitude,
    /// Second column of a `geo`.
    Longitude,
    /// Lists, records, `json`, `file`.
    Json,
}

impl Encoding {
    /// Whether a column goes before the others of its field where rows are sorted: the currency,
    /// since amounts of several cannot be compared.
    #[must_use]
    pub const fn leads(self) -> bool {
        matches!(self, Self::Currency)
    }
}

/// One column of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// What follows the base name: empty but for geo and currency.
    pub suffix: &'static str,
    /// How it holds the value.
    pub encoding: Encoding,
}

/// The columns of a field of a type, in order: one, but two for `geo`, and for `money` where there
/// are several currencies.
#[must_use]
pub fn columns(ty: &Type, schema: &Schema) -> Vec<Column> {
    let one = |encoding| vec![Column { suffix: "", encoding }];
    match ty.required() {
        Type::Null | Type::Bool => one(Encoding::Bool),
        Type::Int { .. } => one(Encoding::Scaled(0)),
        Type::Decimal { scale, .. } => one(Encoding::Scaled(*scale)),
        Type::Money { .. } if schema.settings.currencies.len() > 1 => vec![
            Column { suffix: "", encoding: Encoding::Minor(0) },
            Column { suffix: CURRENCY_SUFFIX, encoding: Encoding::Currency },
        ],
        Type::Money { .. } => one(Encoding::Minor(0)),
        Type::Float => one(Encoding::Real),
        Type::Text { .. } | Type::Enum(_) => one(Encoding::Text),
        Type::Date => one(Encoding::Date),
        Type::Time => one(Encoding::Time),
        Type::Timestamp => one(Encoding::Timestamp),
        Type::Duration => one(Encoding::Duration),
        Type::Uuid | Type::Reference(_) => one(Encoding::Uuid),
        Type::Geo => vec![
            Column { suffix: LATITUDE_SUFFIX, encoding: Encoding::Latitude },
            Column { suffix: LONGITUDE_SUFFIX, encoding: Encoding::Longitude },
        ],
        Type::Json
        | Type::File { .. }
        | Type::Part(_)
        | Type::Record(_)
        | Type::List { .. }
        | Type::Optional(_) => one(Encoding::Json),
    }
}

/// The SQL type of a column of a field of this type, as `CREATE TABLE` names it.
#[must_use]
pub fn column_type(column: &Column, ty: &Type, schema: &Schema, dialect: Dialect) -> String {
    let fixed = match (dialect, column.encoding) {
        (Dialect::Sqlite, encoding) => return sqlite_type(encoding).to_owned(),
        (_, Encoding::Bool) => "boolean",
        (_, Encoding::Scaled(0)) if !matches!(ty.required(), Type::Decimal { .. }) => "bigint",
        (_, Encoding::Scaled(scale) | Encoding::WideScaled(scale)) => {
            let precision = match ty.required() {
                Type::Decimal { precision, .. } => *precision,
                _ => crate::types::DECIMAL_DIGITS,
            };
            return format!("numeric({precision},{scale})");
        }
        (_, Encoding::Minor(_) | Encoding::WideMinor(_)) => {
            return format!("numeric(20,{})", currency::largest_exponent(schema));
        }
        (_, Encoding::Numeric) => "numeric",
        (_, Encoding::Text | Encoding::Currency) => "text COLLATE \"C\"",
        (_, Encoding::Real | Encoding::Latitude | Encoding::Longitude) => "double precision",
        (_, Encoding::Date) => "date",
        (_, Encoding::Time) => "time",
        (_, Encoding::Timestamp) => "timestamptz",
        (_, Encoding::Duration) => "bigint",
        (_, Encoding::Uuid) => "uuid",
        (_, Encoding::Json) => "jsonb",
    };
    fixed.to_owned()
}

const fn sqlite_type(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Bool
        | Encoding::Scaled(_)
        | Encoding::Minor(_)
        | Encoding::Timestamp
        | Encoding::Duration => "INTEGER",
        Encoding::Real | Encoding::Latitude | Encoding::Longitude => "REAL",
        Encoding::WideScaled(_) | Encoding::WideMinor(_) | Encoding::Uuid => "BLOB",
        Encoding::Numeric
        | Encoding::Currency
        | Encoding::Text
        | Encoding::Date
        | Encoding::Time
        | Encoding::Json => "TEXT",
    }
}

/// A value as a driver binds it. PostgreSQL takes every parameter as [`SqlValue::Text`].
#[derive(Clone, Debug, PartialEq)]
pub enum SqlValue {
    /// `NULL`.
    Null,
    /// `INTEGER`.
    Integer(i64),
    /// `REAL`.
    Real(f64),
    /// `TEXT`.
    Text(Arc<str>),
    /// `BLOB`.
    Blob(Vec<u8>),
}

/// A value that a column cannot hold. Values that went through [`crate::assign`] never cause it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotEncodable;

/// The value as SQLite binds it.
///
/// # Errors
/// Where the value has not the type that the encoding is for, or does not fit 64 bits.
pub fn encode(value: &Value, encoding: Encoding) -> Result<SqlValue, NotEncodable> {
    let scaled = |decimal: &Decimal, scale: u8| {
        wide::scaled(decimal, scale).and_then(|n| i64::try_from(n).ok()).ok_or(NotEncodable)
    };
    Ok(match (encoding, value) {
        (_, Value::Null) => SqlValue::Null,
        (Encoding::Bool, Value::Bool(truth)) => SqlValue::Integer(i64::from(*truth)),
        (Encoding::Scaled(0), Value::Int(number)) => SqlValue::Integer(*number),
        (Encoding::Scaled(scale), Value::Int(number)) => {
            SqlValue::Integer(scaled(&Decimal::from(*number), scale)?)
        }
        (Encoding::Scaled(scale), Value::Decimal(number)) => {
            SqlValue::Integer(scaled(number, scale)?)
        }
        (Encoding::Minor(extra), Value::Money(money)) => {
            let scale = currency::exponent(&money.currency).saturating_add(extra);
            SqlValue::Integer(scaled(&money.amount, scale)?)
        }
        (Encoding::WideScaled(_) | Encoding::WideMinor(_), value) => encode_wide(value, encoding)?,
        (Encoding::Numeric, Value::Int(number)) => SqlValue::Text(number.to_string().into()),
        (Encoding::Numeric, Value::Decimal(number)) => SqlValue::Text(number.to_string().into()),
        (Encoding::Currency, Value::Money(money)) => SqlValue::Text(money.currency.clone()),
        (Encoding::Real, Value::Float(number)) => SqlValue::Real(*number),
        (Encoding::Real, Value::Int(_) | Value::Decimal(_)) => {
            SqlValue::Real(crate::evaluate::to_float(value).ok_or(NotEncodable)?)
        }
        (Encoding::Text, Value::Text(text)) => SqlValue::Text(text.clone()),
        (Encoding::Date, Value::Date(date)) => SqlValue::Text(date.to_string().into()),
        (Encoding::Time, Value::Time(time)) => SqlValue::Text(time.to_string().into()),
        (Encoding::Timestamp, Value::Timestamp(micros))
        | (Encoding::Duration, Value::Duration(micros)) => SqlValue::Integer(*micros),
        (Encoding::Uuid, Value::Uuid(id)) => SqlValue::Blob(id.to_be_bytes().to_vec()),
        (Encoding::Uuid, Value::Row(row)) => match row.fields.first() {
            Some(Value::Uuid(id)) => SqlValue::Blob(id.to_be_bytes().to_vec()),
            _ => return Err(NotEncodable),
        },
        (Encoding::Latitude, Value::Geo(place)) => SqlValue::Real(place.latitude),
        (Encoding::Longitude, Value::Geo(place)) => SqlValue::Real(place.longitude),
        (Encoding::Json, value) => SqlValue::Text(json_text::write(&json::to_json(value)).into()),
        _ => return Err(NotEncodable),
    })
}

fn encode_wide(value: &Value, encoding: Encoding) -> Result<SqlValue, NotEncodable> {
    let (decimal, scale) = match (encoding, value) {
        (Encoding::WideScaled(scale), Value::Int(number)) => (Decimal::from(*number), scale),
        (Encoding::WideScaled(scale), Value::Decimal(number)) => (*number, scale),
        (Encoding::WideMinor(extra), Value::Money(money)) => {
            (money.amount, currency::exponent(&money.currency).saturating_add(extra))
        }
        _ => return Err(NotEncodable),
    };
    let number = wide::scaled(&decimal, scale).ok_or(NotEncodable)?;
    Ok(SqlValue::Blob(wide::to_blob(number).to_vec()))
}

/// The value as text that PostgreSQL casts to the column's type.
///
/// # Errors
/// Where the value has not the type that the encoding is for.
pub fn encode_postgresql(value: &Value, encoding: Encoding) -> Result<SqlValue, NotEncodable> {
    let text: Arc<str> = match (encoding, value) {
        (_, Value::Null) => return Ok(SqlValue::Null),
        (Encoding::Scaled(_) | Encoding::WideScaled(_) | Encoding::Numeric, Value::Int(n)) => {
            n.to_string().into()
        }
        (Encoding::Scaled(_) | Encoding::WideScaled(_) | Encoding::Numeric, Value::Decimal(n)) => {
            n.to_string().into()
        }
        (Encoding::Minor(_) | Encoding::WideMinor(_), Value::Money(money)) => {
            money.amount.to_string().into()
        }
        (Encoding::Timestamp, Value::Timestamp(micros)) => {
            let time = Timestamp::from_microsecond(*micros).map_err(|_| NotEncodable)?;
            time.to_string().into()
        }
        (Encoding::Uuid, Value::Row(_) | Value::Uuid(_)) => {
            let id = crate::evaluate::row_id(value).ok_or(NotEncodable)?;
            format!("{id:032x}").into()
        }
        _ => match encode(value, encoding)? {
            SqlValue::Null => return Ok(SqlValue::Null),
            SqlValue::Text(text) => text,
            SqlValue::Integer(n) if encoding == Encoding::Bool => (n != 0).to_string().into(),
            SqlValue::Integer(n) => n.to_string().into(),
            SqlValue::Real(n) => n.to_string().into(),
            SqlValue::Blob(_) => return Err(NotEncodable),
        },
    };
    Ok(SqlValue::Text(text))
}

/// The value of a field from its columns as SQLite yields them, in the order of [`columns`].
///
/// # Errors
/// Where a column holds what no value of the type is stored as.
pub fn decode(columns: &[SqlValue], ty: &Type, schema: &Schema) -> Result<Value, NotEncodable> {
    let Some(first) = columns.first() else { return Err(NotEncodable) };
    if *first == SqlValue::Null {
        return Ok(Value::Null);
    }
    let minor = |amount: i64, currency: &Arc<str>| {
        let scale = u32::from(currency::exponent(currency));
        Value::Money(crate::Money {
            amount: Decimal::from_i128_with_scale(i128::from(amount), scale),
            currency: currency.clone(),
        })
    };
    Ok(match (ty.required(), first) {
        (Type::Bool, SqlValue::Integer(n)) => Value::Bool(*n != 0),
        (Type::Int { .. }, SqlValue::Integer(n)) => Value::Int(*n),
        (Type::Decimal { scale, .. }, SqlValue::Integer(n)) => {
            Value::Decimal(Decimal::from_i128_with_scale(i128::from(*n), u32::from(*scale)))
        }
        (Type::Money { .. }, SqlValue::Integer(n)) => match columns.get(1) {
            Some(SqlValue::Text(currency)) => minor(*n, currency),
            _ => minor(*n, schema.settings.currency()),
        },
        (Type::Float, SqlValue::Real(n)) => Value::Float(*n),
        (Type::Text { .. } | Type::Enum(_), SqlValue::Text(text)) => Value::Text(text.clone()),
        (Type::Date, SqlValue::Text(text)) => {
            Value::Date(text.parse::<civil::Date>().map_err(|_| NotEncodable)?)
        }
        (Type::Time, SqlValue::Text(text)) => {
            Value::Time(text.parse::<civil::Time>().map_err(|_| NotEncodable)?)
        }
        (Type::Timestamp, SqlValue::Integer(n)) => Value::Timestamp(*n),
        (Type::Duration, SqlValue::Integer(n)) => Value::Duration(*n),
        (Type::Uuid | Type::Reference(_), SqlValue::Blob(bytes)) => {
            let bytes = <[u8; 16]>::try_from(bytes.as_slice()).map_err(|_| NotEncodable)?;
            Value::Uuid(u128::from_be_bytes(bytes))
        }
        (Type::Geo, SqlValue::Real(latitude)) => match columns.get(1) {
            Some(SqlValue::Real(longitude)) => {
                Value::Geo(crate::value::Geo { latitude: *latitude, longitude: *longitude })
            }
            _ => return Err(NotEncodable),
        },
        (ty, SqlValue::Text(text)) => {
            let json = json_text::read(text).map_err(|_| NotEncodable)?;
            json::from_json(json, ty, schema).ok_or(NotEncodable)?
        }
        _ => return Err(NotEncodable),
    })
}
