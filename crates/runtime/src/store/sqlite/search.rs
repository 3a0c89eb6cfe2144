//! What people type, as SQLite's full-text index understands it.

/// Most words of a search; the rest is left out.
const WORDS: usize = 16;

/// The full-text query that demands every word, the last one as a prefix. Each word is quoted, so
/// nothing in it is an operator. `None` if there is no word.
pub(super) fn words(text: &str) -> Option<String> {
    let meaningful = |word: &&str| word.contains(char::is_alphanumeric);
    let quoted = |word: &str| format!("\"{}\"", word.replace('"', "\"\"").replace('\0', ""));
    let words: Vec<_> =
        text.split_whitespace().filter(meaningful).take(WORDS).map(quoted).collect();
    (!words.is_empty()).then(|| format!("{}*", words.join(" AND ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_and_the_last_is_a_prefix() {
        assert_eq!(words("red  Sh").as_deref(), Some("\"red\" AND \"Sh\"*"));
        assert_eq!(words("a\" OR b*").as_deref(), Some("\"a\"\"\" AND \"OR\" AND \"b*\"*"));
        assert_eq!(words(" \" * ( "), None);
    }
}
