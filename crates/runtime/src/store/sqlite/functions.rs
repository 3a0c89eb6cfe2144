//! The SQL functions that SQLite lacks.

use expression::sql::{DISTANCE, wide};
use expression::value::Geo;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, Result};

/// Registers the functions on a connection.
pub(super) fn register(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    for (name, operation) in wide::FUNCTIONS {
        connection.create_scalar_function(name, 2, flags, move |arguments| {
            let (Some(left), Some(right)) = (number(arguments, 0)?, number(arguments, 1)?) else {
                return Ok(None);
            };
            let overflow = || Error::UserFunctionError(format!("{name} overflows").into());
            operation(left, right).map(wide::to_blob).map(Some).ok_or_else(overflow)
        })?;
    }
    connection.create_scalar_function(wide::WIDEN, 1, flags, |arguments| {
        Ok(number(arguments, 0)?.map(wide::to_blob))
    })?;
    connection.create_scalar_function(DISTANCE, 4, flags, |arguments| {
        let degrees = |at| arguments.get::<Option<f64>>(at);
        let points = (degrees(0)?, degrees(1)?, degrees(2)?, degrees(3)?);
        let (Some(a), Some(b), Some(c), Some(d)) = points else { return Ok(None) };
        let place = |latitude, longitude| Geo { latitude, longitude };
        Ok(Some(expression::distance(&place(a, b), &place(c, d))))
    })
}

/// An integer or a wide number; null stays null.
fn number(arguments: &Context<'_>, at: usize) -> Result<Option<i128>> {
    match arguments.get_raw(at) {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(number) => Ok(Some(i128::from(number))),
        ValueRef::Blob(bytes) => Ok(wide::from_blob(bytes)),
        _ => Err(Error::InvalidFunctionParameterType(at, arguments.get_raw(at).data_type())),
    }
}
