//! Bytes to tokens. Tokens hold offsets only; their text is read from the source when needed.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Name,
    Int,
    Decimal,
    /// A quoted text; `raw` where it starts with `r`.
    Text {
        raw: bool,
    },
    OpenParenthesis,
    CloseParenthesis,
    OpenBracket,
    CloseBracket,
    Comma,
    Dot,
    Question,
    Colon,
    Not,
    Plus,
    Minus,
    Times,
    Divide,
    Percent,
    And,
    Or,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    End,
    /// Something that is no token; what exactly is found out when it is reported.
    Wrong(Wrong),
}

/// Why something is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    Character,
    Brace,
    SingleEqual,
    SingleAnd,
    SingleOr,
    UnterminatedText,
    Exponent,
    Suffix,
    Hexadecimal,
    Bytes,
}

/// A token at `start..end` of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub kind: TokenKind,
    pub start: usize,
    pub end: usize,
}

/// Reads tokens one by one.
pub(super) struct Lexer<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Lexer<'t> {
    pub const fn new(text: &'t str) -> Self {
        Self { bytes: text.as_bytes(), at: 0 }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    pub fn next(&mut self) -> Token {
        self.skip_blanks();
        let start = self.at;
        let Some(&first) = self.bytes.get(start) else {
            return Token { kind: TokenKind::End, start, end: start };
        };
        let kind = match first {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.name(first),
            b'0'..=b'9' => self.number(),
            b'\'' | b'"' => self.text(false),
            _ => self.punctuation(first),
        };
        Token { kind, start, end: self.at }
    }

    fn skip_blanks(&mut self) {
        loop {
            match self.peek(0) {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                b'/' if self.peek(1) == b'/' => {
                    while !matches!(self.peek(0), b'\n' | 0) {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    fn name(&mut self, first: u8) -> TokenKind {
        if matches!(self.peek(1), b'\'' | b'"') && matches!(first, b'r' | b'R' | b'b' | b'B') {
            self.at += 1;
            let text = self.text(true);
            let bytes = matches!(first, b'b' | b'B');
            return if bytes { TokenKind::Wrong(Wrong::Bytes) } else { text };
        }
        self.skip_word();
        TokenKind::Name
    }

    fn skip_word(&mut self) {
        while matches!(self.peek(0), b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_') {
            self.at += 1;
        }
    }

    fn skip_digits(&mut self) {
        while matches!(self.peek(0), b'0'..=b'9' | b'_') {
            self.at += 1;
        }
    }

    fn number(&mut self) -> TokenKind {
        if self.peek(0) == b'0' && matches!(self.peek(1), b'x' | b'X') {
            self.skip_word();
            return TokenKind::Wrong(Wrong::Hexadecimal);
        }
        self.skip_digits();
        let mut kind = TokenKind::Int;
        if self.peek(0) == b'.' && self.peek(1).is_ascii_digit() {
            self.at += 1;
            self.skip_digits();
            kind = TokenKind::Decimal;
        }
        match self.peek(0) {
            b'e' | b'E' if matches!(self.peek(1), b'0'..=b'9' | b'+' | b'-') => {
                self.at += 2;
                self.skip_digits();
                TokenKind::Wrong(Wrong::Exponent)
            }
            b'a'..=b'z' | b'A'..=b'Z' => {
                self.skip_word();
                TokenKind::Wrong(Wrong::Suffix)
            }
            _ => kind,
        }
    }

    fn text(&mut self, raw: bool) -> TokenKind {
        let quote = self.peek(0);
        self.at += 1;
        loop {
            match self.bytes.get(self.at) {
                None | Some(b'\n') => return TokenKind::Wrong(Wrong::UnterminatedText),
                Some(b'\\') if !raw => self.at = (self.at + 2).min(self.bytes.len()),
                Some(&byte) => {
                    self.at += 1;
                    if byte == quote {
                        return TokenKind::Text { raw };
                    }
                }
            }
        }
    }

    fn punctuation(&mut self, first: u8) -> TokenKind {
        let second = self.peek(1);
        let (kind, length) = match (first, second) {
            (b'&', b'&') => (TokenKind::And, 2),
            (b'|', b'|') => (TokenKind::Or, 2),
            (b'=', b'=') => (TokenKind::Equal, 2),
            (b'!', b'=') => (TokenKind::NotEqual, 2),
            (b'<', b'=') => (TokenKind::LessOrEqual, 2),
            (b'>', b'=') => (TokenKind::GreaterOrEqual, 2),
            (b'(', _) => (TokenKind::OpenParenthesis, 1),
            (b')', _) => (TokenKind::CloseParenthesis, 1),
            (b'[', _) => (TokenKind::OpenBracket, 1),
            (b']', _) => (TokenKind::CloseBracket, 1),
            (b',', _) => (TokenKind::Comma, 1),
            (b'.', _) => (TokenKind::Dot, 1),
            (b'?', _) => (TokenKind::Question, 1),
            (b':', _) => (TokenKind::Colon, 1),
            (b'!', _) => (TokenKind::Not, 1),
            (b'+', _) => (TokenKind::Plus, 1),
            (b'-', _) => (TokenKind::Minus, 1),
            (b'*', _) => (TokenKind::Times, 1),
            (b'/', _) => (TokenKind::Divide, 1),
            (b'%', _) => (TokenKind::Percent, 1),
            (b'<', _) => (TokenKind::Less, 1),
            (b'>', _) => (TokenKind::Greater, 1),
            (b'=', _) => (TokenKind::Wrong(Wrong::SingleEqual), 1),
            (b'&', _) => (TokenKind::Wrong(Wrong::SingleAnd), 1),
            (b'|', _) => (TokenKind::Wrong(Wrong::SingleOr), 1),
            (b'{' | b'}', _) => (TokenKind::Wrong(Wrong::Brace), 1),
            _ => (TokenKind::Wrong(Wrong::Character), self.character_length(first)),
        };
        self.at += length;
        kind
    }

    /// Tokens never end inside a character.
    const fn character_length(&self, first: u8) -> usize {
        match first {
            0xC0..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xFF => 4,
            _ => 1,
        }
    }
}
