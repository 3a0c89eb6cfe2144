//! The SQL of a condition, with its constants written out and its parameters numbered on demand.
//!
//! Constants are written out so that the planner sees them: a partial index serves only conditions
//! that name its constants. Numbers are given on demand because the conditions of one statement
//! share its parameters.

use expression::Value;
use expression::ir::Kind;
use expression::sql::{Dialect, Encoding, Fragment, Parameter};

/// A constant as SQL text; `None` for null and for what has no such text.
pub type Literal = fn(&Value, Encoding) -> Option<String>;

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
pub struct Template {
    pieces: Vec<Piece>,
    mark: char,
}

impl Template {
    /// Takes a fragment apart, whose parameters are numbered from 1; the parameters that are left.
    #[must_use]
    pub fn new(fragment: Fragment, dialect: Dialect, literal: Literal) -> (Self, Vec<Parameter>) {
        let mut left = Vec::new();
        let mut pieces = Vec::new();
        for parameter in fragment.parameters {
            let constant = match &parameter.value.kind {
                Kind::Literal(value) => literal(value, parameter.encoding),
                _ => None,
            };
            pieces.push(constant.map_or(Piece::Parameter(left.len()), Piece::Text));
            if matches!(pieces.last(), Some(Piece::Parameter(_))) {
                left.push(parameter);
            }
        }
        let mark = match dialect {
            Dialect::Sqlite => '?',
            Dialect::PostgreSql => '$',
        };
        (Self { pieces: split(&fragment.sql, mark, &pieces), mark }, left)
    }

    /// The SQL with its first parameter of this number.
    #[must_use]
    pub fn numbered_from(&self, first: usize) -> String {
        let write = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Parameter(at) => format!("{}{}", self.mark, first + at),
        };
        self.pieces.iter().map(write).collect()
    }
}

/// What PostgreSQL's fragments say of every parameter: that it is bound as text.
const AS_TEXT: &str = "::text";

/// The text with `?N` (or `$N`) replaced by the piece at N - 1; what is quoted stays as it is. A
/// parameter loses its detour over text: it is bound as what it is cast to.
fn split(sql: &str, mark: char, pieces: &[Piece]) -> Vec<Piece> {
    let mut all = Vec::new();
    let mut text = String::new();
    let mut quote = None;
    let mut rest = sql.chars().peekable();
    while let Some(next) = rest.next() {
        match (quote, next) {
            (None, next) if next == mark => {
                let mut number = 0usize;
                while let Some(digit) = rest.peek().and_then(|next| next.to_digit(10)) {
                    number = number.saturating_mul(10).saturating_add(digit as usize);
                    rest.next();
                }
                all.push(Piece::Text(std::mem::take(&mut text)));
                let piece = number.checked_sub(1).and_then(|at| pieces.get(at)).cloned();
                let left: String = rest.clone().take(AS_TEXT.len() + 2).collect();
                let detour = left.strip_prefix(AS_TEXT).is_some_and(|left| left == "::");
                if detour && matches!(piece, Some(Piece::Parameter(_))) {
                    rest.nth(AS_TEXT.len() - 1);
                }
                all.extend(piece);
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
        let template = |sql, mark| Template { pieces: split(sql, mark, &pieces), mark };
        assert_eq!(template(sql, '?').numbered_from(12), expected);
        let sql = "$1::text::uuid = \"$1\" AND $2::text::text AND $3::text";
        let expected = "$2::uuid = \"$1\" AND 'it''s ?1'::text::text AND $3::text";
        assert_eq!(template(sql, '$').numbered_from(2), expected);
    }
}
