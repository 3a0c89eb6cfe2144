//! `literal`: `4`, `true`, `now`, `confirmed`, `'text'`.

use super::{Parsed, Problem, Scan, ShortForm};
use crate::syntax::Literal;

/// A constant.
pub(crate) struct LiteralForm;

impl ShortForm for LiteralForm {
    type Value = Literal;
    const NAME: &'static str = "a literal";
    const EXAMPLES: &'static [&'static str] = &["4", "true", "now", "confirmed", "'some text'"];

    fn parse(scan: &mut Scan<'_>) -> Parsed<Literal> {
        literal(scan)
    }
}

pub(super) fn literal(scan: &mut Scan<'_>) -> Parsed<Literal> {
    if scan.at_number() {
        return number(scan);
    }
    if scan.rest().starts_with('\'') {
        return text(scan);
    }
    let word = scan.name("a literal")?;
    Ok(match word.value.as_str() {
        "true" => Literal::Bool(true),
        "false" => Literal::Bool(false),
        "now" => Literal::Now,
        _ => Literal::Word(word.value),
    })
}

fn number(scan: &mut Scan<'_>) -> Parsed<Literal> {
    let negative = scan.eat("-");
    let number = scan.count()?;
    scan.refuse_unit()?;
    Ok(Literal::Number(if negative { -number.value } else { number.value }))
}

/// `'text'`; a quote within is doubled.
fn text(scan: &mut Scan<'_>) -> Parsed<Literal> {
    let start = scan.at;
    scan.eat("'");
    let mut text = String::new();
    let rest = scan.rest();
    let mut characters = rest.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let closing = c == '\'' && characters.next_if(|(_, next)| *next == c).is_none();
        if closing {
            scan.at += at + 1;
            return Ok(Literal::Text(text));
        }
        text.push(c);
    }
    Err(Problem::new("unclosed-quote", start..start + 1 + rest.len(), "the quote is not closed"))
}
