//! "Did you mean": the nearest of the names that would have been right.

/// The candidate nearest to `name`, if one is near enough to be a slip of the hand: at most a
/// third of the letters may differ (Damerau-Levenshtein), or only case and separators do.
pub fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let length = name.chars().count();
    let limit = length.max(3) / 3;
    // Nobody slips in a name of hundreds of letters; the distance costs the product of lengths.
    let comparable = |candidate: &&str| length <= 100 && candidate.len() <= 400;
    candidates
        .into_iter()
        .filter(comparable)
        .filter_map(|candidate| {
            let distance = distance(name, candidate);
            (distance <= limit).then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

fn distance(a: &str, b: &str) -> usize {
    if plain(a) == plain(b) { 0 } else { strsim::damerau_levenshtein(a, b) }
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// "one of `a`, `b` or `c`"; long lists are cut after twelve.
pub fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    if quoted.len() > 12 {
        let rest = quoted.len() - 12;
        quoted.truncate(12);
        return format!("one of {} and {rest} more", quoted.join(", "));
    }
    match quoted.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, head)) => format!("one of {} or {last}", head.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_other_cases_but_nothing_far_away() {
        assert_eq!(did_you_mean("feilds", ["fields", "parts"]), Some("fields"));
        assert_eq!(did_you_mean("soft-delete", ["soft_delete"]), Some("soft_delete"));
        assert_eq!(did_you_mean("colour", ["fields", "parts"]), None);
    }

    #[test]
    fn lists_read_as_a_sentence() {
        assert_eq!(one_of(["a"]), "`a`");
        assert_eq!(one_of(["a", "b", "c"]), "one of `a`, `b` or `c`");
    }
}
