//! Why something could not run at all.

/// Why a command could not run, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Stable, kebab-case, named after the problem.
    pub id: &'static str,
    /// What is wrong, one line.
    pub message: String,
    /// Details, one thought each.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Failure {
    /// A failure without advice.
    #[must_use]
    pub fn new(id: &'static str, message: impl Into<String>) -> Self {
        Self { id, message: message.into(), notes: Vec::new(), help: None }
    }

    /// The same with details.
    #[must_use]
    pub fn notes(mut self, notes: impl IntoIterator<Item = String>) -> Self {
        self.notes.extend(notes);
        self
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// A file or folder of ours that cannot be used.
    #[must_use]
    pub fn file(action: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new("file-unusable", format!("cannot {action} `{}`: {error}", path.display()))
    }
}
