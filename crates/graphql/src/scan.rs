//! A look at a document before it is parsed: the parser is recursive, so what it is given is small
//! and shallow.

/// Most tokens of a document.
const TOKENS: usize = 4_000;
/// Deepest nesting of brackets.
const NESTING: usize = 40;

/// Why a document is not even parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excess {
    Tokens,
    Nesting,
}

/// Counts tokens and brackets; text in quotes and comments counts once.
pub(crate) fn scan(text: &str) -> Result<(), Excess> {
    let bytes = text.as_bytes();
    let (mut at, mut tokens, mut depth) = (0, 0_usize, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' => continue,
            b'#' => {
                at += length(bytes, at, |byte| byte != b'\n' && byte != b'\r');
                continue;
            }
            b'"' => at = end_of_text(bytes, at),
            b'{' | b'[' | b'(' => {
                depth += 1;
                if depth > NESTING {
                    return Err(Excess::Nesting);
                }
            }
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            byte if is_word(byte) => at += length(bytes, at, is_word),
            _ => {}
        }
        tokens += 1;
        if tokens > TOKENS {
            return Err(Excess::Tokens);
        }
    }
    Ok(())
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn length(bytes: &[u8], from: usize, fits: impl Fn(u8) -> bool) -> usize {
    bytes.get(from..).unwrap_or_default().iter().take_while(|byte| fits(**byte)).count()
}

/// Where a text ends whose first quote is behind us.
fn end_of_text(bytes: &[u8], mut at: usize) -> usize {
    let block = bytes.get(at..at + 2) == Some(b"\"\"");
    if block {
        at += 2;
    }
    while let Some(&byte) = bytes.get(at) {
        let triple = bytes.get(at..at + 3) == Some(b"\"\"\"");
        match byte {
            b'\\' if block && bytes.get(at + 1..at + 4) == Some(b"\"\"\"") => at += 4,
            b'\\' if !block => at += 2,
            b'"' if !block => return at + 1,
            b'"' if triple => return at + 3,
            b'\n' if !block => return at + 1,
            _ => at += 1,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_small_and_shallow_passes() {
        assert_eq!(
            scan("{ a(b: \"{{{{\", c: \"\"\" \\\"\"\" [[[ \"\"\") { d # {{{{\n } }"),
            Ok(())
        );
        assert_eq!(scan(&"{a".repeat(41)), Err(Excess::Nesting));
        assert_eq!(scan(&"a ".repeat(4_001)), Err(Excess::Tokens));
        assert_eq!(scan(&"\"".repeat(100)), Ok(()));
        assert_eq!(scan(&format!("{}{}", "{a".repeat(40), "}".repeat(40))), Ok(()));
    }
}
