//! Names in other cases, and names that nobody else has taken.

use std::collections::BTreeSet;

/// Longest identifier that PostgreSQL keeps whole, in bytes (`NAMEDATALEN - 1`).
pub const IDENTIFIER_LIMIT: usize = 63;

/// `placeOrder`, `PlaceOrder`, `place_order` as `place-order`.
#[must_use]
pub fn kebab(name: &str) -> String {
    words(name, '-')
}

/// `placeOrder`, `PlaceOrder`, `place-order` as `place_order`.
#[must_use]
pub fn snake(name: &str) -> String {
    words(name, '_')
}

/// `place-order`, `place_order`, `PlaceOrder` as `placeOrder`.
#[must_use]
pub fn lower_camel(name: &str) -> String {
    let kebab = kebab(name);
    let mut pieces = kebab.split('-');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |name, piece| name + &capital(piece))
}

/// `place-order`, `place_order`, `placeOrder` as `PlaceOrder`.
#[must_use]
pub fn upper_camel(name: &str) -> String {
    kebab(name).split('-').map(capital).collect()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A capital starts a word after a small letter or digit, and when a small letter follows it
/// (`HTTPCall` is two words).
fn words(name: &str, separator: char) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, &letter) in letters.iter().enumerate() {
        if letter == '_' || letter == '-' {
            out.push(separator);
            continue;
        }
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let after_small = before.is_some_and(|c| c.is_lowercase() || c.is_ascii_digit());
        let after_capital = before.is_some_and(|c| c.is_uppercase());
        let small_follows = letters.get(at + 1).is_some_and(|c| c.is_lowercase());
        if letter.is_uppercase() && (after_small || (after_capital && small_follows)) {
            out.push(separator);
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// Hands out identifiers that are short enough and different from each other.
#[derive(Debug, Default)]
pub struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    /// Names that must not be handed out.
    #[must_use]
    pub fn reserving<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self { taken: names.into_iter().map(str::to_owned).collect() }
    }

    /// The name itself, or the nearest free one: cut to the limit, then numbered from 2.
    pub fn take(&mut self, wanted: &str) -> String {
        self.take_all(wanted, |name| vec![name.to_owned()])
    }

    /// A name of which everything derived from it is free as well (a column's suffixed columns).
    pub fn take_all(&mut self, wanted: &str, derived: impl Fn(&str) -> Vec<String>) -> String {
        let longest = derived("").iter().map(String::len).max().unwrap_or(0);
        let limit = IDENTIFIER_LIMIT.saturating_sub(longest);
        let numbered = (2u32..).map(|number| format!("_{number}"));
        let names = std::iter::once(String::new()).chain(numbered).map(|suffix| {
            let room = limit.saturating_sub(suffix.len());
            shortened(wanted, room) + &suffix
        });
        for name in names {
            let all = derived(&name);
            if all.iter().all(|name| !self.taken.contains(name)) {
                self.taken.extend(all);
                return name;
            }
        }
        wanted.to_owned()
    }
}

/// The name cut to `room` bytes; what was cut off leaves a checksum, so that long names that
/// differ at their end stay different and the same from one run to the next.
fn shortened(name: &str, room: usize) -> String {
    if name.len() <= room {
        return name.to_owned();
    }
    let checksum = format!("_{:08x}", fnv1a(name.as_bytes()));
    let mut keep = room.saturating_sub(checksum.len());
    while keep > 0 && !name.is_char_boundary(keep) {
        keep -= 1;
    }
    format!("{}{checksum}", name.get(..keep).unwrap_or_default())
}

/// Fowler-Noll-Vo 1a, 32 bits: a checksum whose value never changes between versions.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        assert_eq!(kebab("placeOrder"), "place-order");
        assert_eq!(kebab("StockItem"), "stock-item");
        assert_eq!(kebab("HTTPCallLog"), "http-call-log");
        assert_eq!(kebab("oauth2Login"), "oauth2-login");
        assert_eq!(snake("stock-items"), "stock_items");
        assert_eq!(snake("orderLines"), "order_lines");
        assert_eq!(lower_camel("ride-sharing"), "rideSharing");
        assert_eq!(upper_camel("stock_item"), "StockItem");
    }

    #[test]
    fn names_are_unique_and_short() {
        let mut names = Names::reserving(["position"]);
        assert_eq!(names.take("position"), "position_2");
        assert_eq!(names.take("a"), "a");
        assert_eq!(names.take("a"), "a_2");
        let long = "x".repeat(80);
        let first = names.take(&long);
        let other = names.take(&format!("{long}y"));
        assert_eq!(first.len(), IDENTIFIER_LIMIT);
        assert_ne!(first, other);
    }

    #[test]
    fn derived_names_are_kept_free() {
        let mut names = Names::reserving([]);
        let columns = |name: &str| vec![format!("{name}_amount"), format!("{name}_currency")];
        names.take("price_currency");
        assert_eq!(names.take_all("price", columns), "price_2");
    }
}
