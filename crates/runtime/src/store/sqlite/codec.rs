//! Values to columns and back.

use std::sync::Arc;

use expression::sql::encoding::{self, SqlValue};
use expression::{Schema, Value};
use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

use super::failure;
use super::plan::{Column, Columns};
use crate::store::StoreError;
use crate::store::tables::Field;

/// A value that a statement binds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bind(pub SqlValue);

impl ToSql for Bind {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match &self.0 {
            SqlValue::Null => ValueRef::Null,
            SqlValue::Integer(number) => ValueRef::Integer(*number),
            SqlValue::Real(number) => ValueRef::Real(*number),
            SqlValue::Text(text) => ValueRef::Text(text.as_bytes()),
            SqlValue::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl Bind {
    /// An id.
    pub fn id(id: u128) -> Self {
        Self(SqlValue::Blob(id.to_be_bytes().to_vec()))
    }

    /// Ids as [`super::plan::IDS`] reads them.
    pub fn ids(ids: &[u128]) -> Self {
        let items = ids.iter().map(|id| format!("\"{id:032x}\"")).collect::<Vec<_>>().join(",");
        Self(SqlValue::Text(format!("[{items}]").into()))
    }
}

/// What a field's value is in its columns.
pub(super) fn encode(
    value: &Value,
    columns: &[Column],
    into: &mut Vec<Bind>,
) -> Result<(), StoreError> {
    for column in columns {
        into.push(encode_as(value, column.encoding, &column.name)?);
    }
    Ok(())
}

/// What a value is under an encoding; `what` names it in the message of a defect.
pub(super) fn encode_as(
    value: &Value,
    encoding: encoding::Encoding,
    what: &str,
) -> Result<Bind, StoreError> {
    encoding::encode(value, encoding).map(Bind).map_err(|_| StoreError::Internal {
        message: format!("{what} cannot hold a value of another type or size"),
    })
}

/// The value as SQL text; `None` for null and for what has no such text.
pub(super) fn literal(value: &Value, encoding: encoding::Encoding) -> Option<String> {
    Some(match encoding::encode(value, encoding).ok()? {
        SqlValue::Null => return None,
        SqlValue::Integer(number) => number.to_string(),
        SqlValue::Real(number) if number.is_finite() => format!("{number:e}"),
        SqlValue::Text(text) if !text.contains('\0') => format!("'{}'", text.replace('\'', "''")),
        SqlValue::Real(_) | SqlValue::Text(_) => return None,
        SqlValue::Blob(bytes) => {
            format!("x'{}'", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        }
    })
}

/// What the values of all fields are in all columns.
pub(super) fn encode_all(
    values: &[Value],
    columns: &Columns,
    into: &mut Vec<Bind>,
) -> Result<(), StoreError> {
    if values.len() != columns.fields.len() {
        let message = "a row has not the number of fields of its shape".to_owned();
        return Err(StoreError::Internal { message });
    }
    for (value, field) in values.iter().zip(&columns.fields) {
        encode(value, columns.all.get(field.columns.clone()).unwrap_or_default(), into)?;
    }
    Ok(())
}

/// The values of all fields from a row of a statement whose columns start at `offset`.
pub(super) fn decode_all(
    row: &rusqlite::Row<'_>,
    offset: usize,
    columns: &Columns,
    schema: &Schema,
) -> Result<Vec<Value>, StoreError> {
    let mut raw = Vec::with_capacity(2);
    let mut values = Vec::with_capacity(columns.fields.len());
    for field in &columns.fields {
        let value = decode_at(row, offset + field.columns.start, columns, field, schema, &mut raw)?;
        values.push(value);
    }
    Ok(values)
}

/// The value of one field, whose columns start at `at`.
pub(super) fn decode_at(
    row: &rusqlite::Row<'_>,
    at: usize,
    columns: &Columns,
    field: &Field,
    schema: &Schema,
    raw: &mut Vec<SqlValue>,
) -> Result<Value, StoreError> {
    raw.clear();
    for column in at..at + field.columns.len() {
        raw.push(sql_value(row.get_ref(column)?)?);
    }
    encoding::decode(raw, &field.ty, schema).map_err(|_| {
        let column = columns.all.get(field.columns.start).map_or("", |column| &column.name);
        failure::damaged(format!("the column {column} holds what its type has no value for"))
    })
}

/// What a column holds.
pub(super) fn sql_value(value: ValueRef<'_>) -> Result<SqlValue, StoreError> {
    Ok(match value {
        ValueRef::Null => SqlValue::Null,
        ValueRef::Integer(number) => SqlValue::Integer(number),
        ValueRef::Real(number) => SqlValue::Real(number),
        ValueRef::Text(bytes) => SqlValue::Text(text(bytes)?),
        ValueRef::Blob(bytes) => SqlValue::Blob(bytes.to_vec()),
    })
}

fn text(bytes: &[u8]) -> Result<Arc<str>, StoreError> {
    std::str::from_utf8(bytes).map(Arc::from).map_err(|_| failure::damaged("a text is not UTF-8"))
}

/// An id from a column.
pub(super) fn id(row: &rusqlite::Row<'_>, at: usize) -> Result<u128, StoreError> {
    row.get_ref(at)?
        .as_blob()
        .ok()
        .and_then(|bytes| <[u8; 16]>::try_from(bytes).ok())
        .map(u128::from_be_bytes)
        .ok_or_else(|| failure::damaged("an id has not 16 bytes"))
}

/// The values as they are kept.
pub(super) fn stored(binds: &[Bind]) -> Vec<rusqlite::types::Value> {
    use rusqlite::types::Value as Stored;
    let value = |Bind(value): &Bind| match value {
        SqlValue::Null => Stored::Null,
        SqlValue::Integer(number) => Stored::Integer(*number),
        SqlValue::Real(number) => Stored::Real(*number),
        SqlValue::Text(text) => Stored::Text(text.to_string()),
        SqlValue::Blob(bytes) => Stored::Blob(bytes.clone()),
    };
    binds.iter().map(value).collect()
}
