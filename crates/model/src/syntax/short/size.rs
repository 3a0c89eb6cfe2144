//! `size`: `64KiB`, `5MB`.

use base::Bytes;
use rust_decimal::{Decimal, prelude::ToPrimitive};

use super::{Parsed, Problem, Scan, ShortForm};

pub(super) const UNITS: [(&str, u64); 7] = [
    ("B", 1),
    ("kB", 1_000),
    ("KiB", 1 << 10),
    ("MB", 1_000_000),
    ("MiB", 1 << 20),
    ("GB", 1_000_000_000),
    ("GiB", 1 << 30),
];

/// A size in bytes.
pub(crate) struct Size;

impl ShortForm for Size {
    type Value = Bytes;
    const NAME: &'static str = "a size";
    const EXAMPLES: &'static [&'static str] = &["512B", "64KiB", "5MB"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<Bytes> {
        let number = scan.number(false)?;
        let unit = scan.unit(&number, &UNITS)?;
        let bytes = number.value.checked_mul(Decimal::from(unit)).and_then(|bytes| bytes.to_u64());
        match bytes {
            Some(bytes) if (1..=1 << 44).contains(&bytes) => Ok(Bytes(bytes)),
            _ => {
                let message = "expected a size between a byte and 16 TiB";
                Err(Problem::implausible(number.range.start..scan.at, message))
            }
        }
    }
}
