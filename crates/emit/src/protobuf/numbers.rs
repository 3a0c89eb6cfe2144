//! Field numbers. A number is a promise: programs that were built against it are out there. So the
//! numbers once given are written to `fields.lock`, and the next run reads them back.
//!
//! - A field keeps its number for as long as it keeps its name and its type.
//! - What is new gets the next number that its message never used: at first `id`, then by name.
//! - What is gone stays in the lock, and `reserved` in its message: the number is never used again.
//!   It returns only to a field of the same name and type.
//!
//! Numbers therefore depend neither on where a field is written in the model nor on what else is.

use std::collections::{BTreeMap, BTreeSet};

/// Largest field number of protobuf.
const LARGEST: u32 = (1 << 29) - 1;
/// Numbers that protobuf keeps for itself.
const OWN: std::ops::RangeInclusive<u32> = 19_000..=19_999;

const HEADER: &str = "\
# Numbers of protobuf fields and enum values: message, name, number, type.
# Written by `firm design` and read back by it: commit this file. A line whose field is gone stays,
# so that its number is never given to anything else.
";

/// A name with its type, in one message or enum.
type Member = (String, String);

/// Numbers once given, by message or enum.
#[derive(Debug, Default)]
pub struct Numbers {
    scopes: BTreeMap<String, BTreeMap<Member, u32>>,
}

/// The numbers of one message or enum.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Number of each member, by name.
    pub numbers: BTreeMap<String, u32>,
    /// Numbers that are used no longer.
    pub reserved: Vec<u32>,
    /// Names that are used no longer.
    pub reserved_names: Vec<String>,
}

impl Numbers {
    /// Reads a lock. What is no line of one is left out; of two lines that disagree, the first wins.
    pub fn read(text: &str) -> Self {
        let mut numbers = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [scope, name, number, ty] = words.as_slice() else { continue };
            let Some(number) = number.parse().ok().filter(|number| is_usable(*number)) else {
                continue;
            };
            let members = numbers.scopes.entry((*scope).to_owned()).or_default();
            if !members.values().any(|taken| *taken == number) {
                members.entry(((*name).to_owned(), (*ty).to_owned())).or_insert(number);
            }
        }
        numbers
    }

    /// The numbers of a message or enum. New members get theirs in the order given.
    pub fn assign(&mut self, scope: &str, members: &[(&str, &str)]) -> Scope {
        let known = self.scopes.entry(scope.to_owned()).or_default();
        let mut assigned = Scope::default();
        for (name, ty) in members {
            let member = ((*name).to_owned(), wire(ty).to_owned());
            let last = known.values().copied().max().unwrap_or(0);
            let number = *known.entry(member).or_insert_with(|| after(last));
            assigned.numbers.insert((*name).to_owned(), number);
        }
        let used: BTreeSet<u32> = assigned.numbers.values().copied().collect();
        for ((name, _), number) in known.iter().filter(|(_, number)| !used.contains(number)) {
            assigned.reserved.push(*number);
            if !assigned.numbers.contains_key(name) && !assigned.reserved_names.contains(name) {
                assigned.reserved_names.push(name.clone());
            }
        }
        assigned.reserved.sort_unstable();
        assigned
    }

    /// The lock to keep.
    pub fn write(&self) -> String {
        let mut text = HEADER.to_owned();
        for (scope, members) in &self.scopes {
            let mut lines: Vec<(u32, &Member)> =
                members.iter().map(|(member, number)| (*number, member)).collect();
            lines.sort_unstable();
            for (number, (name, ty)) in lines {
                text += &format!("{scope} {name} {number} {ty}\n");
            }
        }
        text
    }
}

/// Types that read each other's bytes share their numbers.
fn wire(ty: &str) -> &str {
    if ty == "int32" { "int64" } else { ty }
}

fn is_usable(number: u32) -> bool {
    (1..=LARGEST).contains(&number) && !OWN.contains(&number)
}

fn after(last: u32) -> u32 {
    let next = last.saturating_add(1).min(LARGEST);
    if OWN.contains(&next) { OWN.end() + 1 } else { next }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: &str = "shop.v1.Order";

    fn numbers(scope: &Scope) -> Vec<(&str, u32)> {
        scope.numbers.iter().map(|(name, number)| (name.as_str(), *number)).collect()
    }

    #[test]
    fn numbers_stay_when_fields_come_and_go() {
        let mut first = Numbers::default();
        let scope =
            first.assign(ORDER, &[("id", "string"), ("card", "string"), ("total", "int32")]);
        assert_eq!(numbers(&scope), [("card", 2), ("id", 1), ("total", 3)]);

        let mut second = Numbers::read(&first.write());
        let scope =
            second.assign(ORDER, &[("id", "string"), ("about", "bool"), ("total", "int64")]);
        assert_eq!(numbers(&scope), [("about", 4), ("id", 1), ("total", 3)]);
        assert_eq!((scope.reserved, scope.reserved_names), (vec![2], vec!["card".to_owned()]));

        let mut third = Numbers::read(&second.write());
        let scope = third.assign(ORDER, &[("card", "string"), ("about", "string")]);
        assert_eq!(numbers(&scope), [("about", 5), ("card", 2)]);
        assert_eq!(scope.reserved, [1, 3, 4]);
        assert_eq!(scope.reserved_names, ["id", "total"]);
        assert_eq!(Numbers::read(&third.write()).write(), third.write());
    }

    #[test]
    fn a_damaged_lock_does_no_harm() {
        let text = "M a 1 bool\nM b 1 bool\nM c 0 bool\nM d 19500 bool\nM e x bool\nM\n<<<<<<<\n\
            M f 18999 bool\nM g 99999999999 bool";
        let mut read = Numbers::read(text);
        let scope = read.assign("M", &[("b", "bool")]);
        assert_eq!(numbers(&scope), [("b", 20_000)]);
        assert_eq!(scope.reserved, [1, 18_999]);
    }
}
