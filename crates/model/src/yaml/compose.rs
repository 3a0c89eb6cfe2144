//! Events of the YAML scanner become nodes. The stack is ours, so nesting costs no recursion.

use std::collections::BTreeMap;

use base::{Diagnostic, FileId, Span, Spanned};
use granit_parser::{Event, Options, Parser, ScalarStyle, StructureStyle};

use super::anchor::{Anchors, with_space};
use super::node::{Entry, Mapping, Node, NodeKind, Scalar, Style};
use super::text::Text;
use super::{careless, error, scalar};

/// Most levels of nesting; the language itself needs about twelve.
const DEPTH: usize = 64;
/// Largest file in bytes; a model of a thousand operations has about a tenth.
const FILE_SIZE: usize = 4 << 20;
/// Most expressions read as tags whose anchors are not reported as well.
const MOST_EXPRESSIONS: usize = 64;
/// Most values that need quotes before the rest of the file is left alone.
const RECOVERIES: usize = 16;

/// What was read of a file.
#[derive(Clone, Debug)]
pub struct Document {
    /// The tree, if there is one.
    pub root: Option<Node>,
    /// Whether the whole file was read.
    pub complete: bool,
}

/// Reads a file. What is wrong goes to `out`; the tree holds all that could be read.
///
/// Where a syntax error is a value that needs quotes, the value is refused and the file is read
/// again without it, so that the error hides nothing else.
pub fn read(file: FileId, source: &str, out: &mut Vec<Diagnostic>) -> Document {
    if source.len() > FILE_SIZE {
        let span = Span::new(file, 0, 0);
        let message = format!("the file has {} bytes; 4 MiB are the most", source.len());
        let help = "split it and use `include`";
        out.push(Diagnostic::error("file-too-large", span, message).help(help));
        return Document { root: None, complete: false };
    }
    let tabs = error::report_tabs(file, source, out);
    let mut text = if tabs { source.replace('\t', " ") } else { source.to_owned() };
    let mut refused: Vec<Span> = Vec::new();
    loop {
        let mut found = Vec::new();
        let mut composer = Composer::new(file, &text, &refused, &mut found);
        let error = composer.run().err();
        let root = composer.finish();
        if let Some(error) = &error
            && refused.len() < RECOVERIES
            && let Some(value) = error::value_to_refuse(error, &refused)
        {
            out.push(Diagnostic::clone(error));
            refused.push(value);
            let range = value.start as usize..value.end as usize;
            text.replace_range(range, &"_".repeat(value.len()));
            continue;
        }
        out.extend(found);
        let complete = error.is_none();
        // Tabs that were refused already may well be the cause.
        let error = error.filter(|_| !tabs);
        out.extend(error.map(|error| error.note(error::ENDS_HERE)));
        return Document { root, complete };
    }
}

/// An open collection.
enum Frame {
    Sequence { start: Span, flow: bool, items: Vec<Node> },
    Mapping { start: Span, flow: bool, entries: Vec<Entry>, key: Option<Node>, incomplete: bool },
}

struct Composer<'a> {
    file: FileId,
    source: &'a str,
    out: &'a mut Vec<Diagnostic>,
    stack: Vec<Frame>,
    root: Option<Node>,
    documents: usize,
    anchors: Anchors,
    /// Text of the last scalar: the value of an anchor event that follows.
    last_scalar: Span,
    /// Text reported as an expression that needs quotes.
    expressions: Vec<Span>,
    /// Values that an earlier reading refused.
    refused: &'a [Span],
}

impl<'a> Composer<'a> {
    fn new(
        file: FileId,
        source: &'a str,
        refused: &'a [Span],
        out: &'a mut Vec<Diagnostic>,
    ) -> Self {
        Self {
            file,
            source,
            out,
            stack: Vec::new(),
            root: None,
            documents: 0,
            anchors: Anchors::default(),
            last_scalar: Span::default(),
            expressions: Vec::new(),
            refused,
        }
    }

    /// Reads all events, up to a syntax error.
    fn run(&mut self) -> Result<(), Box<Diagnostic>> {
        let mut options = Options::default();
        options.emit_comments = false;
        options.emit_anchor_events = true;
        options.emit_unresolved_aliases = true;
        options.flow_nesting_limit = DEPTH;
        options.block_nesting_limit = DEPTH;
        let mut parser = Parser::new_from_str_with_options(self.source, options);
        while let Some(next) = parser.next_event() {
            match next {
                Ok((event, span)) => self.event(event, span),
                Err(scan) => {
                    let diagnostic = error::syntax(self.file, self.source, &scan);
                    self.refuse_last(diagnostic.primary.span);
                    return Err(Box::new(diagnostic));
                }
            }
        }
        Ok(())
    }

    /// What was read last is part of what a syntax error is about: it is not reported again.
    fn refuse_last(&mut self, span: Span) {
        let last = match self.stack.last_mut() {
            Some(Frame::Sequence { items, .. }) => items.last_mut(),
            Some(Frame::Mapping { entries, .. }) => {
                entries.last_mut().map(|entry| &mut entry.value)
            }
            None => None,
        };
        if let Some(node) = last.filter(|node| span.covers(node.span)) {
            node.kind = NodeKind::Invalid;
        }
    }

    /// Closes what a syntax error left open, and reports what was only remembered.
    fn finish(mut self) -> Option<Node> {
        while let Some(frame) = self.stack.pop() {
            let node = match frame {
                Frame::Sequence { start, flow: true, .. } => {
                    Node { kind: NodeKind::Invalid, span: start }
                }
                Frame::Sequence { start, items, .. } => sequence(start, start, items),
                Frame::Mapping { start, entries, .. } => {
                    let entries = self.unique(entries);
                    mapping(start, start, entries, true)
                }
            };
            self.place(node);
        }
        self.anchors.report(self.source, &self.expressions, self.out);
        self.root
    }

    fn event(&mut self, event: Event<'_>, place: granit_parser::Span) {
        let span = self.span(&place);
        let tag = place.tag_span().map(|tag| self.span(&tag));
        match event {
            Event::DocumentStart(..) => self.document(span),
            Event::Scalar(mut decoded, style, ..) => {
                self.last_scalar = span;
                if span.is_empty() && style == ScalarStyle::Plain {
                    decoded = "".into(); // the scanner writes `~` for what is not there
                }
                let node = self.scalar(decoded, style, span, tag);
                self.place(node);
            }
            Event::SequenceStart(style, ..) => {
                self.refuse_tag(tag);
                let flow = style == StructureStyle::Flow;
                self.last_scalar = Span::default();
                self.stack.push(Frame::Sequence { start: span, flow, items: Vec::new() });
            }
            Event::MappingStart(style, ..) => {
                self.refuse_tag(tag);
                let flow = style == StructureStyle::Flow;
                self.last_scalar = Span::default();
                let entries = Vec::new();
                let frame =
                    Frame::Mapping { start: span, flow, entries, key: None, incomplete: false };
                self.stack.push(frame);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Anchor(id, name) => {
                let value = self.text(self.last_scalar).to_owned();
                self.anchors.define(id, &name, span, Some(&value));
            }
            Event::Alias(id) => {
                self.anchors.refer(id, span);
                self.place(Node { kind: NodeKind::Invalid, span });
            }
            Event::UnresolvedAlias(_) => {
                self.anchors.refer_unknown(span);
                self.place(Node { kind: NodeKind::Invalid, span });
            }
            _ => {}
        }
    }

    fn document(&mut self, span: Span) {
        self.documents += 1;
        if self.documents == 2 {
            let message = "a model file is one YAML document";
            let help = "move what follows to a file of its own and use `include`";
            self.out.push(Diagnostic::error("second-document", span, message).help(help));
        }
    }

    fn scalar(
        &mut self,
        decoded: std::borrow::Cow<'_, str>,
        style: ScalarStyle,
        span: Span,
        tag: Option<Span>,
    ) -> Node {
        if let Some(node) = tag.and_then(|tag| self.negation(tag, style, span)) {
            return node;
        }
        self.refuse_tag(tag);
        if self.refused.iter().any(|value| value.covers(span) && !span.is_empty()) {
            return Node { kind: NodeKind::Invalid, span };
        }
        let span = self.without_line_breaks(span);
        let text = scalar::text(decoded, style, self.source, span);
        let (style, comment) = match style {
            ScalarStyle::Plain => (Style::Plain, self.comment_after(span)),
            ScalarStyle::SingleQuoted => (Style::SingleQuoted, None),
            ScalarStyle::DoubleQuoted => (Style::DoubleQuoted, None),
            ScalarStyle::Literal | ScalarStyle::Folded => (Style::Block, None),
        };
        Node { kind: NodeKind::Scalar(Scalar { text, style, comment }), span }
    }

    /// `!self.closed`: YAML reads a tag where an expression was meant. The expression is put
    /// together again.
    fn negation(&mut self, tag: Span, style: ScalarStyle, span: Span) -> Option<Node> {
        let name = self.text(tag).strip_prefix('!')?;
        let expression = name.starts_with(|c: char| c.is_alphabetic() || "_(".contains(c));
        if !expression || style != ScalarStyle::Plain {
            return None;
        }
        let whole = if span.is_empty() { tag } else { tag.to(span) };
        let text =
            careless::plain(self.source, self.file, whole.start as usize, whole.end as usize);
        self.out.push(error::unquoted_expression(
            whole,
            "YAML reads `!` at the start of a value as a tag",
            &text.text,
        ));
        if self.expressions.len() < MOST_EXPRESSIONS {
            self.expressions.push(whole);
        }
        let comment = self.comment_after(whole);
        let scalar = Scalar { text, style: Style::Plain, comment };
        Some(Node { kind: NodeKind::Scalar(scalar), span: whole })
    }

    fn refuse_tag(&mut self, tag: Option<Span>) {
        let Some(span) = tag else { return };
        let remove = with_space(span, self.source);
        self.out.push(
            Diagnostic::error("tag", span, "tags are not part of the language")
                .help("every key of the language knows its type; remove the tag")
                .fix("Remove the tag", true, remove, ""),
        );
    }

    /// Block scalars end with their line breaks, which are no part of what is underlined.
    fn without_line_breaks(&self, span: Span) -> Span {
        let trimmed = self.text(span).trim_end_matches(['\n', '\r', ' ']).len();
        Span::new(span.file, span.start as usize, span.start as usize + trimmed)
    }

    fn comment_after(&self, span: Span) -> Option<Text> {
        let rest = self.source.get(span.end as usize..)?;
        let blank = rest.len() - rest.trim_start_matches(' ').len();
        if blank == 0 || !rest[blank..].starts_with('#') {
            return None;
        }
        let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let start = span.end as usize;
        Some(careless::plain(self.source, self.file, start + blank, start + length))
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, node: Node) {
        match self.stack.last_mut() {
            None if self.documents > 1 => {}
            None => self.root = Some(node),
            Some(Frame::Sequence { items, .. }) => items.push(node),
            Some(Frame::Mapping { entries, key, incomplete, .. }) => match key.take() {
                None => *key = Some(node),
                Some(key) => match entry(key, node) {
                    Ok(entry) => entries.push(entry),
                    Err(diagnostic) => {
                        *incomplete = true;
                        self.out.extend(diagnostic.map(|diagnostic| *diagnostic));
                    }
                },
            },
        }
    }

    fn close(&mut self, end: Span) {
        let node = match self.stack.pop() {
            None => return,
            Some(Frame::Sequence { start, flow, mut items }) => {
                if flow {
                    items = careless::join_items(items, self.source, self.out);
                }
                sequence(start, if flow { end } else { start }, items)
            }
            Some(Frame::Mapping { start, flow, mut entries, incomplete, .. }) => {
                if flow {
                    entries = careless::join_entries(entries, self.source, self.out);
                }
                let entries = self.unique(entries);
                mapping(start, if flow { end } else { start }, entries, incomplete)
            }
        };
        self.place(node);
    }

    /// Keeps the first entry of each key and reports the others.
    fn unique(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        let mut first: BTreeMap<&str, Span> = BTreeMap::new();
        let mut repeated = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            let span = entry.key.span;
            match first.get(entry.key.value.as_str()) {
                None => drop(first.insert(&entry.key.value, span)),
                Some(&other) => {
                    self.out.push(error::duplicate_key(&entry.key.value, span, other));
                    repeated.push(at);
                }
            }
        }
        if repeated.is_empty() {
            return entries;
        }
        let keep = |(at, entry)| repeated.binary_search(&at).is_err().then_some(entry);
        entries.into_iter().enumerate().filter_map(keep).collect()
    }

    fn span(&self, place: &granit_parser::Span) -> Span {
        let range = place.byte_range().unwrap_or(0..0);
        Span::new(self.file, range.start, range.end.max(range.start))
    }

    fn text(&self, span: Span) -> &'a str {
        self.source.get(span.start as usize..span.end as usize).unwrap_or("")
    }
}

/// An entry, or why its key cannot be one (nothing where that was reported already).
fn entry(key: Node, value: Node) -> Result<Entry, Option<Box<Diagnostic>>> {
    match key.kind {
        NodeKind::Scalar(scalar) if scalar.text.text == "<<" && !scalar.is_quoted() => {
            Err(Some(Box::new(error::merge_key(key.span))))
        }
        NodeKind::Scalar(scalar) => Ok(Entry {
            quoted: scalar.is_quoted(),
            key: Spanned::new(scalar.text.text, key.span),
            value,
        }),
        NodeKind::Invalid => Err(None),
        NodeKind::Sequence(_) | NodeKind::Mapping(_) => {
            let message = format!("a key is a name, not {}", key.describe());
            let help = "YAML reads `{`, `[` and `? ` as structure; quote what is meant as text";
            Err(Some(Box::new(Diagnostic::error("complex-key", key.span, message).help(help))))
        }
    }
}

fn sequence(start: Span, end: Span, items: Vec<Node>) -> Node {
    let last = items.last().map_or(start, |item| item.span);
    Node { span: start.to(last).to(end), kind: NodeKind::Sequence(items) }
}

fn mapping(start: Span, end: Span, entries: Vec<Entry>, incomplete: bool) -> Node {
    let last = entries.last().map_or(start, |entry| entry.key.span.to(entry.value.span));
    let span = start.to(last).to(end);
    Node { span, kind: NodeKind::Mapping(Mapping { entries, incomplete }) }
}
