//! `price`: `4000 EUR/month`, `0.002 EUR`.

use base::{Price, RATE_PER};
use rust_decimal::{Decimal, prelude::ToPrimitive};

use super::{Parsed, Problem, Scan, ShortForm};

/// An amount of money, or one per time.
pub(crate) struct PriceForm;

impl ShortForm for PriceForm {
    type Value = Price;
    const NAME: &'static str = "a price";
    const EXAMPLES: &'static [&'static str] = &["0.25 EUR", "4000 EUR/month"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<Price> {
        let number = scan.count()?;
        let micros = number.value.checked_mul(Decimal::from(1_000_000));
        let micros = micros.and_then(|micros| micros.to_i64()).ok_or_else(|| {
            Problem::implausible(number.range.clone(), "more money than there is")
        })?;
        scan.skip_space();
        let range = scan.word_range();
        let currency = scan.text(range.clone()).to_owned();
        if currency.is_empty() {
            let message = format!("`{}` has no currency", scan.text(number.range.clone()));
            return Err(Problem::new("missing-unit", number.range, message));
        }
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            let message = format!("`{currency}` is not a currency code");
            return Err(Problem::new("bad-unit", range, message)
                .help("three capital letters of ISO 4217: `4000 EUR/month`"));
        }
        scan.at = range.end;
        let per = if scan.eat("/") {
            let start = scan.at;
            scan.per()?;
            Some(scan.text(start..scan.at).to_owned())
        } else {
            None
        };
        debug_assert!(per.as_ref().is_none_or(|per| RATE_PER.iter().any(|(name, _)| name == per)));
        Ok(Price { micros, currency, per })
    }
}
