//! What is wrong with a text that is no expression, and what was probably meant.

use base::{Diagnostic, Span};

use super::lexer::{Token, TokenKind, Wrong};
use super::{MAX_HEIGHT, Parser, RESERVED};

impl Parser<'_> {
    pub(super) fn too_deep(&mut self, span: Span) {
        let message = format!("the expression is nested more than {MAX_HEIGHT} levels deep");
        self.diagnostics.push(
            Diagnostic::error("expression-too-deep", span, message)
                .help("move parts of it to `rules` of the entity"),
        );
    }

    /// Whether a word can be a name; reports it if not.
    pub(super) fn is_allowed(&mut self, name: &str, span: Span) -> bool {
        let reserved = RESERVED.contains(&name);
        if reserved {
            let message = format!("`{name}` is a reserved word of CEL, not a name");
            self.diagnostics.push(Diagnostic::error("reserved-word", span, message));
        }
        !reserved
    }

    /// Reports the token at hand, where `expected` would have been right.
    pub(super) fn unexpected(&mut self, expected: &str) {
        let token = self.token;
        let span = self.span(token.start, token.end);
        let diagnostic = match token.kind {
            TokenKind::Wrong(wrong) => self.wrong(wrong, token, span),
            TokenKind::End => {
                let message = format!("the expression ends where {expected} should follow");
                Diagnostic::error("incomplete-expression", span, message)
            }
            _ => self.misplaced(token, span, expected),
        };
        self.diagnostics.push(diagnostic);
    }

    fn misplaced(&self, token: Token, span: Span, expected: &str) -> Diagnostic {
        let text = self.text_of(token);
        let message = format!("expected {expected}, found `{text}`");
        let diagnostic = Diagnostic::error("unexpected-token", span, message);
        let operator = match text {
            "and" => "&&",
            "or" => "||",
            "not" => "!",
            "is" => "==",
            _ => return diagnostic,
        };
        diagnostic.help(format!("CEL writes it `{operator}`")).fix(
            format!("Replace by `{operator}`"),
            true,
            span,
            operator,
        )
    }

    fn wrong(&self, wrong: Wrong, token: Token, span: Span) -> Diagnostic {
        let text = self.text_of(token);
        let error = |id, message: String| Diagnostic::error(id, span, message);
        match wrong {
            Wrong::SingleEqual => error("single-equals", "`=` does not compare".to_owned())
                .help("`==` compares")
                .fix("Replace by `==`", true, span, "=="),
            Wrong::SingleAnd => error("unexpected-token", "`&` is not an operator".to_owned())
                .help("`&&` is the logical and")
                .fix("Replace by `&&`", true, span, "&&"),
            Wrong::SingleOr => error("unexpected-token", "`|` is not an operator".to_owned())
                .help("`||` is the logical or")
                .fix("Replace by `||`", true, span, "||"),
            Wrong::Brace => {
                error("unsupported-syntax", "there are no map or message literals".to_owned())
                    .help("build structured values with YAML maps in `with` and `set`")
            }
            Wrong::UnterminatedText => {
                error("unterminated-text", "the text has no closing quote".to_owned())
                    .label("starts here")
            }
            Wrong::Exponent => {
                error("unsupported-syntax", format!("`{text}` is a double: there are none"))
                    .help("write all digits: decimals are exact")
            }
            Wrong::Hexadecimal => {
                error("unsupported-syntax", format!("`{text}` is not a decimal number"))
            }
            Wrong::Suffix => error("invalid-number", format!("`{text}` is not a number"))
                .help("units are written `duration('90s')` or `money(2.5, 'EUR')`"),
            Wrong::Bytes => error("unsupported-syntax", "there are no byte literals".to_owned()),
            Wrong::Character => {
                error("unexpected-token", format!("`{text}` has no meaning in an expression"))
            }
        }
    }
}
