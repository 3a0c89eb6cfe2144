//! From a set of files to one syntax tree.

use std::collections::BTreeMap;

use base::{Diagnostic, FileId, SourceMap, Span, Spanned};

use super::bind::{Binder, Form, ModelFile};
use super::{Named, SyntaxTree, include};
use crate::yaml;

/// Reads a model: the root file and what it includes, all of which must be in `sources` (see
/// [`includes`]). What is wrong is reported; the tree holds everything that could be read.
#[must_use]
pub fn parse(sources: &SourceMap, root: FileId) -> (SyntaxTree, Vec<Diagnostic>) {
    let mut merge = Merge {
        sources,
        mentions: (false, false),
        unread: false,
        tree: SyntaxTree::default(),
        out: Vec::new(),
    };
    let mut open = vec![(root, Vec::new())];
    let mut seen = Vec::new();
    while let Some((file, path)) = open.pop() {
        seen.push(file);
        let included = merge.file(file);
        let mut next = Vec::new();
        for pattern in included {
            let files = include::resolve(sources, file, &pattern, &mut merge.out);
            merge.unread |= files.is_empty();
            merge.tree.missing_text |= files.is_empty();
            for found in files {
                if found == file || path.contains(&found) {
                    merge.cycle(found, pattern.span);
                } else if !seen.contains(&found) && !next.iter().any(|(file, _)| *file == found) {
                    let mut path: Vec<FileId> = path.clone();
                    path.push(file);
                    next.push((found, path));
                }
            }
        }
        next.retain(|(file, _)| open.iter().all(|(other, _)| other != file));
        open.extend(next.into_iter().rev());
    }
    merge.require(root);
    merge.tree.incomplete |= merge.unread;
    for diagnostic in &mut merge.out {
        one_line(&mut diagnostic.message);
        diagnostic.help.iter_mut().for_each(one_line);
    }
    base::sort_diagnostics(&mut merge.out);
    (merge.tree, merge.out)
}

/// What is wrong with one file for itself.
pub(crate) fn diagnose(file: FileId, text: &str) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    let document = yaml::read(file, text, &mut out);
    if let Some(root) = document.root {
        let _ = ModelFile::read(&root, &mut Binder::new(&mut out, Span::new(file, 0, 0)));
    }
    out
}

/// The patterns of the files that a file includes, relative to its folder.
#[must_use]
pub fn includes(file: FileId, text: &str) -> Vec<Spanned<String>> {
    // Most files include nothing, and need not be read twice to know it.
    if !text.contains("include") && !text.contains('\\') {
        return Vec::new();
    }
    if !text.contains("include") {
        // Most files include nothing: they need not be read twice.
        return Vec::new();
    }
    let mut ignored = Vec::new();
    let root = yaml::read(file, text, &mut ignored).root;
    let Some(yaml::NodeKind::Mapping(mapping)) = root.map(|root| root.kind) else {
        return Vec::new();
    };
    let Some(entry) = mapping.get("include") else { return Vec::new() };
    let items = match &entry.value.kind {
        yaml::NodeKind::Sequence(items) => items.as_slice(),
        _ => std::slice::from_ref(&entry.value),
    };
    let pattern = |node: &yaml::Node| match &node.kind {
        yaml::NodeKind::Scalar(scalar) => Some(Spanned::new(scalar.text.text.clone(), node.span)),
        _ => None,
    };
    items.iter().filter_map(pattern).collect()
}

struct Merge<'a> {
    sources: &'a SourceMap,
    /// Whether any file has `firmitas` and `system`.
    mentions: (bool, bool),
    /// A file ended early or is missing.
    unread: bool,
    tree: SyntaxTree,
    out: Vec<Diagnostic>,
}

impl Merge<'_> {
    /// Reads one file into the tree and returns its includes.
    fn file(&mut self, file: FileId) -> Vec<Spanned<String>> {
        let text = self.sources.get(file).map(|source| source.text.clone()).unwrap_or_default();
        let document = yaml::read(file, &text, &mut self.out);
        self.unread |= !document.complete;
        let shown = self.out.iter().any(|found| found.notes.iter().any(|n| n == yaml::ENDS_HERE));
        self.tree.missing_text |= document.root.is_none() || !(document.complete || shown);
        let Some(root) = document.root else { return Vec::new() };
        let whole = Span::new(file, 0, 0);
        let mut binder = Binder::new(&mut self.out, whole);
        let read = ModelFile::read(&root, &mut binder);
        self.tree.incomplete |= binder.incomplete;
        let Some(read) = read else { return Vec::new() };
        self.mentions.0 |= read.mentions.0;
        self.mentions.1 |= read.mentions.1;
        self.add(read.tree);
        read.include
    }

    fn add(&mut self, from: SyntaxTree) {
        let (tree, out) = (&mut self.tree, &mut self.out);
        tree.incomplete |= from.incomplete;
        tree.version = tree.version.take().or(from.version);
        match (&tree.system, from.system) {
            (Some(first), Some(second)) => {
                out.push(twice("system", second.span, first.span));
            }
            (None, Some(system)) => tree.system = Some(system),
            (_, None) => {}
        }
        merge(&mut tree.actors, from.actors, out);
        merge(&mut tree.types, from.types, out);
        merge(&mut tree.contexts, from.contexts, out);
        merge(&mut tree.unassigned.entities, from.unassigned.entities, out);
        merge(&mut tree.unassigned.operations, from.unassigned.operations, out);
        merge(&mut tree.unassigned.events, from.unassigned.events, out);
        merge(&mut tree.unassigned.views, from.unassigned.views, out);
        merge(&mut tree.externals, from.externals, out);
        merge(&mut tree.flows, from.flows, out);
        merge(&mut tree.schedules, from.schedules, out);
        merge(&mut tree.pipelines, from.pipelines, out);
        merge(&mut tree.webhooks, from.webhooks, out);
        merge(&mut tree.decisions, from.decisions, out);
        merge(&mut tree.accept, from.accept, out);
    }

    fn cycle(&mut self, file: FileId, span: Span) {
        let name = self.sources.get(file).map_or("", |source| source.path.as_str());
        let message = format!("`{name}` includes this file");
        self.out.push(
            Diagnostic::error("include-cycle", span, message)
                .help("include every file once, from `firmitas.yaml`"),
        );
    }

    /// What the root file must hold.
    fn require(&mut self, root: FileId) {
        if self.unread {
            return;
        }
        let span = Span::new(root, 0, 0);
        if !self.mentions.0 {
            self.out.push(
                Diagnostic::error("missing-key", span, "the model needs `firmitas: 1`")
                    .help("the first line says which version of the language it is written in")
                    .fix("Add the version", true, span, "firmitas: 1\n"),
            );
        }
        if !self.mentions.1 {
            self.out.push(
                Diagnostic::error("missing-key", span, "the model needs `system`")
                    .help("add `system:` with a `name`"),
            );
        }
    }
}

fn twice(key: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::error("duplicate-key", span, format!("`{key}` is defined in two files"))
        .related(first, "first defined here")
        .help("keep one of the two; the first one is used for now")
}

/// Adds what is new and reports what is there already.
fn merge<T>(into: &mut Named<T>, from: Named<T>, out: &mut Vec<Diagnostic>) {
    if into.is_empty() {
        *into = from;
        return;
    }
    let known: BTreeMap<String, Span> =
        into.iter().map(|(key, _)| (key.value.clone(), key.span)).collect();
    for (key, value) in from {
        match known.get(&key.value) {
            Some(&first) => out.push(twice(&key.value, key.span, first)),
            None => into.push((key, value)),
        }
    }
}

/// Messages quote the model; what they quote may be long, and may have several lines.
fn one_line(message: &mut String) {
    const MOST: usize = 300;
    if message.contains(['\n', '\r']) {
        *message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    if let Some((at, _)) = message.char_indices().nth(MOST) {
        message.truncate(at);
        message.push('…');
    }
}
