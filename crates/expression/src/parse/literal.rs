//! Numbers and texts.

use std::sync::Arc;

use base::Diagnostic;
use rust_decimal::Decimal;

use super::Parser;
use super::lexer::{Token, TokenKind};
use crate::ast::AstKind;

impl Parser<'_> {
    pub(super) fn number(&mut self, token: Token) -> Option<AstKind> {
        let written = self.text_of(token);
        let plain;
        let digits = if written.contains('_') {
            plain = written.replace('_', "");
            &plain
        } else {
            written
        };
        let value = if token.kind == TokenKind::Int {
            digits.parse::<i64>().ok().map(AstKind::Int)
        } else {
            Decimal::from_str_exact(digits).ok().map(AstKind::Decimal)
        };
        if value.is_none() {
            let message = format!("the number `{written}` has too many digits");
            let help = "integers have at most 18 digits, decimals at most 28";
            self.diagnostics.push(
                Diagnostic::error("invalid-number", self.span(token.start, token.end), message)
                    .help(help),
            );
        }
        value
    }

    /// The text between the quotes. A wrong escape is reported, and reading goes on.
    pub(super) fn text_value(&mut self, token: Token, raw: bool) -> Arc<str> {
        let skip = 1 + usize::from(raw);
        let body = self.text.get(token.start + skip..token.end - 1).unwrap_or("");
        if raw || !body.contains('\\') {
            return body.into();
        }
        let mut text = String::with_capacity(body.len());
        let mut rest = body;
        while let Some(at) = rest.find('\\') {
            let (before, escape) = rest.split_at(at);
            text.push_str(before);
            let (character, length) = unescape(escape);
            match character {
                Some(character) => text.push(character),
                None => {
                    let start = token.start + skip + (body.len() - escape.len());
                    self.wrong_escape(start, start + length);
                }
            }
            rest = escape.get(length..).unwrap_or("");
        }
        text.push_str(rest);
        text.into()
    }

    fn wrong_escape(&mut self, start: usize, end: usize) {
        let written = self.text.get(start..end).unwrap_or("");
        let message = format!("`{written}` is not an escape");
        let span = self.span(start, end);
        self.diagnostics.push(
            Diagnostic::error("invalid-escape", span, message)
                .help("a backslash itself is written `\\\\`, or put `r` before the quote"),
        );
    }
}

/// The character that an escape stands for, and the length of the escape.
fn unescape(escape: &str) -> (Option<char>, usize) {
    let Some(letter) = escape.chars().nth(1) else { return (None, escape.len()) };
    let simple = |character| (Some(character), 2);
    match letter {
        '\\' | '\'' | '"' | '`' | '?' => simple(letter),
        'a' => simple('\u{7}'),
        'b' => simple('\u{8}'),
        'f' => simple('\u{c}'),
        'n' => simple('\n'),
        'r' => simple('\r'),
        't' => simple('\t'),
        'v' => simple('\u{b}'),
        'x' | 'X' => code_point(escape, 2, 2, 16),
        'u' => code_point(escape, 2, 4, 16),
        'U' => code_point(escape, 2, 8, 16),
        '0'..='3' => code_point(escape, 1, 3, 8),
        other => (None, 1 + other.len_utf8()),
    }
}

fn code_point(escape: &str, from: usize, digits: usize, radix: u32) -> (Option<char>, usize) {
    let Some(number) = escape.get(from..from + digits) else { return (None, 2) };
    let character = u32::from_str_radix(number, radix).ok().and_then(char::from_u32);
    (character.filter(|&c| c != '\0'), from + digits)
}
