//! Anchors and aliases: remembered while reading, refused at the end with one fix that writes the
//! value out.

use std::collections::BTreeMap;

use base::{Diagnostic, Edit, Fix, Span};

/// What was seen of one anchor.
pub(super) struct Anchor {
    name: String,
    span: Span,
    /// The text of the value, if it is a scalar on one line.
    value: Option<String>,
    aliases: Vec<Span>,
}

/// All anchors of a file by the scanner's number.
#[derive(Default)]
pub(super) struct Anchors {
    anchors: BTreeMap<usize, Anchor>,
    unknown: Vec<Span>,
}

impl Anchors {
    pub(super) fn define(&mut self, id: usize, name: &str, span: Span, value: Option<&str>) {
        let short = |text: &&str| !text.is_empty() && text.len() < 200 && !text.contains('\n');
        let value = value.filter(short);
        let anchor = Anchor {
            name: name.to_owned(),
            span,
            value: value.map(str::to_owned),
            aliases: Vec::new(),
        };
        self.anchors.insert(id, anchor);
    }

    pub(super) fn refer(&mut self, id: usize, span: Span) {
        match self.anchors.get_mut(&id) {
            Some(anchor) => anchor.aliases.push(span),
            None => self.unknown.push(span),
        }
    }

    pub(super) fn refer_unknown(&mut self, span: Span) {
        self.unknown.push(span);
    }

    /// Reports everything but what lies in text that is reported as an unquoted expression.
    pub(super) fn report(self, source: &str, expressions: &[Span], out: &mut Vec<Diagnostic>) {
        let reported = |span: Span| expressions.iter().any(|expression| expression.covers(span));
        for anchor in self.anchors.into_values().filter(|anchor| !reported(anchor.span)) {
            for &alias in &anchor.aliases {
                out.push(refuse_alias(alias, Some(&anchor)));
            }
            out.push(anchor.refuse(source));
        }
        for alias in self.unknown.into_iter().filter(|&span| !reported(span)) {
            out.push(refuse_alias(alias, None));
        }
    }
}

impl Anchor {
    fn refuse(self, source: &str) -> Diagnostic {
        let diagnostic = Diagnostic::error(
            "anchor",
            self.span,
            format!("the anchor `&{}` is not part of the language", self.name),
        )
        .note("a value that is written somewhere else cannot be read where it is used")
        .help("write the value out wherever it is meant");
        let remove = Edit { span: with_space(self.span, source), replacement: String::new() };
        if self.aliases.is_empty() {
            let title = "Remove the anchor".to_owned();
            return diagnostic.fix_edits(Fix { title, safe: true, edits: vec![remove] });
        }
        let few = self.aliases.len() < 100;
        let Some(value) = self.value.filter(|_| few) else { return diagnostic };
        let write = |span: &Span| Edit { span: *span, replacement: value.clone() };
        let edits = std::iter::once(remove).chain(self.aliases.iter().map(write)).collect();
        diagnostic.fix_edits(Fix { title: "Write the value out".to_owned(), safe: true, edits })
    }
}

fn refuse_alias(span: Span, anchor: Option<&Anchor>) -> Diagnostic {
    let diagnostic = Diagnostic::error("alias", span, "aliases are not part of the language")
        .help("write the value out; an expression that starts with `*` needs quotes");
    match anchor {
        None => diagnostic,
        Some(anchor) => {
            let diagnostic = diagnostic.related(anchor.span, "stands for this");
            match &anchor.value {
                Some(value) => diagnostic.fix("Write the value out", true, span, value.clone()),
                None => diagnostic,
            }
        }
    }
}

/// The span and the one space after it.
pub(super) fn with_space(span: Span, source: &str) -> Span {
    let space = source.as_bytes().get(span.end as usize) == Some(&b' ');
    Span { end: span.end + u32::from(space), ..span }
}
