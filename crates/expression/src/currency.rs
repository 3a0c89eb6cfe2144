//! ISO 4217: how many digits the minor unit of a currency has.

use crate::schema::Schema;

/// Currencies that have no minor unit.
const ZERO: [&str; 17] = [
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND",
    "VUV", "XAF", "XOF", "XPF",
];
/// Currencies whose minor unit is a thousandth.
const THREE: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];
/// Units of account with four digits.
const FOUR: [&str; 2] = ["CLF", "UYW"];

/// Digits after the point of an amount in this currency: 2 for most and for unknown ones.
#[must_use]
pub fn exponent(currency: &str) -> u8 {
    match currency {
        code if ZERO.contains(&code) => 0,
        code if THREE.contains(&code) => 3,
        code if FOUR.contains(&code) => 4,
        _ => 2,
    }
}

/// The largest exponent of the system's currencies.
#[must_use]
pub fn largest_exponent(schema: &Schema) -> u8 {
    let currencies = schema.settings.currencies.iter();
    currencies.map(|code| exponent(code)).max().unwrap_or(2)
}
