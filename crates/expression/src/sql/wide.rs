//! Numbers of up to 28 digits in SQLite, whose integers have 64 bits and turn into floats
//! silently. A wide number is a `BLOB` of 16 bytes that compares as the number does.
//!
//! The store registers the functions of [`FUNCTIONS`] on every connection.

use rust_decimal::Decimal;

/// The decimal times 10^scale, if it has no more digits after the point than that.
#[must_use]
pub fn scaled(decimal: &Decimal, scale: u8) -> Option<i128> {
    let decimal = decimal.normalize();
    let missing = u32::from(scale).checked_sub(decimal.scale())?;
    decimal.mantissa().checked_mul(10i128.checked_pow(missing)?)
}

/// The blob of a number: big-endian with the sign flipped, so that `memcmp` orders it.
#[must_use]
pub const fn to_blob(number: i128) -> [u8; 16] {
    (number ^ i128::MIN).to_be_bytes()
}

/// The number of a blob.
#[must_use]
pub fn from_blob(blob: &[u8]) -> Option<i128> {
    let bytes = <[u8; 16]>::try_from(blob).ok()?;
    Some(i128::from_be_bytes(bytes) ^ i128::MIN)
}

/// An operation; none where it overflows.
pub type Operation = fn(i128, i128) -> Option<i128>;

/// The operations on wide numbers, as SQLite functions of these names. An argument is an `INTEGER`
/// or a wide blob; any null argument makes the result null. Deterministic; the checker has proven
/// that nothing overflows.
pub const FUNCTIONS: [(&str, Operation); 3] = [
    ("firm_add", i128::checked_add),
    ("firm_subtract", i128::checked_sub),
    ("firm_multiply", i128::checked_mul),
];

/// The function of one argument that makes an `INTEGER` wide.
pub const WIDEN: &str = "firm_wide";
