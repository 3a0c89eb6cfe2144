//! Hostile models: whatever is done to the text, resolving ends without a panic.

use crate::expect::source;

const SHOP: &str = include_str!("../../../../examples/shop/firmitas.yaml");
const RIDES: &str = include_str!("../../../../examples/rides/firmitas.yaml");

/// Numbers from a seed (xorshift), so that a failure can be repeated.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).unwrap_or(0)
    }
}

/// Cuts, doubles and swaps words and lines.
fn mutate(text: &str, numbers: &mut Numbers) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=numbers.below(4) {
        let (at, other) = (numbers.below(lines.len()), numbers.below(lines.len()));
        match numbers.below(5) {
            0 => {
                lines.remove(at);
            }
            1 => {
                let line = lines[other].clone();
                lines.insert(at, line);
            }
            2 => lines.swap(at, other),
            _ => {
                let words: Vec<String> =
                    lines[other].split_inclusive([' ', '.', ',']).map(str::to_owned).collect();
                let word = words.get(numbers.below(words.len())).cloned().unwrap_or_default();
                let mut own: Vec<String> =
                    lines[at].split_inclusive([' ', '.', ',']).map(str::to_owned).collect();
                if !own.is_empty() {
                    let place = numbers.below(own.len());
                    own[place] = word;
                }
                lines[at] = own.concat();
            }
        }
    }
    lines.join("\n")
}

#[test]
fn mutations_never_panic_and_spans_lie_in_the_file() {
    let mut numbers = Numbers(0x5eed);
    for round in 0..400 {
        let text = mutate(if round % 2 == 0 { SHOP } else { RIDES }, &mut numbers);
        let (sources, root) = source(&text);
        let (_, diagnostics) = model::load(&sources, root);
        for diagnostic in diagnostics {
            let span = diagnostic.primary.span;
            assert!(span.end as usize <= text.len(), "{round}: {diagnostic:?}");
        }
    }
}

#[test]
fn the_same_text_resolves_to_the_same_model() {
    let resolve = || {
        let (sources, root) = source(SHOP);
        format!("{:?}", model::load(&sources, root))
    };
    assert_eq!(resolve(), resolve());
}
