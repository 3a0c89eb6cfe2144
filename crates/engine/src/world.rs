//! The world outside: the one way in which files of a model, and the day, come in.

use std::collections::BTreeMap;

/// The model's file; everything else is included from it.
pub const ROOT: &str = "firmitas.yaml";

/// The files of a model. Paths are relative to the model folder, with forward slashes.
pub trait World {
    /// The text of a file.
    ///
    /// # Errors
    /// Why it cannot be read, as half a sentence for people.
    fn read(&self, path: &str) -> Result<String, String>;

    /// The files that an `include` pattern matches, sorted.
    fn find(&self, pattern: &str) -> Vec<String>;

    /// The day, as `2026-12-31`, against which `until` of decisions and acceptances is held; where
    /// it is not known, none of them expires.
    fn today(&self) -> Option<String> {
        None
    }
}

/// Files in memory; patterns match by their one `*`, which does not cross folders.
impl World for BTreeMap<String, String> {
    fn read(&self, path: &str) -> Result<String, String> {
        self.get(path).cloned().ok_or_else(|| "there is no such file".to_owned())
    }

    fn find(&self, pattern: &str) -> Vec<String> {
        self.keys().filter(|path| matches(pattern, path)).cloned().collect()
    }
}

fn matches(pattern: &str, path: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == path };
    let middle = path.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    middle.is_some_and(|middle| !middle.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stay_in_their_folder() {
        let paths = ["firmitas.yaml", "contexts/a.yaml", "contexts/deep/b.yaml"];
        let world: BTreeMap<String, String> =
            paths.into_iter().map(|path| (path.to_owned(), String::new())).collect();
        assert_eq!(world.find("contexts/*.yaml"), ["contexts/a.yaml"]);
        assert_eq!(world.find("firmitas.yaml"), ["firmitas.yaml"]);
        assert!(world.read("nothing.yaml").is_err());
    }
}
