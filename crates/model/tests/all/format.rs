//! One layout: nothing but layout changes, and nothing changes twice.

use base::FileId;
use proptest::prelude::*;

use crate::expect::source;

const SHOP: &str = include_str!("../../../../examples/shop/firmitas.yaml");
const RIDES: &str = include_str!("../../../../examples/rides/firmitas.yaml");
const HOTEL: &str = include_str!("../models/hotel.yaml");

fn format(text: &str) -> String {
    model::format(FileId(0), text).unwrap()
}

/// The syntax tree as text, without places.
fn tree(text: &str) -> String {
    let (sources, root) = source(text);
    let debug = format!("{:?}", model::syntax::parse(&sources, root).0);
    let plain = without(&debug, "Span {", "}");
    let plain = without(&plain, "start: ", ",");
    without(&plain, "runs: [", "]")
}

/// A text without what lies between two marks, wherever it does.
fn without(text: &str, from: &str, to: &str) -> String {
    let mut pieces = text.split(from);
    let first = pieces.next().unwrap_or("").to_owned();
    pieces.fold(first, |all, piece| all + piece.split_once(to).map_or("", |(_, rest)| rest))
}

fn comments(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.find('#').map(|at| line[at..].trim_end())).collect()
}

#[test]
fn the_examples_are_in_the_common_layout() {
    for text in [SHOP, RIDES] {
        assert_eq!(format(text), text);
    }
}

#[test]
fn layout_is_normalised_and_nothing_else() {
    let before = "\r
firmitas:   1\r
system: {name: 'Test' ,summary: \"it: works\",currency:  [EUR,USD ] }   \r
\r
\r
# entities
entities:
    # one
    Thing:    # a thing
        rows:  2k
        fields:
            a:   string(1..20)
            note: {type:  text,doc: 'a, b'}
        states:
            new: [ ]
            old:
            - new
operations:
   look: { list: Thing, by: [ visitor,], where: \"self.a == 'x'\" }
   make:
      create: Thing
      by:
      - visitor
      input: []
      do:
      -   require: self.a == 'b'
          else: 'bad-a'
      - set:
            note: >
               some
               text
# the end


";
    let after = "firmitas: 1
system: { name: Test, summary: \"it: works\", currency: [EUR, USD] }

# entities
entities:
  # one
  Thing:    # a thing
    rows: 2k
    fields:
      a: string(1..20)
      note: { type: text, doc: \"a, b\" }
    states:
      new: []
      old:
        - new
operations:
  look: { list: Thing, by: [visitor], where: \"self.a == 'x'\" }
  make:
    create: Thing
    by:
      - visitor
    input: []
    do:
      - require: self.a == 'b'
        else: bad-a
      - set:
          note: >
             some
             text
# the end
";
    assert_eq!(format(before), after);
    assert_eq!(format(after), after);
}

#[test]
fn quotes_stay_where_they_mean_something() {
    for value in ["'1.0'", "\"true\"", "'2026'", "\"- x\"", "'x # y'", "\"line\\nbreak\"", "''"] {
        let text = format!("firmitas: 1\nsystem:\n  name: T\n  summary: {value}\n");
        let (before, after) = (tree(&text), tree(&format(&text)));
        assert_eq!(before, after, "{value}");
        assert!(format(&text).contains(['\'', '"']), "{value}");
    }
}

#[test]
fn json_stays_json() {
    let text = "{ \"firmitas\": 1, \"system\": { \"name\": \"Test\" } }\n";
    assert_eq!(format(text), text);
}

#[test]
fn what_cannot_be_read_is_left_alone() {
    let found = model::format(FileId(0), "firmitas: 1\nsystem: { nam: X\n").unwrap_err();
    assert!(found.iter().any(|diagnostic| diagnostic.id == "yaml-syntax"));
    assert!(model::format(FileId(0), "entities: { Thing: { rows: many } }").is_err());
}

/// Spaces, blank lines and line ends as people leave them: nothing of it has a meaning.
fn untidy(text: &str, choices: &[u8]) -> String {
    let mut choice = choices.iter().copied().cycle();
    let mut next = move |below: u8| choice.next().unwrap_or(0) % below;
    let factor = usize::from(next(3)) + 1;
    let mut new = String::new();
    for line in text.lines() {
        let body = line.trim_start();
        let indent = (line.len() - body.len()) * factor;
        let dash = format!("-{}", " ".repeat(2 * factor - 1));
        let body = match body.strip_prefix("- ") {
            Some(item) => dash + item,
            None => body.to_owned(),
        };
        let body = match next(6) {
            0 => body.replace("{ ", "{").replace(" }", "   }"),
            1 => body.replace(", ", " ,  "),
            2 => body.replace(": ", ":   "),
            _ => body,
        };
        new += &format!("{}{body}{}", " ".repeat(indent), " ".repeat(usize::from(next(3))));
        new += if next(5) == 0 { "\r\n" } else { "\n" };
        if next(9) == 0 {
            new += "\n\n";
        }
    }
    new
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn formatting_keeps_the_tree_and_the_comments_and_settles(
        which in 0..3usize,
        choices in proptest::collection::vec(any::<u8>(), 1..200),
    ) {
        let text = untidy([SHOP, RIDES, HOTEL][which], &choices);
        let once = format(&text);
        prop_assert_eq!(tree(&text), tree(&once));
        prop_assert_eq!(comments(&text), comments(&once));
        prop_assert_eq!(&format(&once), &once);
        prop_assert!(once.lines().all(|line| !line.ends_with([' ', '\r'])));
    }
}
