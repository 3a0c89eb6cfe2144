//! What emitters return.

/// A file of `design/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Artifact {
    /// Path below `design/`, with forward slashes.
    pub path: String,
    /// The whole text.
    pub contents: String,
}
