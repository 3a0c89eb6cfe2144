//! What people type, as SQLite's full-text index understands it.

/// The full-text query that demands every word, the last one as a prefix. Words are of letters and
/// digits alone, and quoted: none is an operator. `None` if there is no word.
pub(super) fn words(text: &str) -> Option<String> {
    let quoted = |word: &String| format!("\"{word}\"");
    let words: Vec<_> = emit::sql::words::asked(text).iter().map(quoted).collect();
    (!words.is_empty()).then(|| format!("{}*", words.join(" AND ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_and_the_last_is_a_prefix() {
        assert_eq!(words("red  Sh").as_deref(), Some("\"red\" AND \"sh\"*"));
        assert_eq!(words("a\" OR b*").as_deref(), Some("\"a\" AND \"or\" AND \"b\"*"));
        assert_eq!(words(" \" * ( "), None);
    }

    /// Every character of the planes that have any, and some of the rest, among letters and alone:
    /// what SQLite's index makes of it.
    #[test]
    fn the_words_of_every_character_are_those_of_the_index() {
        let database = rusqlite::Connection::open_in_memory().unwrap();
        let tokenizer = emit::sql::words::TOKENIZER;
        database
            .execute_batch(&format!(
                "CREATE VIRTUAL TABLE texts USING fts5(text, tokenize = \"{tokenizer}\");
                 CREATE VIRTUAL TABLE words USING fts5vocab(texts, instance); BEGIN;"
            ))
            .unwrap();
        let text = |letter: char| format!("x{letter}Y {letter}");
        let mut add = database.prepare("INSERT INTO texts (rowid, text) VALUES (?1, ?2)").unwrap();
        let rest = || (0x3_0000..0x11_0000).step_by(997).chain(0xe_0000..0xe_0200);
        let letters = || (1..0x3_0000).chain(rest()).filter_map(char::from_u32);
        for (number, letter) in (1u32..).zip(letters()) {
            add.execute((number, text(letter))).unwrap();
        }
        // A mark by itself leaves a word of no letters.
        let words = "SELECT doc, term FROM words WHERE term <> '' ORDER BY doc, offset";
        let mut words = database.prepare(words).unwrap();
        let words = words.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let mut words = words.map(|found| found.unwrap()).peekable();
        for (number, letter) in (1u32..).zip(letters()) {
            let of_it = |of: &(u32, String)| of.0 == number;
            let found = std::iter::from_fn(|| words.next_if(of_it)).map(|(_, word)| word);
            let found: Vec<String> = found.collect();
            assert_eq!(emit::sql::words::of(&text(letter)), found, "{letter:?}");
        }
    }
}
