//! Text that Mermaid takes as text, whatever it says.

/// A text in a label or message: on one line, and everything that could be markup, a comment, a
/// directive or an end of statement by its number (`#59;`), which Mermaid turns back when it draws.
pub fn escaped(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = String::new();
    for letter in words.chars() {
        if letter.is_alphanumeric() || " .,-_/()'=+!?".contains(letter) {
            out.push(letter);
        } else {
            out += &format!("#{};", u32::from(letter));
        }
    }
    out
}

/// A quoted label of several lines, each escaped. Inside quotes a colon is one.
pub fn label<T: AsRef<str>>(lines: impl IntoIterator<Item = T>) -> String {
    let lines: Vec<String> =
        lines.into_iter().map(|line| escaped(line.as_ref()).replace("#58;", ":")).collect();
    format!("\"{}\"", lines.join("<br/>"))
}

/// The first names of a list, and how many more there are: labels stay readable.
pub fn some<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> Vec<String> {
    const SHOWN: usize = 5;
    let all: Vec<String> = names.into_iter().map(|name| name.as_ref().to_owned()).collect();
    let more = all.len().saturating_sub(SHOWN);
    let mut shown: Vec<String> = all.into_iter().take(SHOWN).collect();
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    shown
}

/// A text cut to what fits into a message.
pub fn short(text: &str) -> String {
    const LIMIT: usize = 80;
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= LIMIT {
        return words;
    }
    words.chars().take(LIMIT).chain("...".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_numbers() {
        assert_eq!(escaped("a \"b\"\n;%%{x}"), "a #34;b#34; #59;#37;#37;#123;x#125;");
        assert_eq!(label(["a: end", "<b>"]), "\"a: end<br/>#60;b#62;\"");
        assert_eq!(escaped("a: b"), "a#58; b");
    }

    #[test]
    fn long_lists_and_texts_are_cut() {
        assert_eq!(some(["a", "b"]), ["a", "b"]);
        assert_eq!(some(["1", "2", "3", "4", "5", "6", "7"]).last().unwrap(), "and 2 more");
        assert_eq!(short(&"x".repeat(100)).len(), 83);
    }
}
