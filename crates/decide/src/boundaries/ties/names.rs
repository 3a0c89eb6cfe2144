//! Names: entities whose names share words belong together the more, the fewer share them.

use std::collections::{BTreeMap, BTreeSet};

use expression::EntityId;

use super::{Found, Sort};
use crate::facts::{self, Facts};
use crate::{naming, numbers};

/// How many neighbours on either side, in the order of names, share a word with an entity: where
/// more have it, the nearest of them are alike most, and work stays linear.
const NEIGHBOURS: usize = 12;

/// Ties by shared words. What an entity gets by a word is spread over those that share it, so that
/// frequent words tie no more than rare ones. The first word says most; each place further on
/// less, and less again where it follows many different first words (`translation`, `item`).
pub fn add(model: Facts<'_>, entities: &[EntityId], all: &mut Found) {
    let mut names: Vec<Vec<String>> =
        entities.iter().map(|id| words(&model.entity(*id).name)).collect();
    without_common(&mut names, model.value(&numbers::COMMON_WORD));
    let mut sharing: BTreeMap<&str, BTreeMap<usize, usize>> = BTreeMap::new();
    for (at, name) in names.iter().enumerate() {
        for (place, word) in name.iter().enumerate() {
            sharing.entry(word).or_default().entry(at).or_insert(place);
        }
    }
    let step = model.value(&numbers::WORD_STEP);
    for (word, members) in sharing {
        let members: Vec<(usize, usize)> = members.into_iter().collect();
        let firsts: BTreeSet<&str> =
            members.iter().filter_map(|(at, _)| names[*at].first().map(String::as_str)).collect();
        let others = members.len().saturating_sub(1).min(2 * NEIGHBOURS);
        for ((a, first), (b, second)) in pairs(&members) {
            let weight = if first + second == 0 {
                model.value(&numbers::TIE_NAMES)
            } else {
                let places = facts::count(first + second);
                model.value(&numbers::TIE_WORDS) * step.powf(places) / facts::count(firsts.len())
            };
            let (left, right) = (entities[a], entities[b]);
            let of = |id| &model.entity(id).name;
            let what = format!("{} and {} share the word {word}", of(left), of(right));
            let weight = weight / facts::count(others);
            all.push((left, right), Sort::Alike, weight, what, of(left).span);
        }
    }
}

/// Drops leading words that more than a share of all names begin with: they are the product's
/// name or a prefix for tables, and tell nothing apart.
fn without_common(names: &mut [Vec<String>], share: f64) {
    loop {
        let mut firsts: BTreeMap<&str, usize> = BTreeMap::new();
        for name in names.iter().filter(|name| name.len() > 1) {
            *firsts.entry(name[0].as_str()).or_default() += 1;
        }
        let least = share * facts::count(names.len());
        let common = firsts.iter().find(|(_, count)| facts::count(**count) > least);
        let Some(common) = common.map(|(word, _)| (*word).to_owned()) else { return };
        for name in names.iter_mut().filter(|name| name.len() > 1 && name[0] == common) {
            name.remove(0);
        }
    }
}

/// All pairs of few; of many, each with its next neighbours, the last with the first.
fn pairs<T: Copy>(members: &[T]) -> Vec<(T, T)> {
    let count = members.len();
    let few = count <= 2 * NEIGHBOURS + 1;
    let mut pairs = Vec::new();
    for at in 0..count {
        let last = if few { count - 1 } else { at + NEIGHBOURS };
        pairs.extend((at + 1..=last).map(|to| (members[at], members[to % count])));
    }
    pairs
}

/// The words of a name in lower case and the singular: `APIKeys` is `api`, `key`.
pub fn words(name: &str) -> Vec<String> {
    naming::kebab(name).split('-').map(singular).collect()
}

/// `categories` as `category`, `tags` as `tag`.
fn singular(word: &str) -> String {
    let kept = |suffix: &str| word.strip_suffix(suffix).filter(|stem| stem.len() > 2);
    if let Some(stem) = kept("ies") {
        return format!("{stem}y");
    }
    for suffix in ["ss", "us", "is"] {
        if word.ends_with(suffix) {
            return word.to_owned();
        }
    }
    for suffix in ["sses", "xes", "ches", "shes"] {
        if word.ends_with(suffix) {
            return word.strip_suffix("es").unwrap_or(word).to_owned();
        }
    }
    kept("s").unwrap_or(word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_names() {
        let words = |name| words(name).join(" ");
        assert_eq!(words("OrderLine"), "order line");
        assert_eq!(words("APIKeys"), "api key");
        assert_eq!(words("ProductCategories"), "product category");
        assert_eq!(words("TaxBoxes"), "tax box");
        assert_eq!(words("OrderStatus"), "order status");
        assert_eq!(words("Address"), "address");
        assert_eq!(words("Left12"), "left12");
    }

    #[test]
    fn a_prefix_of_nearly_all_names_says_nothing() {
        let names = |all: &[&str]| {
            let mut names: Vec<Vec<String>> = all.iter().map(|name| words(name)).collect();
            without_common(&mut names, 0.8);
            names.iter().map(|name| name.join(" ")).collect::<Vec<_>>().join(", ")
        };
        let four = ["CrmOrder", "CrmOrderLine", "CrmUser", "CrmUserRole"];
        assert_eq!(
            names(&[&four[..], &["Crm"]].concat()),
            "crm order, crm order line, crm user, crm user role, crm"
        );
        assert_eq!(names(&four), "order, order line, user, user role");
        assert_eq!(names(&["Order", "OrderLine", "OrderNote"]), "order, order line, order note");
    }

    #[test]
    fn pairs_grow_with_the_members_not_with_their_square() {
        let members = |count: usize| (0..count).collect::<Vec<_>>();
        assert_eq!(pairs(&members(0)), []);
        assert_eq!(pairs(&members(3)), [(0, 1), (0, 2), (1, 2)]);
        assert_eq!(pairs(&members(25)).len(), 25 * 12);
        assert_eq!(pairs(&members(1000)).len(), 1000 * 12);
    }
}
