//! `include` merges files.

use base::{FileId, SourceMap};

use crate::expect::lines;

fn sources(files: &[(&str, &str)]) -> SourceMap {
    let mut sources = SourceMap::new();
    for (path, text) in files {
        sources.add(*path, *text);
    }
    sources
}

const ROOT: &str = "firmitas: 1\nsystem: { name: X }\ninclude: [contexts/*.yaml]\n";

#[test]
fn files_merge_in_the_order_of_their_paths() {
    let sources = sources(&[
        ("firmitas.yaml", &format!("{ROOT}contexts: {{ root: {{}} }}\n")),
        ("contexts/b.yaml", "contexts: { b: {} }\n"),
        ("contexts/a.yaml", "contexts: { a: {} }\nactors: { visitor: { auth: none } }\n"),
        ("contexts/deep/c.yaml", "contexts: { c: {} }\n"),
        ("contexts/a.txt", "not a model"),
    ]);
    let (tree, diagnostics) = model::syntax::parse(&sources, FileId(0));
    assert_eq!(lines(&sources, &diagnostics), Vec::<String>::new());
    let names: Vec<&str> = tree.contexts.iter().map(|(name, _)| name.value.as_str()).collect();
    assert_eq!(names, ["root", "a", "b"]);
    assert_eq!(tree.actors.len(), 1);
}

#[test]
fn a_key_of_two_files_is_reported_with_both_places() {
    let sources = sources(&[
        ("firmitas.yaml", &format!("{ROOT}actors: {{ visitor: {{ auth: none }} }}\n")),
        ("contexts/a.yaml", "actors: { visitor: { auth: user } }\nsystem: { name: Y }\n"),
    ]);
    let (_, diagnostics) = model::syntax::parse(&sources, FileId(0));
    let expected = [r#"duplicate-key "visitor""#, r#"duplicate-key "{ name: Y }""#];
    assert_eq!(lines(&sources, &diagnostics), expected);
    let other = diagnostics[0].related[0].span;
    assert_eq!((sources.path(other), sources.text(other)), ("firmitas.yaml", "visitor"));
}

#[test]
fn missing_and_outside_files_and_cycles_are_errors() {
    let sources = sources(&[
        (
            "firmitas.yaml",
            "firmitas: 1\nsystem: { name: X }\ninclude: [modle.yaml, ../x.yaml, a/b.yaml]\n",
        ),
        ("model.yaml", "include: [firmitas.yaml]\n"),
        ("a/b.yaml", "include: [c.yaml]\n"),
        ("a/c.yaml", "include: [b.yaml]\n"),
    ]);
    let (tree, diagnostics) = model::syntax::parse(&sources, FileId(0));
    let expected = [
        r#"missing-file "modle.yaml""#,
        r#"include-outside "../x.yaml""#,
        r#"include-cycle "b.yaml""#,
    ];
    assert_eq!(lines(&sources, &diagnostics), expected);
    assert_eq!(diagnostics[0].help.as_deref(), Some("did you mean `model.yaml`?"));
    assert!(tree.incomplete);
}

#[test]
fn a_syntax_error_ends_its_own_file_only() {
    let sources = sources(&[
        ("firmitas.yaml", ROOT),
        ("contexts/a.yaml", "contexts:\n  a: [\n"),
        ("contexts/b.yaml", "contexts: { b: {} }\n"),
    ]);
    let (tree, diagnostics) = model::syntax::parse(&sources, FileId(0));
    assert_eq!(lines(&sources, &diagnostics), [r#"yaml-syntax "[""#]);
    assert!(tree.contexts.iter().any(|(name, _)| name.value == "b"));
}

#[test]
fn the_patterns_of_a_file_are_found_without_binding_it() {
    let patterns = model::syntax::includes(FileId(0), ROOT);
    assert_eq!(patterns[0].value, "contexts/*.yaml");
    assert!(model::syntax::includes(FileId(0), "include: [").is_empty());
}

#[test]
fn a_star_stands_for_text_within_a_segment() {
    use model::syntax::matches;
    assert!(matches("a/*.yaml", "a/b.yaml"));
    assert!(matches("*/x*y*.yaml", "a/x-y-z.yaml"));
    assert!(!matches("a/*.yaml", "a/b/c.yaml"));
    assert!(!matches("a*a", "a"));
    assert!(!matches("a/*.yaml", "a/b.yml"));
}
