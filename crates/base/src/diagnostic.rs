//! What is wrong, where, why it matters and what to do: plain data, rendered at the edge.

use crate::Span;

/// How much a diagnostic weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The model cannot be used as it is.
    Error,
    /// It can be used, but it very likely does not say what was meant.
    Warning,
    /// Worth knowing.
    Information,
}

impl Severity {
    /// The word used in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Information => "information",
        }
    }
}

/// A place and what to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What the place has to do with the finding; may be empty.
    pub text: String,
}

/// A replacement of the text under a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The text to replace; empty to insert.
    pub span: Span,
    /// What to put there.
    pub replacement: String,
}

/// A change that a machine can make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What the change does, in the imperative.
    pub title: String,
    /// Whether it keeps the meaning that the text plainly had.
    pub safe: bool,
    /// The edits, which do not overlap.
    pub edits: Vec<Edit>,
}

/// One finding. The id is stable, kebab-case and named after the problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable id, for example `unknown-key`.
    pub id: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// One line: what is wrong.
    pub message: String,
    /// The place, with a label.
    pub primary: Label,
    /// The other places that matter.
    pub related: Vec<Label>,
    /// Why it matters, one thought each.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
    /// Changes a machine can make.
    pub fixes: Vec<Fix>,
    /// The key by which a model can accept it (`decisions: accept:`): its id, `@`, and what it is
    /// about. It stays the same while the text moves. None where a model cannot.
    pub accept_as: Option<String>,
}

impl Diagnostic {
    /// An error at a place.
    #[must_use]
    pub fn error(id: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(id, Severity::Error, span, message.into())
    }

    /// A warning at a place.
    #[must_use]
    pub fn warning(id: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(id, Severity::Warning, span, message.into())
    }

    /// Something worth knowing about a place.
    #[must_use]
    pub fn information(id: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(id, Severity::Information, span, message.into())
    }

    fn new(id: &'static str, severity: Severity, span: Span, message: String) -> Self {
        Self {
            id,
            severity,
            message,
            primary: Label { span, text: String::new() },
            related: Vec::new(),
            notes: Vec::new(),
            help: None,
            fixes: Vec::new(),
            accept_as: None,
        }
    }

    /// The text printed beside the underlined place.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Another place that has to do with it.
    #[must_use]
    pub fn related(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related.push(Label { span, text: text.into() });
        self
    }

    /// Why it matters.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// What to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// A fix that replaces the text under one span.
    #[must_use]
    pub fn fix(
        self,
        title: impl Into<String>,
        safe: bool,
        span: Span,
        text: impl Into<String>,
    ) -> Self {
        let edits = vec![Edit { span, replacement: text.into() }];
        self.fix_edits(Fix { title: title.into(), safe, edits })
    }

    /// A fix of several edits.
    #[must_use]
    pub fn fix_edits(mut self, fix: Fix) -> Self {
        self.fixes.push(fix);
        self
    }

    /// "did you mean": help and an unsafe fix that replaces the primary span, if there is a
    /// suggestion.
    #[must_use]
    pub fn suggest(self, suggestion: Option<&str>) -> Self {
        let Some(name) = suggestion else { return self };
        let span = self.primary.span;
        self.help(format!("did you mean `{name}`?")).fix(
            format!("Replace by `{name}`"),
            false,
            span,
            name,
        )
    }
}

/// Whether any diagnostic is an error.
#[must_use]
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// Sorts by place, then weight, then id, and drops exact repetitions.
pub fn sort_diagnostics(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|a, b| {
        let key = |d: &Diagnostic| (d.primary.span, d.severity, d.id);
        key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
    });
    diagnostics.dedup();
}
