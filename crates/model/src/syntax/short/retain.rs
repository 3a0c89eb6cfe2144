//! `retain`: `90d`, `2y after deleted_at then anonymise`.

use base::did_you_mean;

use super::{Keeping, Parsed, Problem, Scan, ShortForm};
use crate::model::RetainEnd;
use crate::syntax::Retain;

/// How long rows are kept, and what then happens.
pub(crate) struct RetainForm;

const ENDS: [(&str, RetainEnd); 3] = [
    ("delete", RetainEnd::Delete),
    ("anonymise", RetainEnd::Anonymise),
    ("archive", RetainEnd::Archive),
];

impl ShortForm for RetainForm {
    type Value = Retain;
    const NAME: &'static str = "a retention";
    const EXAMPLES: &'static [&'static str] =
        &["90d", "7y after placed_at", "2y after deleted_at then anonymise"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<Retain> {
        let start = scan.at;
        let period = Keeping::parse(scan)?;
        let period = scan.spanned(period, start);
        let after =
            if scan.eat_word("after") { Some(scan.name("a field after `after`")?) } else { None };
        let end = if scan.eat_word("then") { end(scan)? } else { RetainEnd::Delete };
        Ok(Retain { period, after, end })
    }
}

fn end(scan: &mut Scan<'_>) -> Parsed<RetainEnd> {
    let range = scan.word_range();
    let word = scan.text(range.clone());
    if let Some((_, end)) = ENDS.iter().find(|(name, _)| *name == word) {
        scan.at = range.end;
        return Ok(*end);
    }
    let problem = Problem::new(
        "unknown-word",
        range,
        format!("expected `delete`, `anonymise` or `archive`, found `{word}`"),
    );
    Err(match did_you_mean(word, ENDS.iter().map(|(name, _)| *name)) {
        Some(name) => problem.help(format!("did you mean `{name}`?")).fix(name),
        None => problem,
    })
}
