//! Patterns of `include`: `*` and `?` inside a name, `**` for any number of folders.

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    segments: Vec<String>,
}

impl Pattern {
    /// `None` for a pattern that leads out of the folder: absolute, or through `..`.
    #[must_use]
    pub fn new(pattern: &str) -> Option<Self> {
        let inside = !pattern.starts_with('/') && !pattern.contains(['\\', ':', '\0']);
        let segments = pattern.split('/').filter(|segment| !matches!(*segment, "" | "."));
        let segments: Vec<String> = segments.map(str::to_owned).collect();
        (inside && segments.iter().all(|segment| segment != "..")).then_some(Self { segments })
    }

    /// Whether a path with forward slashes matches.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let path: Vec<&str> = path.split('/').collect();
        matches_sequence(
            &self.segments,
            &path,
            |segment| segment == "**",
            |segment, name| {
                let (segment, name): (Vec<char>, Vec<char>) =
                    (segment.chars().collect(), name.chars().collect());
                matches_sequence(&segment, &name, |c| *c == '*', |c, other| *c == '?' || c == other)
            },
        )
    }
}

/// Matches `items` against `pattern`, in which wildcards stand for any number of items. Goes back
/// to the latest wildcard only, so the time is at most the product of the lengths.
fn matches_sequence<P, I>(
    pattern: &[P],
    items: &[I],
    wildcard: impl Fn(&P) -> bool,
    fits: impl Fn(&P, &I) -> bool,
) -> bool {
    let (mut at, mut item, mut back) = (0, 0, None);
    while item < items.len() {
        match pattern.get(at) {
            Some(piece) if wildcard(piece) => {
                back = Some((at, item));
                at += 1;
            }
            Some(piece) if fits(piece, &items[item]) => {
                at += 1;
                item += 1;
            }
            _ => match back {
                Some((star, from)) => {
                    back = Some((star, from + 1));
                    at = star + 1;
                    item = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(wildcard)
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    fn matches(pattern: &str, path: &str) -> bool {
        Pattern::new(pattern).unwrap().matches(path)
    }

    #[test]
    fn stars_stay_in_their_folder_and_double_stars_do_not() {
        assert!(matches("contexts/*.yaml", "contexts/orders.yaml"));
        assert!(!matches("contexts/*.yaml", "contexts/old/orders.yaml"));
        assert!(matches("contexts/**/*.yaml", "contexts/old/orders.yaml"));
        assert!(matches("contexts/**/*.yaml", "contexts/orders.yaml"));
        assert!(matches("./a?.yaml", "ab.yaml"));
        assert!(!matches("*.yaml", "orders.yml"));
        assert!(matches("a*b*c", "aXbXbXc"));
    }

    #[test]
    fn patterns_that_leave_the_folder_are_refused() {
        for pattern in ["../x.yaml", "/etc/*.yaml", "a/../../b", "C:\\x"] {
            assert!(Pattern::new(pattern).is_none(), "{pattern}");
        }
    }
}
