//! Reads JSON (RFC 8259) token by token, strictly, with bounded depth.

use std::borrow::Cow;
use std::collections::BTreeSet;

/// Most levels of nesting that are read; typed values never need more.
pub(super) const DEPTH_LIMIT: u8 = 32;

/// Why a text is not acceptable JSON, and the byte where that shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    pub kind: MalformedKind,
    pub at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MalformedKind {
    /// Not JSON.
    Syntax(&'static str),
    /// A property that the same object already has: readers would disagree which one counts.
    DuplicateProperty,
    /// More levels than [`DEPTH_LIMIT`].
    TooDeep,
}

pub(super) type Lexed<T> = Result<T, Malformed>;

/// What a value starts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

impl Token {
    /// The kind of value in words.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    depth: u8,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn error<T>(&self, what: &'static str) -> Lexed<T> {
        Err(Malformed { kind: MalformedKind::Syntax(what), at: self.at })
    }

    fn skip_space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, expected: u8) -> bool {
        self.skip_space();
        let found = self.byte() == Some(expected);
        self.at += usize::from(found);
        found
    }

    /// The kind of the next value, which is not consumed.
    pub(super) fn peek(&mut self) -> Lexed<Token> {
        self.skip_space();
        match self.byte() {
            Some(b'n') => Ok(Token::Null),
            Some(b't' | b'f') => Ok(Token::Bool),
            Some(b'-' | b'0'..=b'9') => Ok(Token::Number),
            Some(b'"') => Ok(Token::String),
            Some(b'[') => Ok(Token::Array),
            Some(b'{') => Ok(Token::Object),
            Some(_) => self.error("expected a value"),
            None => self.error("the text ends where a value is expected"),
        }
    }

    /// Nothing but white space may follow.
    pub(super) fn end(&mut self) -> Lexed<()> {
        self.skip_space();
        if self.at < self.text.len() { self.error("text after the value") } else { Ok(()) }
    }

    fn word(&mut self, word: &'static str) -> Lexed<()> {
        if !self.text[self.at..].starts_with(word) {
            return self.error("expected a value");
        }
        self.at += word.len();
        Ok(())
    }

    pub(super) fn null(&mut self) -> Lexed<()> {
        self.word("null")
    }

    pub(super) fn bool(&mut self) -> Lexed<bool> {
        if self.byte() == Some(b't') {
            self.word("true").map(|()| true)
        } else {
            self.word("false").map(|()| false)
        }
    }

    fn digits(&mut self) -> Lexed<()> {
        let start = self.at;
        while matches!(self.byte(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { self.error("expected a digit") } else { Ok(()) }
    }

    /// The text of a number, so that no digit is lost.
    pub(super) fn number(&mut self) -> Lexed<&'a str> {
        let start = self.at;
        self.at += usize::from(self.byte() == Some(b'-'));
        if self.byte() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    /// A string; borrowed where it holds no escape.
    pub(super) fn string(&mut self) -> Lexed<Cow<'a, str>> {
        if !self.eat(b'"') {
            return self.error("expected a string");
        }
        let mut decoded: Option<String> = None;
        let mut start = self.at;
        loop {
            match self.byte() {
                Some(b'"') => {
                    let tail = &self.text[start..self.at];
                    self.at += 1;
                    return Ok(match decoded {
                        None => Cow::Borrowed(tail),
                        Some(head) => Cow::Owned(head + tail),
                    });
                }
                Some(b'\\') => {
                    let head = decoded.get_or_insert_default();
                    head.push_str(&self.text[start..self.at]);
                    self.at += 1;
                    let character = self.escape()?;
                    head.push(character);
                    start = self.at;
                }
                Some(0..=0x1F) => return self.error("control character in a string"),
                Some(_) => self.at += 1,
                None => return self.error("the string does not end"),
            }
        }
    }

    fn escape(&mut self) -> Lexed<char> {
        let Some(byte) = self.byte() else { return self.error("the string does not end") };
        self.at += 1;
        Ok(match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => {
                self.at -= 1;
                return self.error("unknown escape");
            }
        })
    }

    fn unicode_escape(&mut self) -> Lexed<char> {
        let first = self.hex4()?;
        let code = match first {
            0xD800..=0xDBFF => {
                if !self.text[self.at..].starts_with("\\u") {
                    return self.error("half of a surrogate pair");
                }
                self.at += 2;
                let second = self.hex4()?;
                if !(0xDC00..=0xDFFF).contains(&second) {
                    return self.error("half of a surrogate pair");
                }
                0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)
            }
            other => other,
        };
        match char::from_u32(code) {
            Some(character) => Ok(character),
            None => self.error("half of a surrogate pair"),
        }
    }

    fn hex4(&mut self) -> Lexed<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4).unwrap_or_default();
        if digits.len() < 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return self.error("expected four hexadecimal digits");
        }
        let value = digits.iter().fold(0, |value, &digit| {
            value * 16 + char::from(digit).to_digit(16).unwrap_or_default()
        });
        self.at += 4;
        Ok(value)
    }

    fn open(&mut self, bracket: u8) -> Lexed<()> {
        if self.depth == DEPTH_LIMIT {
            return Err(Malformed { kind: MalformedKind::TooDeep, at: self.at });
        }
        if !self.eat(bracket) {
            return self.error("expected a value");
        }
        self.depth += 1;
        Ok(())
    }

    pub(super) fn open_array(&mut self) -> Lexed<()> {
        self.open(b'[')
    }

    pub(super) fn open_object(&mut self) -> Lexed<()> {
        self.open(b'{')
    }

    /// Whether another item follows; consumes the comma or the closing bracket.
    pub(super) fn next_item(&mut self, first: bool) -> Lexed<bool> {
        self.next(first, b']')
    }

    fn next(&mut self, first: bool, close: u8) -> Lexed<bool> {
        if self.eat(close) {
            self.depth -= 1;
            return Ok(false);
        }
        if !first && !self.eat(b',') {
            return self.error("expected a comma or the end");
        }
        Ok(true)
    }

    /// The next property's name, or `None` at the end of the object.
    pub(super) fn next_key(&mut self, first: bool) -> Lexed<Option<Cow<'a, str>>> {
        if !self.next(first, b'}')? {
            return Ok(None);
        }
        let key = self.string()?;
        if self.eat(b':') { Ok(Some(key)) } else { self.error("expected a colon") }
    }

    /// The refusal of a property that came before, at this place.
    pub(super) fn duplicate(&self) -> Malformed {
        Malformed { kind: MalformedKind::DuplicateProperty, at: self.at }
    }

    /// Reads over a value, as strictly as any other, and returns its text.
    pub(super) fn skip(&mut self) -> Lexed<&'a str> {
        let token = self.peek()?;
        let start = self.at;
        match token {
            Token::Null => self.null()?,
            Token::Bool => drop(self.bool()?),
            Token::Number => drop(self.number()?),
            Token::String => drop(self.string()?),
            Token::Array => {
                self.open_array()?;
                let mut first = true;
                while self.next_item(first)? {
                    first = false;
                    self.skip()?;
                }
            }
            Token::Object => {
                self.open_object()?;
                let mut seen = BTreeSet::new();
                while let Some(key) = self.next_key(seen.is_empty())? {
                    if !seen.insert(key) {
                        return Err(self.duplicate());
                    }
                    self.skip()?;
                }
            }
        }
        Ok(&self.text[start..self.at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(text: &str) -> bool {
        let mut lexer = Lexer::new(text);
        lexer.skip().and_then(|_| lexer.end()).is_ok()
    }

    #[test]
    fn json_and_nothing_but_json() {
        for good in
            ["0", "-0.5e+3", "\"\\ud83d\\ude00\"", "[]", "[1, [2]]", "{\"a\": {}}", " null "]
        {
            assert!(accepts(good), "{good}");
        }
        let bad = [
            "",
            "01",
            "1.",
            "+1",
            "[1,]",
            "{\"a\":1,}",
            "{a:1}",
            "'a'",
            "nul",
            "\"\\ud83d\"",
            "\"\n\"",
            "1 2",
            "[",
            "\"\\x\"",
            "NaN",
            "{\"a\" 1}",
            "[1 2]",
            "\"\\u12\"",
            "// x\n1",
        ];
        for bad in bad {
            assert!(!accepts(bad), "{bad}");
        }
    }

    #[test]
    fn duplicates_and_depth_are_refused() {
        assert!(!accepts("{\"a\": 1, \"\\u0061\": 2}"));
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(accepts(&nested(usize::from(DEPTH_LIMIT))));
        assert!(!accepts(&nested(usize::from(DEPTH_LIMIT) + 1)));
    }

    #[test]
    fn escapes_are_decoded() {
        let text = r#""a\"\\\/\b\f\n\r\t\u0041\ud83d\ude00z""#;
        let decoded = Lexer::new(text).string().expect("a string");
        assert_eq!(decoded, "a\"\\/\u{8}\u{c}\n\r\tA\u{1F600}z");
    }
}
