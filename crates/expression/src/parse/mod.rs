//! The reader of CEL syntax: own lexer, then precedence climbing.

mod lexer;
mod literal;
mod report;

use std::ops::Range;

use base::{Diagnostic, Span};

use crate::ast::{Ast, AstKind};
use crate::ir::Binary;
use lexer::{Lexer, Token, TokenKind};

/// How high a tree may be: deeper ones are refused, so that nothing that walks a tree can run out
/// of stack.
pub(crate) const MAX_HEIGHT: u32 = 100;

/// Words that CEL reserves; no name can be one.
pub const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "namespace",
    "package",
    "return",
    "var",
    "void",
    "while",
];

/// Reads an expression. `place` maps a range of bytes of `text` to its place in the model's source
/// (through quoting and folding). No tree comes back exactly if there are errors.
#[must_use]
pub fn parse(text: &str, place: &dyn Fn(Range<usize>) -> Span) -> (Option<Ast>, Vec<Diagnostic>) {
    let mut lexer = Lexer::new(text);
    let token = lexer.next();
    let mut parser = Parser { text, place, lexer, token, before: 0, depth: 0, diagnostics: vec![] };
    let node = parser.expression();
    if node.is_some() && parser.token.kind != TokenKind::End {
        parser.unexpected("an operator or the end");
    }
    let Parser { diagnostics, .. } = parser;
    let ast = node.filter(|_| diagnostics.is_empty()).map(|node| node.ast);
    (ast, diagnostics)
}

struct Parser<'t> {
    text: &'t str,
    place: &'t dyn Fn(Range<usize>) -> Span,
    lexer: Lexer<'t>,
    token: Token,
    /// End of the token before.
    before: usize,
    depth: u32,
    diagnostics: Vec<Diagnostic>,
}

/// A tree with where it starts and how high it is.
struct Node {
    ast: Ast,
    start: usize,
    height: u32,
}

impl<'t> Parser<'t> {
    fn span(&self, start: usize, end: usize) -> Span {
        (self.place)(start..end)
    }

    fn text_of(&self, token: Token) -> &'t str {
        self.text.get(token.start..token.end).unwrap_or("")
    }

    fn advance(&mut self) -> Token {
        let token = self.token;
        self.before = token.end;
        self.token = self.lexer.next();
        token
    }

    fn accept(&mut self, kind: TokenKind) -> bool {
        let found = self.token.kind == kind;
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, kind: TokenKind, what: &str) -> Option<()> {
        if self.accept(kind) {
            return Some(());
        }
        self.unexpected(what);
        None
    }

    fn node(&mut self, kind: AstKind, start: usize, below: u32) -> Option<Node> {
        let height = below + 1;
        let span = self.span(start, self.before);
        if height > MAX_HEIGHT {
            self.too_deep(span);
            return None;
        }
        Some(Node { ast: Ast { kind, span }, start, height })
    }

    /// `condition ? then : otherwise`, or anything that binds tighter.
    fn expression(&mut self) -> Option<Node> {
        self.depth += 1;
        let node = if self.depth > MAX_HEIGHT {
            self.too_deep(self.span(self.token.start, self.token.end));
            None
        } else {
            self.conditional()
        };
        self.depth -= 1;
        node
    }

    fn conditional(&mut self) -> Option<Node> {
        let condition = self.binary(0)?;
        if !self.accept(TokenKind::Question) {
            return Some(condition);
        }
        let then = self.binary(0)?;
        self.expect(TokenKind::Colon, "`:` and the other value")?;
        let otherwise = self.expression()?;
        let height = condition.height.max(then.height).max(otherwise.height);
        let kind = AstKind::Conditional {
            condition: Box::new(condition.ast),
            then: Box::new(then.ast),
            otherwise: Box::new(otherwise.ast),
        };
        self.node(kind, condition.start, height)
    }

    fn binary(&mut self, minimum: u8) -> Option<Node> {
        let mut left = self.unary()?;
        while let Some((operator, power)) = self.operator().filter(|&(_, power)| power > minimum) {
            let token = self.advance();
            let operator_span = self.span(token.start, token.end);
            let right = self.binary(power)?;
            let height = left.height.max(right.height);
            let start = left.start;
            let (left_ast, right) = (Box::new(left.ast), Box::new(right.ast));
            let kind = AstKind::Binary { operator, operator_span, left: left_ast, right };
            left = self.node(kind, start, height)?;
        }
        Some(left)
    }

    /// The operator at hand with its binding power.
    fn operator(&self) -> Option<(Binary, u8)> {
        Some(match self.token.kind {
            TokenKind::Or => (Binary::Or, 1),
            TokenKind::And => (Binary::And, 2),
            TokenKind::Equal => (Binary::Equal, 3),
            TokenKind::NotEqual => (Binary::NotEqual, 3),
            TokenKind::Less => (Binary::Less, 3),
            TokenKind::LessOrEqual => (Binary::LessOrEqual, 3),
            TokenKind::Greater => (Binary::Greater, 3),
            TokenKind::GreaterOrEqual => (Binary::GreaterOrEqual, 3),
            TokenKind::Name if self.text_of(self.token) == "in" => (Binary::In, 3),
            TokenKind::Plus => (Binary::Add, 4),
            TokenKind::Minus => (Binary::Subtract, 4),
            TokenKind::Times => (Binary::Multiply, 5),
            TokenKind::Divide => (Binary::Divide, 5),
            TokenKind::Percent => (Binary::Remainder, 5),
            _ => return None,
        })
    }

    fn unary(&mut self) -> Option<Node> {
        let wrap: fn(Box<Ast>) -> AstKind = match self.token.kind {
            TokenKind::Not => AstKind::Not,
            TokenKind::Minus => AstKind::Negate,
            _ => return self.postfix(),
        };
        let start = self.advance().start;
        self.depth += 1;
        if self.depth > MAX_HEIGHT {
            self.too_deep(self.span(start, self.before));
            return None;
        }
        let inner = self.unary();
        self.depth -= 1;
        let inner = inner?;
        self.node(wrap(Box::new(inner.ast)), start, inner.height)
    }

    fn postfix(&mut self) -> Option<Node> {
        let mut node = self.primary()?;
        loop {
            node = match self.token.kind {
                TokenKind::Dot => self.member(node)?,
                TokenKind::OpenBracket => {
                    self.advance();
                    let index = self.expression()?;
                    self.expect(TokenKind::CloseBracket, "`]`")?;
                    let height = node.height.max(index.height);
                    let (of, index) = (Box::new(node.ast), Box::new(index.ast));
                    self.node(AstKind::Index { of, index }, node.start, height)?
                }
                TokenKind::Wrong(lexer::Wrong::Brace) => {
                    self.unexpected("an operator or the end");
                    return None;
                }
                _ => return Some(node),
            };
        }
    }

    fn member(&mut self, of: Node) -> Option<Node> {
        self.advance();
        let token = self.token;
        if token.kind != TokenKind::Name {
            self.unexpected("the name of a field or function after `.`");
            return None;
        }
        self.advance();
        let name: Box<str> = self.text_of(token).into();
        let name_span = self.span(token.start, token.end);
        if self.token.kind == TokenKind::OpenParenthesis {
            return self.call(Some(of), name, name_span, token.start);
        }
        if !self.is_allowed(&name, name_span) {
            return None;
        }
        let kind = AstKind::Member { of: Box::new(of.ast), name, name_span };
        self.node(kind, of.start, of.height)
    }

    fn call(
        &mut self,
        receiver: Option<Node>,
        name: Box<str>,
        name_span: Span,
        start: usize,
    ) -> Option<Node> {
        self.advance();
        let (arguments, height) = self.list(TokenKind::CloseParenthesis, "`,` or `)`")?;
        let (start, height) = match &receiver {
            Some(node) => (node.start, height.max(node.height)),
            None => (start, height),
        };
        let receiver = receiver.map(|node| Box::new(node.ast));
        self.node(AstKind::Call { receiver, name, name_span, arguments }, start, height)
    }

    /// Expressions with commas up to the closing token; a comma may follow the last.
    fn list(&mut self, close: TokenKind, expected: &str) -> Option<(Vec<Ast>, u32)> {
        let (mut items, mut height) = (Vec::new(), 0);
        while !self.accept(close) {
            let item = self.expression()?;
            height = height.max(item.height);
            items.push(item.ast);
            if !self.accept(TokenKind::Comma) {
                self.expect(close, expected)?;
                break;
            }
        }
        Some((items, height))
    }

    fn primary(&mut self) -> Option<Node> {
        let token = self.token;
        let kind = match token.kind {
            TokenKind::Name => return self.name(),
            TokenKind::Int | TokenKind::Decimal => self.number(token)?,
            TokenKind::Text { raw } => AstKind::Text(self.text_value(token, raw)),
            TokenKind::OpenParenthesis => {
                self.advance();
                let inner = self.expression()?;
                self.expect(TokenKind::CloseParenthesis, "an operator or `)`")?;
                return Some(Node { start: token.start, ..inner });
            }
            TokenKind::OpenBracket => {
                self.advance();
                let (items, height) = self.list(TokenKind::CloseBracket, "`,` or `]`")?;
                return self.node(AstKind::List(items), token.start, height);
            }
            _ => {
                self.unexpected("a value");
                return None;
            }
        };
        self.advance();
        self.node(kind, token.start, 0)
    }

    fn name(&mut self) -> Option<Node> {
        let token = self.advance();
        let text = self.text_of(token);
        let span = self.span(token.start, token.end);
        let kind = match text {
            "true" => AstKind::Bool(true),
            "false" => AstKind::Bool(false),
            "null" => AstKind::Null,
            _ if self.token.kind == TokenKind::OpenParenthesis => {
                return self.call(None, text.into(), span, token.start);
            }
            _ if !self.is_allowed(text, span) => return None,
            _ => AstKind::Name(text.into()),
        };
        self.node(kind, token.start, 0)
    }
}
