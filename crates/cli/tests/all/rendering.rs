use base::{Diagnostic, Edit, Fix, SourceMap, Span};
use cli::render::{Appearance, Terminal, diagnostics_document, summary};

const PLAIN: Appearance = Appearance { colour: false, width: 140, sentences: false };

/// The span of the only occurrence of `needle` in the file at `path`.
fn span(sources: &SourceMap, path: &str, needle: &str) -> Span {
    let (id, file) = sources.files().find(|(_, file)| file.path == path).unwrap();
    let start = file.text.find(needle).unwrap();
    Span::new(id, start, start + needle.len())
}

fn shop() -> SourceMap {
    let mut sources = SourceMap::new();
    sources.add("firmitas.yaml", "firmitas: 1\nactors:\n  gäste: { auth: nonne }\n");
    sources.add("contexts/a.yaml", "contexts:\n  catalog: {}\n");
    sources.add("contexts/b.yaml", "contexts:\n  catalog: {}\n");
    sources
}

fn rendered(sources: &SourceMap, prefix: &str, diagnostic: &Diagnostic) -> String {
    Terminal::new(sources, prefix, PLAIN).render_one(diagnostic)
}

#[test]
fn a_suggestion_shows_the_place_and_the_repaired_line() {
    let sources = shop();
    let at = span(&sources, "firmitas.yaml", "nonne");
    let diagnostic = Diagnostic::error("unknown-option", at, "`nonne` is no kind of sign-in")
        .label("not known")
        .note("an actor is everyone (`none`) or proves who it is")
        .suggest(Some("none"));
    assert_eq!(
        rendered(&sources, "examples/shop", &diagnostic),
        "\
error[unknown-option]: `nonne` is no kind of sign-in
 --> examples/shop/firmitas.yaml:3:18
  |
3 |   gäste: { auth: nonne }
  |                  ^^^^^ not known
  |
  = note: an actor is everyone (`none`) or proves who it is
help: did you mean `none`?
  |
3 -   gäste: { auth: nonne }
3 +   gäste: { auth: none }
  |"
    );
}

#[test]
fn the_other_place_is_shown_in_its_own_file() {
    let sources = shop();
    let diagnostic = Diagnostic::error(
        "defined-twice",
        span(&sources, "contexts/b.yaml", "catalog"),
        "the context `catalog` is defined twice",
    )
    .label("again here")
    .related(span(&sources, "contexts/a.yaml", "catalog"), "first here")
    .help("merge the two, or rename one");
    assert_eq!(
        rendered(&sources, ".", &diagnostic),
        "\
error[defined-twice]: the context `catalog` is defined twice
 --> contexts/b.yaml:2:3
  |
2 |   catalog: {}
  |   ^^^^^^^ again here
  |
 ::: contexts/a.yaml:2:3
  |
2 |   catalog: {}
  |   ------- first here
  |
  = help: merge the two, or rename one"
    );
}

#[test]
fn a_wrong_span_never_hides_a_finding() {
    let sources = shop();
    let (file, _) = sources.files().next().unwrap();
    let inside_a_character = span(&sources, "firmitas.yaml", "ä").start as usize + 1;
    let far = usize::MAX;
    for (start, end) in [(0, 0), (far, far), (0, far), (inside_a_character, inside_a_character)] {
        let diagnostic = Diagnostic::warning("odd", Span::new(file, start, end), "an odd place")
            .fix("Insert", true, Span::new(file, start, end), "x\ny");
        assert!(rendered(&sources, "", &diagnostic).contains("warning[odd]: an odd place"));
    }
    let elsewhere = Span::new(base::FileId(99), 0, 3);
    let diagnostic = Diagnostic::error("lost", elsewhere, "a place that nobody knows");
    assert!(rendered(&sources, "", &diagnostic).contains("error[lost]"));
}

#[test]
fn control_characters_of_a_model_do_not_reach_the_terminal() {
    let mut sources = SourceMap::new();
    let file = sources.add("firmitas.yaml", "a: \u{1b}[2J\u{202e}b\n");
    let diagnostic = Diagnostic::error("odd", Span::new(file, 3, 8), "found `\u{1b}[2J`")
        .label("\u{1b}[31m")
        .note("\u{1b}[31m")
        .help("\u{1b}[31m");
    let text = rendered(&sources, "", &diagnostic);
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
}

#[test]
fn many_findings_are_cut_with_a_count() {
    let sources = shop();
    let at = span(&sources, "firmitas.yaml", "nonne");
    let many = vec![Diagnostic::error("odd", at, "odd"); 130];
    let text = Terminal::new(&sources, "", PLAIN).render(&many);
    assert_eq!(text.matches("error[odd]").count(), 100);
    assert!(text.contains("... and 30 more"), "{text}");
}

#[test]
fn the_summary_counts_in_words() {
    let sources = shop();
    let at = span(&sources, "firmitas.yaml", "nonne");
    assert_eq!(summary(&[]), None);
    let error = Diagnostic::error("e", at, "e");
    let warning = Diagnostic::warning("w", at, "w").fix("Quote it", true, at, "'nonne'");
    assert_eq!(summary(std::slice::from_ref(&error)).unwrap(), "1 error");
    assert_eq!(
        summary(&[error.clone(), error, warning]).unwrap(),
        "2 errors, 1 warning; `firm check --fix` repairs 1 of them"
    );
}

#[test]
fn json_has_the_stable_shape() {
    let sources = shop();
    let at = span(&sources, "firmitas.yaml", "nonne");
    let other = span(&sources, "contexts/a.yaml", "catalog");
    let edits = vec![Edit { span: at, replacement: "none".to_owned() }];
    let diagnostic = Diagnostic::error("unknown-option", at, "wrong")
        .related(other, "other place")
        .help("do this")
        .fix_edits(Fix { title: "Replace".to_owned(), safe: false, edits });
    let range = serde_json::json!({
        "start": { "line": 3, "column": 18 }, "end": { "line": 3, "column": 23 }
    });
    let expected = serde_json::json!({ "version": 1, "diagnostics": [{
        "id": "unknown-option", "severity": "error", "message": "wrong",
        "file": "firmitas.yaml", "range": range, "label": "",
        "related": [{ "message": "other place", "file": "contexts/a.yaml", "range": {
            "start": { "line": 2, "column": 3 }, "end": { "line": 2, "column": 10 } } }],
        "notes": [], "help": "do this",
        "fixes": [{ "title": "Replace", "safe": false, "edits": [
            { "file": "firmitas.yaml", "range": range, "replacement": "none" }] }],
    }]});
    assert_eq!(diagnostics_document(&sources, &[diagnostic]), expected);
}
