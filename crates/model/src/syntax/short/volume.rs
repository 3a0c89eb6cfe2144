//! `volume`: `2M + 60k/month`, `3 per Order`.

use base::Rate;

use super::path::path;
use super::{Parsed, Problem, Scan, ShortForm};
use crate::syntax::VolumeSyntax;

/// How many rows, and how many more.
pub(crate) struct VolumeForm;

impl ShortForm for VolumeForm {
    type Value = VolumeSyntax;
    const NAME: &'static str = "a volume";
    const EXAMPLES: &'static [&'static str] = &["2k", "2M + 60k/month", "3 per Order"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<VolumeSyntax> {
        let number = scan.count()?;
        let count = number.as_f64();
        if count > 1e15 {
            return Err(Problem::implausible(number.range, "more than 10^15 rows"));
        }
        if scan.eat_word("per") {
            return Ok(VolumeSyntax::Per { count, entity: path(scan, "an entity")? });
        }
        if scan.rest().starts_with('/') {
            let message = "a volume starts with the rows that are there";
            return Err(Problem::new("missing-number", number.range, message)
                .help("say how many there are at the start: `0 + 60k/month`"));
        }
        scan.refuse_unit()?;
        scan.skip_space();
        let inflow = if scan.eat("+") {
            scan.skip_space();
            let start = scan.at;
            let mean = scan.per_second()?;
            Some(scan.spanned(Rate { mean, peak: mean }, start))
        } else {
            None
        };
        Ok(VolumeSyntax::Rows { rows: count, inflow })
    }
}
