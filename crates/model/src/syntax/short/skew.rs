//! `skew`: `zipf 1.0`, `hot 9%`.

use super::{Parsed, Problem, Scan, ShareForm, ShortForm};
use crate::syntax::Skew;

/// How unevenly rows are asked for.
pub(crate) struct SkewForm;

impl ShortForm for SkewForm {
    type Value = Skew;
    const NAME: &'static str = "a skew";
    const EXAMPLES: &'static [&'static str] = &["zipf 1.0", "hot 9%"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<Skew> {
        if scan.eat_word("hot") {
            return Ok(Skew::Hot(ShareForm::parse(scan)?));
        }
        if !scan.eat_word("zipf") {
            return Err(scan.expected("`zipf` or `hot`"));
        }
        let number = scan.number(false)?;
        let exponent = number.as_f64();
        if exponent <= 0.0 || exponent > 5.0 {
            let message = "an exponent is above 0 and at most 5";
            return Err(Problem::implausible(number.range, message));
        }
        Ok(Skew::Zipf(exponent))
    }
}
