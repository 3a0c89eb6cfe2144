//! What differs between a row and what it becomes.

use expression::{Row, Value};

use super::StoreError;

/// The id of a row; every entity's first field.
#[must_use]
pub fn row_id(row: &Row) -> Option<u128> {
    match row.fields.first() {
        Some(Value::Uuid(id)) => Some(*id),
        Some(Value::Row(of)) => row_id(of),
        _ => None,
    }
}

/// The id of a row that is to be written.
///
/// # Errors
/// [`StoreError::Internal`] if it has none.
pub fn required_id(row: &Row) -> Result<u128, StoreError> {
    row_id(row).ok_or_else(|| StoreError::Internal { message: "a row has no id".to_owned() })
}

/// Positions of the fields that differ. Whether a reference was followed makes no difference.
///
/// # Errors
/// [`StoreError::Internal`] where the rows are not of one shape.
pub fn changed_fields(before: &Row, after: &Row) -> Result<Vec<u16>, StoreError> {
    if before.entity != after.entity || before.fields.len() != after.fields.len() {
        let message = "an update of a row to one of another shape".to_owned();
        return Err(StoreError::Internal { message });
    }
    let pairs = (0u16..).zip(before.fields.iter().zip(&after.fields));
    Ok(pairs.filter(|(_, (old, new))| !same(old, new)).map(|(at, _)| at).collect())
}

fn same(old: &Value, new: &Value) -> bool {
    match (expression::row_id(old), expression::row_id(new)) {
        (Some(old), Some(new)) => old == new,
        _ => old == new,
    }
}
