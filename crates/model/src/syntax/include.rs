//! `include`: which files a model is made of.

use base::{Diagnostic, FileId, SourceMap, Spanned, did_you_mean};

/// The files that a pattern of `including` names, in the order of their paths.
pub(super) fn resolve(
    sources: &SourceMap,
    including: FileId,
    pattern: &Spanned<String>,
    out: &mut Vec<Diagnostic>,
) -> Vec<FileId> {
    let Some(folder) = sources.get(including).map(|file| parent(&file.path)) else {
        return Vec::new();
    };
    let outside = |segment: &str| matches!(segment, "." | ".." | "");
    if pattern.value.split('/').any(outside) {
        let message = "an included file lies in the folder of the model";
        out.push(
            Diagnostic::error("include-outside", pattern.span, message)
                .help("write the path with `/` and without `..`, for example `contexts/*.yaml`"),
        );
        return Vec::new();
    }
    let path = format!("{folder}{}", pattern.value);
    let mut found: Vec<(&str, FileId)> = sources
        .files()
        .filter(|(file, source)| *file != including && matches(&path, &source.path))
        .map(|(file, source)| (source.path.as_str(), file))
        .collect();
    found.sort_unstable();
    if found.is_empty() && sources.get(including).is_some_and(|file| file.path == path) {
        return vec![including];
    }
    if found.is_empty() {
        let names = sources.files().map(|(_, source)| source.path.as_str());
        let message = format!("there is no file `{path}`");
        out.push(
            Diagnostic::error("missing-file", pattern.span, message)
                .suggest(did_you_mean(&path, names)),
        );
    }
    found.into_iter().map(|(_, file)| file).collect()
}

/// The folder of a path with its slash.
fn parent(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..=at])
}

/// Whether a path fits a pattern, in which `*` stands for any text without a slash.
#[must_use]
pub fn matches(pattern: &str, path: &str) -> bool {
    let (mut patterns, mut segments) = (pattern.split('/'), path.split('/'));
    loop {
        match (patterns.next(), segments.next()) {
            (None, None) => return true,
            (Some(pattern), Some(segment)) if fits(pattern, segment) => {}
            _ => return false,
        }
    }
}

/// One segment. The first and last pieces are anchored; those between are found from the left.
fn fits(pattern: &str, segment: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == segment };
    let Some(mut text) = segment.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let last = pieces.pop().unwrap_or("");
    for piece in pieces {
        match text.find(piece) {
            Some(at) => text = &text[at + piece.len()..],
            None => return false,
        }
    }
    text.ends_with(last)
}
