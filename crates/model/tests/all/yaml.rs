//! What the language refuses of YAML: each with its own id, and building goes on.

use crate::expect::{check, lines, source};

#[test]
fn json_is_accepted() {
    check(
        r#"{
  "firmitas": 1,
  "system": { "name": "Test \u00e9" },
  "actors": { "staff": { "auth": "user", "when": "actor" } },
  "entities": { "Thing": { "rows": "2k + 5/day", "fields": { "on": "int(0..)" } } },
  "operations": {
    "things": { "list": "Thing", "by": ["staff"], "where": "self.on == 1", "sort": ["-on"] }
  }
}"#,
    );
}

#[test]
fn duplicate_keys_point_at_both_places() {
    check(
        r"
entities:
  Thing:
# ~~~~~
    rows: 2k
#   ~~~~
    size: 5kB
    rows: 3k
#   ^^^^ duplicate-key
  Thing: { rows: 1 }
# ^^^^^ duplicate-key
",
    );
}

#[test]
fn anchors_aliases_and_merge_keys_are_refused() {
    check(
        r"
entities:
  Thing: &thing
#        ^^^^^^ anchor
#        ~~~~~~
#        ~~~~~~
    rows: &many 2M
#         ^^^^^ anchor
#         ~~~~~
  Other:
    <<: *thing
#   ^^ merge-key
#       ^^^^^^ alias
    rows: *many
#         ^^^^^ alias
  Third: *thing
#        ^^^^^^ alias
  Fourth: *unknown
#         ^^^^^^^^ alias
",
    );
}

#[test]
fn tags_are_refused() {
    check(
        r"
entities:
  Thing: !!map
#        ^^^^^ tag
    rows: !!str 2k
#         ^^^^^ tag
    parts: !!map {}
#          ^^^^^ tag
",
    );
}

#[test]
fn tabs_are_reported_once_and_building_goes_on() {
    let text = "firmitas: 1\nsystem: { name: Test }\nentities:\n\tThing:\n\t\tfeilds: {}\n";
    let (sources, root) = source(text);
    let (_, diagnostics) = model::syntax::parse(&sources, root);
    let expected = [r#"tab-indentation "\t""#, r#"unknown-key "feilds""#];
    assert_eq!(lines(&sources, &diagnostics), expected);
    assert_eq!(diagnostics[0].fixes[0].edits.len(), 3);
    check("entities:\n  Thing: { rows:\t2k }\n#               ^ tab\n");
}

#[test]
fn keys_are_text() {
    check(
        r"
entities:
  [a, b]: { rows: 1 }
# ^^^^^^ complex-key
  Thing: { rows: 1 }
",
    );
}

#[test]
fn a_second_document_is_refused() {
    check("firmitas: 1\nsystem: { name: Test }\n---\n# <<< second-document\nentities: {}\n");
}

#[test]
fn a_syntax_error_ends_only_its_file_and_keeps_what_was_read() {
    let text = "
entities:
  Thing:
    rows: many
#         ^^^^ vague-number
   Wrong: x
#  ^ yaml-syntax
  Other:
    rows: fast
";
    check(text);
    let (sources, root) = source(&crate::expect::with_header(text));
    let (tree, _) = model::syntax::parse(&sources, root);
    assert_eq!(tree.unassigned.entities.len(), 1);
    assert!(tree.incomplete);
}

#[test]
fn syntax_errors_say_what_to_do() {
    check("entities: [\n#         ^ yaml-syntax\n");
    check("entities:\n  Thing:\n    doc: one: two\n#        ^^^^^^^^ unquoted-value\n");
    check(
        "entities:\n  Thing: { doc: a, size: b[0].c }\n#                        ^^^^^^ unquoted-value\n",
    );
    check("entities:\n  Thing:\n    doc: @home\n#        ^^^^^ unquoted-value\n");
    check("entities:\n  Thing:\n    rows:2k\n#   ^^^^^^^ missing-space\n    size: 5kB\n");
    check("entities:\n  Thing: { rows:2k }\n#          ^^^^^^^ missing-space\n");
    check(
        "entities:\n  Thing:\n    doc: \"open\n#        ^^^^^ unclosed-quote\n  Other: { rows: 1 }\n",
    );
}

#[test]
fn deep_nesting_is_refused_without_overflowing_the_stack() {
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")] {
        let text = format!("entities: \n {}{}", open.repeat(100_000), close.repeat(100_000));
        let (sources, root) = source(&text);
        let (_, diagnostics) = model::syntax::parse(&sources, root);
        assert!(lines(&sources, &diagnostics).iter().any(|line| line.starts_with("too-deep")));
    }
}

#[test]
fn huge_files_are_refused() {
    let text = format!("# {}\n", "x".repeat(5 << 20));
    let (sources, root) = source(&text);
    let (tree, diagnostics) = model::syntax::parse(&sources, root);
    assert_eq!(lines(&sources, &diagnostics), ["file-too-large \"\""]);
    assert!(tree.incomplete);
}

#[test]
fn huge_names_and_texts_are_cheap_and_cut_in_messages() {
    let huge = "x".repeat(1 << 20);
    let text = format!(
        "entities:\n  Thing:\n    ? {huge}\n    : 1\n    rows: {huge}\n    \
         consistency: |\n      a\n      b\n"
    );
    let (sources, root) = source(&crate::expect::with_header(&text));
    let (_, diagnostics) = model::syntax::parse(&sources, root);
    let ids: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.id).collect();
    assert_eq!(ids, ["unknown-key", "vague-number", "unknown-word"]);
    assert!(diagnostics.iter().all(|d| d.message.len() < 400 && !d.message.contains('\n')));
}

#[test]
fn huge_lines_cost_no_quadratic_time() {
    for piece in [": (", "a: [", "'x' ", "é: {", "k:v, ", "f(x, ", "&a 'b', ", "*a, "] {
        let (sources, root) = source(&format!("entities: {{ &a {}", piece.repeat(100_000)));
        assert!(!model::syntax::parse(&sources, root).1.is_empty());
    }
}

#[test]
fn many_repeated_keys_cost_no_quadratic_time() {
    let text: String = (0..50_000).map(|_| "a: 1\n").collect();
    let (sources, root) = source(&text);
    assert!(model::syntax::parse(&sources, root).1.len() > 49_000);
}
