//! Findings on a terminal, in the look that the Rust compiler made familiar.

use std::{borrow::Cow, collections::BTreeMap};

use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Patch, Renderer, Snippet, renderer::DecorStyle,
};
use base::{Diagnostic, Edit, FileId, Fix, Severity, SourceFile, SourceMap, Span};

/// Findings shown before the rest is only counted: more than anybody reads, and a bound on the
/// work that a broken file can cause.
const SHOWN: usize = 100;

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appearance {
    /// Whether colours may be used.
    pub colour: bool,
    /// Characters in a line.
    pub width: usize,
    /// Plain sentences instead of drawn snippets, for screen readers (`NO_GRAPHICS`).
    pub sentences: bool,
}

/// Renders findings of one run.
pub struct Terminal<'a> {
    sources: &'a SourceMap,
    /// What leads from the working directory to the model, so that paths can be clicked.
    prefix: String,
    renderer: Renderer,
}

impl<'a> Terminal<'a> {
    /// A renderer for spans of `sources`, whose paths are shown below `prefix` (`""` for the
    /// working directory itself).
    #[must_use]
    pub fn new(sources: &'a SourceMap, prefix: &str, appearance: Appearance) -> Self {
        let renderer = if appearance.colour { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer
            .hyperlink(false)
            .term_width(appearance.width)
            .decor_style(DecorStyle::Ascii)
            .no_graphics(appearance.sentences);
        let prefix = match prefix.trim_end_matches('/') {
            "" | "." => String::new(),
            folder => format!("{folder}/"),
        };
        Self { sources, prefix, renderer }
    }

    /// All findings, each followed by an empty line; after a hundred the rest is only counted.
    #[must_use]
    pub fn render(&self, diagnostics: &[Diagnostic]) -> String {
        let mut text = String::new();
        for diagnostic in diagnostics.iter().take(SHOWN) {
            text.push_str(&self.render_one(diagnostic));
            text.push_str("\n\n");
        }
        if let Some(hidden) = diagnostics.len().checked_sub(SHOWN).filter(|&hidden| hidden > 0) {
            text.push_str(&format!("... and {hidden} more; `--json` shows all of them\n\n"));
        }
        text
    }

    /// One finding: title, places with labels, notes, help and fixes.
    #[must_use]
    pub fn render_one(&self, diagnostic: &Diagnostic) -> String {
        let mut groups = vec![self.finding(diagnostic)];
        groups.extend(self.fixes(diagnostic));
        self.renderer.render(&groups)
    }

    fn finding<'d>(&'d self, diagnostic: &'d Diagnostic) -> Group<'d> {
        let title =
            level(diagnostic.severity).primary_title(diagnostic.message.as_str()).id(diagnostic.id);
        let mut group = Group::with_title(title).elements(self.places(diagnostic));
        for note in &diagnostic.notes {
            group = group.element(Level::NOTE.message(visible(note)));
        }
        match &diagnostic.help {
            Some(help) if !helps_by_fix(diagnostic) => {
                group.element(Level::HELP.message(visible(help)))
            }
            _ => group,
        }
    }

    /// One snippet for each file concerned, that of the primary place first.
    fn places<'d>(&'d self, diagnostic: &'d Diagnostic) -> Vec<Snippet<'d, Annotation<'d>>> {
        let primary = (AnnotationKind::Primary, &diagnostic.primary);
        let related = diagnostic.related.iter().map(|label| (AnnotationKind::Context, label));
        let mut files: Vec<(FileId, Vec<Annotation<'d>>)> = Vec::new();
        for (kind, label) in std::iter::once(primary).chain(related) {
            let Some(file) = self.sources.get(label.span.file) else { continue };
            let text = (!label.text.is_empty()).then(|| visible(&label.text));
            let annotation = kind.span(within(file, label.span)).label(text);
            match files.iter_mut().find(|(id, _)| *id == label.span.file) {
                Some((_, annotations)) => annotations.push(annotation),
                None => files.push((label.span.file, vec![annotation])),
            }
        }
        let snippet = |(id, annotations)| {
            let file = self.sources.get(id)?;
            Some(Snippet::source(&*file.text).path(self.path(file)).annotations(annotations))
        };
        files.into_iter().filter_map(snippet).collect()
    }

    fn fixes<'d>(&'d self, diagnostic: &'d Diagnostic) -> Vec<Group<'d>> {
        let fixes = diagnostic.fixes.iter().filter(|fix| !fix.edits.is_empty());
        let title = |fix: &'d Fix| match &diagnostic.help {
            Some(help) if helps_by_fix(diagnostic) => help.as_str(),
            _ => fix.title.as_str(),
        };
        fixes.map(|fix| self.fix(title(fix), &fix.edits)).collect()
    }

    fn fix<'d>(&'d self, title: &'d str, edits: &'d [Edit]) -> Group<'d> {
        let mut files: BTreeMap<FileId, Vec<Patch<'d>>> = BTreeMap::new();
        for edit in edits {
            let Some(file) = self.sources.get(edit.span.file) else { continue };
            let patch = Patch::new(within(file, edit.span), edit.replacement.as_str());
            files.entry(edit.span.file).or_default().push(patch);
        }
        let mut group = Group::with_title(Level::HELP.secondary_title(title));
        for (id, patches) in files {
            let Some(file) = self.sources.get(id) else { continue };
            let snippet = Snippet::source(&*file.text).path(self.path(file)).patches(patches);
            group = group.element(snippet);
        }
        group
    }

    fn path(&self, file: &SourceFile) -> String {
        visible(&format!("{}{}", self.prefix, file.path)).into_owned()
    }
}

/// Whether the help is best shown as the title of the only fix, as in "did you mean".
fn helps_by_fix(diagnostic: &Diagnostic) -> bool {
    matches!(diagnostic.fixes.as_slice(), [fix] if !fix.edits.is_empty())
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Information => Level::INFO,
    }
}

/// The bytes of a span, moved inwards where it leaves the file or cuts a character: a wrong span
/// must never keep a finding from being shown.
fn within(file: &SourceFile, span: Span) -> std::ops::Range<usize> {
    let start = file.text.floor_char_boundary(span.start as usize);
    let end = file.text.floor_char_boundary(span.end as usize).max(start);
    start..end
}

/// The text without control characters: names in a model must not steer a terminal. Titles and
/// source lines are cleaned by the renderer itself.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    let steers = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
    };
    if text.contains(steers) {
        Cow::Owned(text.replace(steers, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}
