//! From files to a model.

use base::{Diagnostic, SourceMap, Span};
use model::Model;

use crate::{ROOT, World};

/// The model of a folder. There is none where too little could be read to speak of one.
pub fn load(world: &dyn World, sources: &mut SourceMap) -> (Option<Model>, Vec<Diagnostic>) {
    let text = match world.read(ROOT) {
        Ok(text) => text,
        Err(why) => {
            let file = sources.add(ROOT, "");
            let span = Span::new(file, 0, 0);
            let message = format!("`{ROOT}` cannot be read: {why}");
            return (None, vec![Diagnostic::error("unreadable-file", span, message)]);
        }
    };
    let file = sources.add(ROOT, text);
    let span = Span::new(file, 0, 0);
    let message = "this build does not read models yet";
    (None, vec![Diagnostic::error("unreadable-file", span, message)])
}
