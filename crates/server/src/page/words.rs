//! What the model says about access, as it is written there.

use std::collections::BTreeSet;

use base::{SourceMap, Span};
use decide::Design;

/// Quotes conditions of a model.
pub(super) struct Words<'s> {
    sources: Option<&'s SourceMap>,
    /// Fields that no client is told about.
    hidden: BTreeSet<&'s str>,
}

/// What stands where a condition is not quoted.
const UNSAID: &str = "\u{2026}";

impl<'s> Words<'s> {
    pub(super) fn new(design: &'s Design, sources: Option<&'s SourceMap>) -> Self {
        let fields =
            design.model.entities.iter().flat_map(|of| {
                of.fields.iter().chain(of.parts.iter().flat_map(|part| &part.fields))
            });
        let hidden = fields.filter(|of| of.modifiers.internal || of.modifiers.secret);
        Self { sources, hidden: hidden.map(|of| of.name.value.as_str()).collect() }
    }

    /// A condition as it is written; an ellipsis where it names what clients are not told about.
    pub(super) fn quote(&self, span: Span) -> String {
        let text = self.sources.map_or("", |sources| sources.text(span)).trim();
        let word = |c: char| !(c.is_alphanumeric() || c == '_');
        let silent = text.is_empty() || text.split(word).any(|word| self.hidden.contains(word));
        match silent {
            true => UNSAID.to_owned(),
            false => text.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }
}
