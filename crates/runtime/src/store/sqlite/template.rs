//! The SQL of a condition, with its constants written out and its parameters numbered on demand.
//!
//! Constants are written out so that the planner sees them: a partial index serves only conditions
//! that name its constants. Numbers are given on demand because the conditions of one statement
//! share its parameters.

use expression::ir::Kind;
use expression::sql::{Fragment, Parameter};

use super::codec;

/// A piece of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// SQL.
    Text(String),
    /// A parameter, by its position among those that are left.
    Parameter(usize),
}

/// SQL with open parameter numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Piece>);

impl Template {
    /// Takes a fragment apart, whose parameters are numbered from 1; the parameters that are left.
    pub fn new(fragment: Fragment) -> (Self, Vec<Parameter>) {
        let mut left = Vec::new();
        let mut pieces = Vec::new();
        for parameter in fragment.parameters {
            let constant = match &parameter.value.kind {
                Kind::Literal(value) => codec::literal(value, parameter.encoding),
                _ => None,
            };
            pieces.push(constant.map_or(Piece::Parameter(left.len()), Piece::Text));
            if matches!(pieces.last(), Some(Piece::Parameter(_))) {
                left.push(parameter);
            }
        }
        (Self(split(&fragment.sql, &pieces)), left)
    }

    /// The SQL with its first parameter of this number.
    pub fn numbered_from(&self, first: usize) -> String {
        let write = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Parameter(at) => format!("?{}", first + at),
        };
        self.0.iter().map(write).collect()
    }
}

/// The text with `?N` replaced by the piece at N - 1; what is quoted stays as it is.
fn split(sql: &str, pieces: &[Piece]) -> Vec<Piece> {
    let mut all = Vec::new();
    let mut text = String::new();
    let mut quote = None;
    let mut rest = sql.chars().peekable();
    while let Some(next) = rest.next() {
        match (quote, next) {
            (None, '?') => {
                let mut number = 0usize;
                while let Some(digit) = rest.peek().and_then(|next| next.to_digit(10)) {
                    number = number.saturating_mul(10).saturating_add(digit as usize);
                    rest.next();
                }
                all.push(Piece::Text(std::mem::take(&mut text)));
                all.extend(number.checked_sub(1).and_then(|at| pieces.get(at)).cloned());
                continue;
            }
            (None, '\'' | '"') => quote = Some(next),
            (Some(open), _) if open == next => quote = None,
            _ => {}
        }
        text.push(next);
    }
    all.push(Piece::Text(text));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_and_constants_written_out() {
        let pieces =
            [Piece::Parameter(0), Piece::Text("'it''s ?1'".to_owned()), Piece::Parameter(1)];
        let sql = "a = ?1 AND \"b?1\" = ?2 AND c = '?3''' AND ?3 = ?1";
        let expected = "a = ?12 AND \"b?1\" = 'it''s ?1' AND c = '?3''' AND ?13 = ?12";
        assert_eq!(Template(split(sql, &pieces)).numbered_from(12), expected);
    }
}
