//! From files to a model.

use std::collections::BTreeSet;

use base::{Diagnostic, FileId, SourceMap, Span, Spanned};
use model::{Model, syntax};

use crate::{ROOT, World};

/// Most files of a model.
const FILE_LIMIT: usize = 10_000;

/// The model of a folder. There is none where too little could be read to speak of one.
pub fn load(world: &dyn World, sources: &mut SourceMap) -> (Option<Model>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let root = match world.read(ROOT) {
        Ok(text) => sources.add(ROOT, text),
        Err(why) => {
            let span = Span::new(sources.add(ROOT, ""), 0, 0);
            return (None, vec![unreadable(ROOT, &why, span)]);
        }
    };
    include(world, root, sources, &mut diagnostics);
    let (model, findings) = model::load(sources, root);
    diagnostics.extend(findings);
    (Some(model), diagnostics)
}

/// Reads what the files include, each once.
fn include(
    world: &dyn World,
    root: FileId,
    sources: &mut SourceMap,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut open = vec![root];
    let mut known: BTreeSet<String> = BTreeSet::from([ROOT.to_owned()]);
    while let Some(file) = open.pop() {
        for (path, pattern) in included(world, file, sources) {
            if known.len() >= FILE_LIMIT || !known.insert(path.clone()) {
                continue;
            }
            match world.read(&path) {
                Ok(text) => open.push(sources.add(path, text)),
                Err(why) => diagnostics.push(unreadable(&path, &why, pattern.span)),
            }
        }
    }
}

/// The paths that a file includes, with the pattern that each comes from. Patterns that leave the
/// folder of the model are refused by the parser, and not followed here.
fn included(
    world: &dyn World,
    file: FileId,
    sources: &SourceMap,
) -> Vec<(String, Spanned<String>)> {
    let Some(source) = sources.get(file) else { return Vec::new() };
    let folder = source.path.rfind('/').map_or("", |at| source.path.get(..=at).unwrap_or(""));
    let patterns = syntax::includes(file, &source.text).into_iter();
    let inside = patterns.filter(|pattern| pattern.value.split('/').all(|name| name != ".."));
    let paths = inside.flat_map(|pattern| {
        let paths = world.find(&format!("{folder}{}", pattern.value));
        paths.into_iter().map(move |path| (path, pattern.clone()))
    });
    paths.collect()
}

fn unreadable(path: &str, why: &str, span: Span) -> Diagnostic {
    Diagnostic::error("unreadable-file", span, format!("`{path}` cannot be read: {why}"))
}
