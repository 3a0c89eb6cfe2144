//! How names are written: which case, and what they may not be.

use base::{Diagnostic, Spanned};

/// The case of a name.
pub(crate) trait Case {
    /// Its name, as the language reference has it.
    const NAME: &'static str;
    /// What has such names, for messages.
    const WHAT: &'static str;
    /// A regular expression that every such name matches; empty for any.
    const PATTERN: &'static str;

    /// Whether a name is written so.
    fn accepts(name: &str) -> bool;

    /// The name written so.
    fn convert(name: &str) -> String;

    /// Why the name cannot be used, if it cannot.
    fn reserved(_name: &str) -> Option<&'static str> {
        None
    }
}

/// Contexts, operations, flows, actors, externals, views.
pub(crate) struct LowerCamel;
/// Entities, events, types.
pub(crate) struct UpperCamel;
/// States, parameters, steps.
pub(crate) struct Snake;
/// Fields and parts: snake case, and no word of the expression language.
pub(crate) struct FieldName;
/// Error codes, invariants, keys.
pub(crate) struct Kebab;
/// Teams, decisions: any name.
pub(crate) struct AnyName;

impl Case for LowerCamel {
    const NAME: &'static str = "lowerCamel";
    const WHAT: &'static str = "contexts, operations, flows, actors, externals and views";
    const PATTERN: &'static str = "^[a-z][A-Za-z0-9]*$";

    fn accepts(name: &str) -> bool {
        name.starts_with(|c: char| c.is_ascii_lowercase()) && alphanumeric(name)
    }

    fn convert(name: &str) -> String {
        let upper = UpperCamel::convert(name);
        let first = upper.chars().next().map(|c| c.to_ascii_lowercase());
        first.into_iter().chain(upper.chars().skip(1)).collect()
    }
}

impl Case for UpperCamel {
    const NAME: &'static str = "UpperCamel";
    const WHAT: &'static str = "entities, events and types";
    const PATTERN: &'static str = "^[A-Z][A-Za-z0-9]*$";

    fn accepts(name: &str) -> bool {
        name.starts_with(|c: char| c.is_ascii_uppercase()) && alphanumeric(name)
    }

    fn convert(name: &str) -> String {
        words(name).iter().map(|word| capitalised(word)).collect()
    }
}

impl Case for Snake {
    const NAME: &'static str = "snake_case";
    const WHAT: &'static str = "fields, parts, states, enum members, parameters and steps";
    const PATTERN: &'static str = "^[a-z][a-z0-9_]*$";

    fn accepts(name: &str) -> bool {
        separated(name, '_')
    }

    fn convert(name: &str) -> String {
        words(name).join("_")
    }
}

impl Case for FieldName {
    const NAME: &'static str = Snake::NAME;
    const WHAT: &'static str = Snake::WHAT;
    const PATTERN: &'static str = Snake::PATTERN;

    fn accepts(name: &str) -> bool {
        Snake::accepts(name)
    }

    fn convert(name: &str) -> String {
        Snake::convert(name)
    }

    fn reserved(name: &str) -> Option<&'static str> {
        expression::RESERVED.contains(&name).then_some("is a word of the expression language")
    }
}

impl Case for Kebab {
    const NAME: &'static str = "kebab-case";
    const WHAT: &'static str = "error codes, invariants and keys";
    const PATTERN: &'static str = "^[a-z][a-z0-9-]*$";

    fn accepts(name: &str) -> bool {
        separated(name, '-')
    }

    fn convert(name: &str) -> String {
        words(name).join("-")
    }
}

impl Case for AnyName {
    const NAME: &'static str = "any";
    const WHAT: &'static str = "names";
    const PATTERN: &'static str = "";

    fn accepts(name: &str) -> bool {
        !name.is_empty()
    }

    fn convert(name: &str) -> String {
        name.to_owned()
    }
}

/// What is wrong with a name, if anything is.
pub(crate) fn check<C: Case>(name: &Spanned<String>) -> Option<Diagnostic> {
    if let Some(why) = C::reserved(&name.value) {
        let message = format!("`{name}` {why} and cannot be a name here");
        return Some(Diagnostic::error("reserved-name", name.span, message).help("choose another"));
    }
    if C::accepts(&name.value) {
        return None;
    }
    let message = format!("`{name}` is not written in {}", C::NAME);
    let diagnostic =
        Diagnostic::error("name-style", name.span, message).note(format!("{} are", C::WHAT));
    let converted = C::convert(&name.value);
    Some(if C::accepts(&converted) {
        diagnostic.suggest(Some(&converted))
    } else {
        diagnostic.help("a letter, then letters and digits")
    })
}

fn alphanumeric(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn separated(name: &str, separator: char) -> bool {
    let part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == separator;
    let doubled = [separator, separator].iter().collect::<String>();
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(part)
        && !name.ends_with(separator)
        && !name.contains(&doubled)
}

/// The words of a name in lower case, however they are put together.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut lower = false;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() {
            words.push(String::new());
            lower = false;
            continue;
        }
        if words.is_empty() || (c.is_ascii_uppercase() && lower) {
            words.push(String::new());
        }
        lower = !c.is_ascii_uppercase();
        if let Some(word) = words.last_mut() {
            word.push(c.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn capitalised(word: &str) -> String {
    let first = word.chars().next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(word.chars().skip(1)).collect()
}
