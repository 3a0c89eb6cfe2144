//! What every diagnostic of the language, of decisions and of acceptances means, in one place:
//! `explanations.txt`, a line each. Findings of checks have pages of their own.

/// The ids with their explanations, in alphabetical order.
pub fn language() -> impl Iterator<Item = (&'static str, &'static str)> {
    include_str!("explanations.txt").lines().filter_map(|line| line.split_once(": "))
}

/// What a diagnostic means: of the language one paragraph, of a check its page. Nothing where there
/// is no such diagnostic.
#[must_use]
pub fn explain(id: &str) -> Option<&'static str> {
    let language = language().find(|(known, _)| *known == id).map(|(_, text)| text);
    language.or_else(|| check::find(id).map(|check| check.page))
}

/// What a diagnostic means in a line: the summary of a check, the first sentence of the language's.
#[must_use]
pub fn summary(id: &str) -> Option<&'static str> {
    if let Some(check) = check::find(id) {
        return Some(check.summary);
    }
    let text = explain(id)?;
    Some(text.split_once(". ").map_or(text, |(first, _)| first).trim_end_matches('.'))
}

/// What a diagnostic is about: the group of a check, or `language`.
#[must_use]
pub fn group(id: &str) -> &'static str {
    check::find(id).map_or("language", |check| check.group.name())
}

/// The ids of everything that can be found.
pub fn ids() -> impl Iterator<Item = &'static str> {
    language().map(|(id, _)| id).chain(check::ALL.iter().map(|check| check.id))
}
