//! Every struct reports all that is wrong with it.

use crate::expect::{check, lines, source};

#[test]
fn unknown_keys_are_errors_with_a_suggestion() {
    check(
        r"
entities:
  Thing:
    feilds: { a: string }
#   ^^^^^^ unknown-key
    colour: red
#   ^^^^^^ unknown-key
    rows: many
#         ^^^^ vague-number
",
    );
    let (sources, root) = source("firmitas: 1\nsystem: { nam: X }\n");
    let (_, diagnostics) = model::syntax::parse(&sources, root);
    assert_eq!(lines(&sources, &diagnostics), [r#"missing-key "system""#, r#"unknown-key "nam""#]);
    assert_eq!(diagnostics[1].help.as_deref(), Some("did you mean `name`?"));
}

#[test]
fn missing_keys_point_at_their_owner() {
    check(
        r"
actors:
  visitor: {}
# ^^^^^^^ missing-key
operations:
  look: { list: Thing }
# ^^^^ missing-key
  make: { create: Thing, by: [visitor] }
# ^^^^ missing-key
  idle: { by: [visitor] }
# ^^^^ missing-key
decisions:
  cache.look: { choose: none }
# ^^^^^^^^^^ missing-key
  accept:
    unused@look: {}
#   ^^^^^^^^^^^ missing-key
flows:
  move:
# ^^^^ missing-key
    steps: { one: {} }
#            ^^^ missing-key
",
    );
}

#[test]
fn a_slip_in_an_effect_is_told_once() {
    check(
        r"
operations:
  end: { act: Thing, by: [user], do: [{ moev: done }] }
#                                       ^^^^ unknown-key
",
    );
}

#[test]
fn keys_without_values_are_errors() {
    check(
        r"
entities:
  Thing:
    fields:
#   ^^^^^^ missing-value
operations:
# <<<<<<<<<< missing-value
",
    );
}

#[test]
fn wrong_shapes_are_named() {
    check(
        r"
actors: [visitor]
#       ^^^^^^^^^ wrong-shape
entities:
  Thing: none
#        ^^^^ wrong-shape
  Other:
    rows: [1]
#         ^^^ wrong-shape
    fields: { a: [string] }
#                ^^^^^^^^ wrong-shape
    unique: { key: a }
#                  ^ wrong-shape
",
    );
}

#[test]
fn what_is_unreadable_is_still_known_by_name() {
    let (sources, root) = source("entities: { Thing: none, Other: { fields: { a: strin } } }");
    let (tree, _) = model::syntax::parse(&sources, root);
    let names: Vec<&str> =
        tree.unassigned.entities.iter().map(|(name, _)| name.value.as_str()).collect();
    assert_eq!(names, ["Thing", "Other"]);
    assert_eq!(tree.unassigned.entities[1].1.fields.len(), 1);
}

#[test]
fn effects_do_one_thing_with_their_own_keys() {
    check(
        r"
operations:
  act:
    act: Thing
    get: Thing
#   ^^^ conflicting-keys
    by: [visitor]
    do:
      - move: done
#       ~~~~
        emit: Done
#       ^^^^ conflicting-keys
      - { else: no-way }
#         ^^^^ missing-key
      - { set: { a: 1 }, with: {} }
#         ~~~
#                        ^^^^ misplaced-key
      - { require: self.a }
#         ^^^^^^^ missing-key
      - { emit: Done, each: self.lines }
#                           ^^^^ missing-variable
      - { require: self.a, else: NoWay }
#                                ^^^^^ name-style
"
        .replace("    act: Thing\n", "    act: Thing\n#   ~~~\n")
        .as_str(),
    );
}

#[test]
fn names_have_their_case() {
    check(
        r#"
actors:
  Visitor: { auth: none }
# ^^^^^^^ name-style
contexts:
  my_context:
# ^^^^^^^^^^ name-style
    entities:
      thing:
#     ^^^^^ name-style
        fields: { firstName: string, in: string, id: uuid, status: string }
#                 ^^^^^^^^^ name-style
#                                    ^^ reserved-name
#                                                ^^ reserved-name
#                                                          ^^^^^^ reserved-name
        states: { New: [] }
#                 ^^^ name-style
        unique: { oneOnly: [firstName] }
#                 ^^^^^^^ name-style
        parts: { in_stock: { fields: { a: "enum(Red, blue, blue)" } } }
#                                               ^^^ name-style
#                                                    ~~~~
#                                                          ^^^^ duplicate-key
"#,
    );
}

#[test]
fn words_come_from_their_set() {
    check(
        r"
actors:
  visitor: { auth: nobody, client: [browsr] }
#                  ^^^^^^ unknown-word
#                                   ^^^^^^ unknown-word
entities:
  Thing: { soft_delete: yes, history: maybe, consistency: srtong }
#                       ^^^ bad-boolean
#                                     ^^^^^ bad-boolean
#                                                         ^^^^^^ unknown-word
",
    );
}

#[test]
fn the_version_and_the_system_are_required() {
    let (sources, root) = source("entities: {}\n");
    let (_, diagnostics) = model::syntax::parse(&sources, root);
    assert_eq!(lines(&sources, &diagnostics), [r#"missing-key """#, r#"missing-key """#]);
    check("firmitas: 2\n#         ^ unknown-version\nsystem: { name: X }\n");
    check("firmitas: 1\nsystem: x\n#       ^ wrong-shape\n");
}
