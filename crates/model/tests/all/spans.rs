//! Spans are byte-exact, through quoting, escapes and folding.

use base::{FileId, SourceMap, Spanned};
use model::yaml::{Node, NodeKind, Text, read};

fn scalars(node: &Node, out: &mut Vec<Text>) {
    match &node.kind {
        NodeKind::Scalar(scalar) => out.push(scalar.text.clone()),
        NodeKind::Sequence(items) => items.iter().for_each(|item| scalars(item, out)),
        NodeKind::Mapping(mapping) => {
            mapping.entries.iter().for_each(|entry| scalars(&entry.value, out));
        }
        NodeKind::Invalid => {}
    }
}

fn texts(source: &str) -> (SourceMap, Vec<Text>) {
    let mut sources = SourceMap::new();
    let file = sources.add("a.yaml", source);
    let mut out = Vec::new();
    let document = read(file, source, &mut out);
    assert!(out.is_empty(), "{out:?}");
    let mut texts = Vec::new();
    scalars(&document.root.expect("a document"), &mut texts);
    (sources, texts)
}

/// Every word of the decoded text is found where its span says.
fn assert_words(source: &str) {
    let (sources, texts) = texts(source);
    assert!(!texts.is_empty());
    for text in texts {
        let mut at = 0;
        let words = text.text.split(|c: char| !c.is_alphanumeric());
        for word in words.filter(|word| !word.is_empty() && source.contains(*word)) {
            let start = at + text.text[at..].find(word).expect("a word");
            at = start + word.len();
            assert_eq!(sources.text(text.span_of(start..at)), word, "in {source:?}");
            let slice = text.slice(start..text.text.len());
            assert_eq!(sources.text(slice.span_of(0..word.len())), word, "sliced, in {source:?}");
        }
    }
}

#[test]
fn words_are_found_in_every_style() {
    for source in [
        "a: one two",
        "a: 'one ''two'' three'",
        r#"a: "one \"two\" \n three \u00e9 four \x41z five""#,
        "a: one\n  two\n\n  three # four\nb: x",
        "a: 'one\n\n  two''s\n  three'",
        "a: \"one \\\n   two\n  three\"",
        "a: |\n  one\n    two\n\n  three\nb: x",
        "a: >\n  one\n  two\n\n  three\n    four\n  five\n",
        "a: |2-\n    one\n   two\n",
        "a: >-\r\n  one\r\n  two\r\n",
        "- zwölf über\n- \"zwölf \\\"über\\\"\"\n- {k: [zwölf, 'ü''ber']}",
        "\u{feff}a: one",
    ] {
        assert_words(source);
    }
}

#[test]
fn an_escape_is_underlined_whole() {
    let (sources, texts) = texts(r#"a: "x\u00e9y''""#);
    let text = &texts[0];
    assert_eq!(text.text, "xéy''");
    assert_eq!(sources.text(text.span_of(1..3)), r"\u00e9");
    assert_eq!(sources.text(text.span_of(0..text.text.len())), r"x\u00e9y''");
    assert_eq!(sources.text(text.span), r#""x\u00e9y''""#);
}

#[test]
fn collections_end_with_their_last_value() {
    let source = "a:\n  - x\n  - { b: c }\n\n# comment\nd: e\n";
    let mut sources = SourceMap::new();
    let file = sources.add("a.yaml", source);
    let root = read(file, source, &mut Vec::new()).root.expect("a document");
    let NodeKind::Mapping(mapping) = &root.kind else { panic!("a map") };
    assert_eq!(sources.text(mapping.entries[0].value.span), "- x\n  - { b: c }");
    assert_eq!(sources.text(root.span), source.trim_end());
}

#[test]
fn spans_reach_inside_short_forms() {
    let source = "entities: { A: { rows: 2M + 60k/month, retain: 2y after gone then archive, \
                  fields: { b: \"list(catalog.B, 1..3)? unique\" } } }";
    let mut sources = SourceMap::new();
    sources.add("firmitas.yaml", source);
    let (tree, _) = model::syntax::parse(&sources, FileId(0));
    let entity = &tree.unassigned.entities[0].1;
    let text = |span| sources.text(span).to_owned();
    match entity.rows.as_ref().map(|rows| &rows.value) {
        Some(model::syntax::VolumeSyntax::Rows { inflow: Some(Spanned { span, .. }), .. }) => {
            assert_eq!(text(*span), "60k/month");
        }
        other => panic!("{other:?}"),
    }
    let retain = entity.retain.as_ref().expect("a retention");
    assert_eq!(text(retain.period.span), "2y");
    assert_eq!(retain.after.as_ref().map(|after| text(after.span)).as_deref(), Some("gone"));
    let field = &entity.fields[0].1;
    assert_eq!(text(field.ty.span), "list(catalog.B, 1..3)");
    assert_eq!(text(field.optional.expect("a mark")), "?");
    assert_eq!(text(field.modifiers[0].span), "unique");
    match &field.ty.kind {
        model::syntax::TypeKind::List { of, size: Some(size) } => {
            assert_eq!(text(size.span), "1..3");
            match &**of {
                model::syntax::ListItem::Type(ty) => assert_eq!(text(ty.span), "catalog.B"),
                model::syntax::ListItem::Fields(_) => panic!("a type"),
            }
        }
        other => panic!("{other:?}"),
    }
}
