//! What is deployed: the contexts that run together, and those with a deployable of their own.

use std::collections::BTreeSet;

use model::{Model, model::ContextId};

use crate::Design;
use crate::catalogue;
use crate::design::Verdict;
use crate::naming::kebab;

/// Something that is started, scaled and replaced as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployable {
    /// Name, kebab-case and unique: the system's for the one that contexts share, with the
    /// context's behind it for the others.
    pub name: String,
    /// The context whose own it is; none of the one that contexts share.
    pub own: Option<ContextId>,
    /// Its contexts, by name.
    pub contexts: Vec<ContextId>,
}

/// The deployables of a design, the shared one first, then by context, as `service` decides.
#[must_use]
pub fn of(design: &Design) -> Vec<Deployable> {
    among(&design.model, &design.verdicts)
}

/// The same from verdicts, those of `service` among them.
#[must_use]
pub fn among<'v>(
    model: &Model,
    verdicts: impl IntoIterator<Item = &'v Verdict>,
) -> Vec<Deployable> {
    let own: BTreeSet<&str> = verdicts
        .into_iter()
        .filter(|verdict| verdict.family == "service" && verdict.choice == "own")
        .map(|verdict| verdict.subject.as_str())
        .collect();
    let mut contexts: Vec<(&str, ContextId)> = (0u16..)
        .map(ContextId)
        .zip(&model.contexts)
        .map(|(id, of)| (&*of.name.value, id))
        .collect();
    contexts.sort_unstable();
    let (alone, together): (Vec<_>, Vec<_>) =
        contexts.into_iter().partition(|(name, _)| own.contains(name));
    let mut taken = reserved();
    let system = system(model);
    let mut all = Vec::new();
    if !together.is_empty() || alone.is_empty() {
        let contexts = together.into_iter().map(|(_, id)| id).collect();
        all.push(Deployable { name: free(&mut taken, &system), own: None, contexts });
    }
    for (name, id) in alone {
        let context = label(name, "context", LONGEST_CONTEXT);
        let name = free(&mut taken, &format!("{system}-{context}"));
        all.push(Deployable { name, own: Some(id), contexts: vec![id] });
    }
    all
}

/// The system's name as hosts and namespaces may be called.
#[must_use]
pub fn system(model: &Model) -> String {
    label(&model.system.name, "system", LONGEST_SYSTEM)
}

/// Longest piece of a name that stands for the system, and for the context: together they leave
/// room for what Kubernetes appends to the names of its pods (63 bytes in all).
const LONGEST_SYSTEM: usize = 20;
const LONGEST_CONTEXT: usize = 22;

/// Names of what runs beside deployables.
fn reserved() -> BTreeSet<String> {
    let beside = ["store", "broker"].iter().filter_map(|family| catalogue::family(family));
    beside.flat_map(|family| family.choices).map(|choice| choice.name.to_owned()).collect()
}

fn free(taken: &mut BTreeSet<String>, wanted: &str) -> String {
    let numbered = (2u32..).map(|number| format!("{wanted}-{number}"));
    let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
    let name = names.find(|name| taken.insert(name.clone()));
    name.unwrap_or_else(|| wanted.to_owned())
}

/// A name as hosts may be called (RFC 1123): lower-case letters, digits and hyphens, a letter
/// first. `kind` stands for what has none of these.
fn label(name: &str, kind: &str, longest: usize) -> String {
    let words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<String> = words.filter(|word| !word.is_empty()).map(kebab).collect();
    let mut label = words.join("-");
    if !label.starts_with(|first: char| first.is_ascii_lowercase()) {
        label = format!("{kind}-{label}");
    }
    label.truncate(longest);
    label.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_SYSTEM, free, label, reserved};

    #[test]
    fn every_name_becomes_one_of_a_host() {
        for (name, expected) in [
            ("Shop", "shop"),
            ("Ride Sharing, at launch", "ride-sharing-at-laun"),
            ("2nd try", "system-2nd-try"),
            ("\u{8ca9}\u{58f2}", "system"),
            ("", "system"),
        ] {
            assert_eq!(label(name, "system", LONGEST_SYSTEM), expected);
        }
    }

    #[test]
    fn no_two_names_are_alike_and_none_is_that_of_a_store() {
        let mut taken = reserved();
        let names = ["shop", "shop", "postgresql", "none"].map(|name| free(&mut taken, name));
        assert_eq!(names, ["shop", "shop-2", "postgresql-2", "none-2"]);
    }
}
