//! The SQL functions that SQLite lacks.

use expression::sql::wide;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, Result};

/// The function of four arguments that yields the metres between two points.
pub(super) const DISTANCE: &str = "firm_distance";

/// Mean radius of the earth in metres (IUGG).
const EARTH_RADIUS: f64 = 6_371_008.8;

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
        Ok(Some(distance((a, b), (c, d))))
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

/// Metres on the great circle between two points in degrees (haversine formula).
fn distance(from: (f64, f64), to: (f64, f64)) -> f64 {
    let (from_latitude, to_latitude) = (from.0.to_radians(), to.0.to_radians());
    let half = |a: f64, b: f64| ((b - a) / 2.0).sin().powi(2);
    let longitude = half(from.1.to_radians(), to.1.to_radians());
    let chord =
        half(from_latitude, to_latitude) + from_latitude.cos() * to_latitude.cos() * longitude;
    2.0 * EARTH_RADIUS * chord.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_degree_of_latitude_is_111_kilometres() {
        assert!((distance((52.0, 13.0), (53.0, 13.0)) - 111_195.0).abs() < 1.0);
        assert!((distance((0.0, 179.5), (0.0, -179.5)) - 111_195.0).abs() < 1.0);
    }
}
