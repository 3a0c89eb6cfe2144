//! Values as PostgreSQL sends them, in its binary formats.

use std::sync::Arc;

use expression::json_text;
use expression::sql::json;
use expression::value::Geo;
use expression::{Money, Schema, Type, Value};
use jiff::{ToSpan, civil};
use runtime::store::StoreError;

use crate::connection::Row;
use crate::numeric;
use crate::wire::{EPOCH, EPOCH_MICROS};
use runtime::store::tables::Columns;

/// A value in the database that no writer of ours has put there.
pub(crate) fn damaged(message: impl Into<String>) -> StoreError {
    StoreError::Corrupt { message: message.into() }
}

/// The bytes of a column; `None` for null.
pub(crate) fn bytes(row: &Row, at: usize) -> Result<Option<&[u8]>, StoreError> {
    row.bytes(at).ok_or_else(|| damaged("a row has fewer columns than were asked for"))
}

/// What a column of a fixed type holds.
pub(crate) trait Column<'r>: Sized {
    /// From its bytes; none where it is null.
    fn of(raw: Option<&'r [u8]>) -> Option<Self>;
}

impl Column<'_> for i64 {
    fn of(raw: Option<&[u8]>) -> Option<Self> {
        long(raw?)
    }
}

impl Column<'_> for u32 {
    fn of(raw: Option<&[u8]>) -> Option<Self> {
        Some(Self::from_be_bytes(raw?.try_into().ok()?))
    }
}

impl<'r> Column<'r> for &'r [u8] {
    fn of(raw: Option<&'r [u8]>) -> Option<Self> {
        raw
    }
}

impl<'r> Column<'r> for &'r str {
    fn of(raw: Option<&'r [u8]>) -> Option<Self> {
        std::str::from_utf8(raw?).ok()
    }
}

impl Column<'_> for String {
    fn of(raw: Option<&[u8]>) -> Option<Self> {
        <&str>::of(raw).map(str::to_owned)
    }
}

impl<'r, T: Column<'r>> Column<'r> for Option<T> {
    fn of(raw: Option<&'r [u8]>) -> Option<Self> {
        match raw {
            None => Some(None),
            raw => T::of(raw).map(Some),
        }
    }
}

/// A column as what it is; nothing where it is something else.
pub(crate) fn column<'r, T: Column<'r>>(row: &'r Row, at: usize) -> Option<T> {
    T::of(row.bytes(at)?)
}

/// The values of all fields from a row whose columns start at `offset`.
pub(crate) fn fields(
    row: &Row,
    offset: usize,
    columns: &Columns,
    schema: &Schema,
) -> Result<Vec<Value>, StoreError> {
    let mut values = Vec::with_capacity(columns.fields.len());
    for field in &columns.fields {
        let first = bytes(row, offset + field.columns.start)?;
        let second = match field.columns.len() {
            2 => bytes(row, offset + field.columns.start + 1)?,
            _ => None,
        };
        values.push(value(first, second, &field.ty, schema).ok_or_else(|| {
            let column = columns.all.get(field.columns.start).map_or("", |column| &column.name);
            damaged(format!("the column {column} holds what its type has no value for"))
        })?);
    }
    Ok(values)
}

/// The rows of a part: an array of records.
pub(crate) fn part(
    raw: Option<&[u8]>,
    columns: &Columns,
    schema: &Schema,
) -> Result<Vec<Arc<[Value]>>, StoreError> {
    let read = || {
        let records = records(raw)?;
        let mut rows = Vec::with_capacity(records.len());
        for record in records {
            let mut record = Input(record);
            let mut values = Vec::with_capacity(columns.fields.len());
            record.take(4)?;
            for field in &columns.fields {
                record.take(4)?;
                let first = record.value()?;
                let second = if field.columns.len() == 2 {
                    record.take(4)?;
                    record.value()?
                } else {
                    None
                };
                values.push(value(first, second, &field.ty, schema)?);
            }
            rows.push(values.into());
        }
        Some(rows)
    };
    read().ok_or_else(|| damaged("the rows of a part are not what their types say"))
}

/// The records of an array of them.
pub(crate) fn records(raw: Option<&[u8]>) -> Option<Vec<&[u8]>> {
    let mut input = Input(raw?);
    let dimensions = input.int()?;
    input.take(8)?;
    if dimensions == 0 {
        return Some(Vec::new());
    }
    let count = usize::try_from(input.int()?).ok()?;
    input.take(4)?;
    (0..count).map(|_| input.value()?).collect()
}

/// Bytes that are read from the front.
pub(crate) struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number of four bytes.
    pub fn int(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    /// A length and so many bytes; null where the length is negative.
    pub fn value(&mut self) -> Option<Option<&'a [u8]>> {
        match usize::try_from(self.int()?) {
            Ok(length) => self.take(length).map(Some),
            Err(_) => Some(None),
        }
    }
}

/// The value of a field of this type; `None` for what is no such value.
pub(crate) fn value(
    first: Option<&[u8]>,
    second: Option<&[u8]>,
    ty: &Type,
    schema: &Schema,
) -> Option<Value> {
    let Some(raw) = first else { return Some(Value::Null) };
    Some(match ty.required() {
        Type::Bool => Value::Bool(*raw.first()? != 0),
        Type::Int { .. } => Value::Int(long(raw)?),
        Type::Duration => Value::Duration(long(raw)?),
        Type::Decimal { .. } => Value::Decimal(numeric::read(raw)?),
        Type::Money { .. } => {
            let currency = match second {
                Some(code) => Arc::from(std::str::from_utf8(code).ok()?),
                None => schema.settings.currency().clone(),
            };
            let mut amount = numeric::read(raw)?;
            amount.rescale(u32::from(expression::currency::exponent(&currency)));
            Value::Money(Money { amount, currency })
        }
        Type::Float => Value::Float(real(raw)?),
        Type::Text { .. } | Type::Enum(_) => Value::Text(std::str::from_utf8(raw).ok()?.into()),
        Type::Date => {
            let days = i32::from_be_bytes(raw.try_into().ok()?);
            Value::Date(EPOCH.checked_add(days.days()).ok()?)
        }
        Type::Time => {
            let micros = long(raw)?;
            Value::Time(civil::Time::midnight().checked_add(micros.microseconds()).ok()?)
        }
        Type::Timestamp => Value::Timestamp(long(raw)?.checked_add(EPOCH_MICROS)?),
        Type::Uuid | Type::Reference(_) => Value::Uuid(u128::from_be_bytes(raw.try_into().ok()?)),
        Type::Geo => Value::Geo(Geo { latitude: real(raw)?, longitude: real(second?)? }),
        ty => {
            // Before the text stands the version of its format, 1.
            let (_, text) = raw.split_first()?;
            json::from_json(json_text::read(std::str::from_utf8(text).ok()?).ok()?, ty, schema)?
        }
    })
}

fn long(raw: &[u8]) -> Option<i64> {
    Some(i64::from_be_bytes(raw.try_into().ok()?))
}

fn real(raw: &[u8]) -> Option<f64> {
    Some(f64::from_be_bytes(raw.try_into().ok()?))
}

/// An id from a column.
pub(crate) fn id(row: &Row, at: usize) -> Result<u128, StoreError> {
    let raw = bytes(row, at)?.and_then(|raw| raw.try_into().ok());
    raw.map(u128::from_be_bytes).ok_or_else(|| damaged("an id has not 16 bytes"))
}

/// An array of ids from a column.
pub(crate) fn ids(row: &Row, at: usize) -> Result<Vec<u128>, StoreError> {
    let read = |raw| {
        let mut input = Input(raw);
        let dimensions = input.int()?;
        input.take(8)?;
        if dimensions == 0 {
            return Some(Vec::new());
        }
        let count = usize::try_from(input.int()?).ok()?;
        input.take(4)?;
        let next = |_| Some(u128::from_be_bytes(input.value()??.try_into().ok()?));
        (0..count).map(next).collect()
    };
    bytes(row, at)?.and_then(read).ok_or_else(|| damaged("a list of ids is none"))
}
