//! What the language refuses of YAML, and syntax errors in words that help.

use base::{Diagnostic, Edit, FileId, Fix, Span};
use granit_parser::{ErrorKind, ScanError};

use super::careless::{balance, quoted};

/// Reports the tabs of a file, once for all; true if there are any.
pub(super) fn report_tabs(file: FileId, source: &str, out: &mut Vec<Diagnostic>) -> bool {
    let Some(first) = source.find('\t') else { return false };
    let line = source[..first].rfind('\n').map_or(0, |at| at + 1);
    let indentation = source[line..first].trim().is_empty();
    let (id, message) = if indentation {
        ("tab-indentation", "YAML is indented with spaces, not with tabs")
    } else {
        ("tab", "a tab looks like spaces and is refused")
    };
    let count = source.matches('\t').count();
    let edit = |(at, _)| Edit {
        span: Span::new(file, at, at + 1),
        replacement: if indentation { "  " } else { " " }.to_owned(),
    };
    let edits = source.match_indices('\t').take(10_000).map(edit).collect();
    let title = "Replace the tabs of this file by spaces".to_owned();
    let length = source[first..].bytes().take_while(|&byte| byte == b'\t').count();
    let mut diagnostic = Diagnostic::error(id, Span::new(file, first, first + length), message)
        .help("replace it by spaces")
        .fix_edits(Fix { title, safe: false, edits });
    if count > length {
        diagnostic = diagnostic.note(format!("the file has {count} tabs"));
    }
    out.push(diagnostic);
    true
}

pub(super) fn duplicate_key(key: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::error("duplicate-key", span, format!("`{key}` is written twice"))
        .related(first, "first written here")
        .help("keep one of the two; the first one is used for now")
}

pub(super) fn merge_key(span: Span) -> Diagnostic {
    Diagnostic::error("merge-key", span, "merge keys are not part of the language")
        .note("what a map holds must be readable where it is written")
        .help("write the keys out")
}

pub(super) fn unquoted_expression(span: Span, message: &str, text: &str) -> Diagnostic {
    Diagnostic::error("unquoted-expression", span, message)
        .help("put the expression in quotes")
        .fix("Quote the expression", true, span, quoted(text))
}

/// A syntax error. Most are expressions with characters that mean something to YAML.
pub(super) fn syntax(file: FileId, source: &str, scan: &ScanError) -> Diagnostic {
    let at = scan.marker().byte_offset().unwrap_or(0).min(source.len());
    let rest = " (reading of this file ends here)";
    match scan.kind() {
        ErrorKind::RecursionLimitExceeded => {
            return Diagnostic::error("too-deep", point(file, source, at), "nested too deeply")
                .help("the language needs a dozen levels; 64 are read");
        }
        ErrorKind::CommentInterceptedScalar => {
            if let Some(diagnostic) = truncated(file, source, at) {
                return diagnostic;
            }
        }
        _ => {}
    }
    if let Some(value) = careless_value(source, at) {
        let span = Span::new(file, value.start, value.end);
        let message = format!("YAML cannot read this expression without quotes{rest}");
        return unquoted_expression(span, &message, &source[value]);
    }
    let message = scan.kind().to_string();
    let what = message.split(" while ").next().unwrap_or(&message);
    Diagnostic::error("yaml-syntax", point(file, source, at), format!("{what}{rest}"))
        .note("what was read before it is checked; nothing after it is")
}

/// The character at an offset, or the end of the last line with text.
fn point(file: FileId, source: &str, at: usize) -> Span {
    let start = if source[at..].trim().is_empty() { source.trim_end().len() } else { at };
    let length = source[start..].chars().next().filter(|c| !c.is_whitespace());
    Span::new(file, start, start + length.map_or(0, char::len_utf8))
}

/// A comment in the middle of a value that goes on in the next line.
fn truncated(file: FileId, source: &str, at: usize) -> Option<Diagnostic> {
    let before = source[..at].rfind(" #")?;
    let line = source[..before].rfind('\n').map_or(0, |at| at + 1);
    let start = line + value_start(&source[line..before])?;
    let span = Span::new(file, start, before);
    Some(
        Diagnostic::error("truncated-expression", span, "a comment cuts this value in two")
            .related(Span::new(file, before + 1, at), "YAML reads a comment here")
            .help("move the comment, or put the whole value in quotes"),
    )
}

/// The value around an offset that was meant as an expression, as a range of bytes.
fn careless_value(source: &str, at: usize) -> Option<std::ops::Range<usize>> {
    let end = source[at..].find('\n').map_or(source.len(), |length| at + length);
    let start = source[..at].rfind('\n').map_or(0, |at| at + 1);
    let line = &source[start..end];
    // An error is found where the next token starts: it may be the line after.
    let candidates = values(line).filter(|value| start + value.start <= at);
    let previous = source[..start.saturating_sub(1)].rfind('\n').map_or(0, |at| at + 1);
    let found = candidates.last().map(|value| start + value.start..start + value.end);
    let found = found.or_else(|| {
        let line = &source[previous..start.saturating_sub(1).max(previous)];
        values(line).last().map(|value| previous + value.start..previous + value.end)
    })?;
    looks_like_expression(&source[found.clone()]).then_some(found)
}

/// The values of a line: what follows `key: ` or `- `, up to where an expression would end.
fn values(line: &str) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
    let separators = line.match_indices(": ").map(|(at, separator)| at + separator.len());
    let dash = line.trim_start().starts_with("- ").then(|| line.find("- ").map_or(0, |at| at + 2));
    dash.into_iter().chain(separators).filter_map(|start| {
        let skipped = line[start..].len() - line[start..].trim_start().len();
        let start = start + skipped;
        let length = extent(&line[start..]);
        (length > 0).then_some(start..start + length)
    })
}

/// How far an expression goes: up to a comma or closing bracket that it did not open.
fn extent(text: &str) -> usize {
    let (mut depth, mut quote) = (0u32, None);
    let mut length = text.len();
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') if depth > 0 => depth -= 1,
            (None, ')' | ']' | '}' | ',') if depth == 0 => {
                length = at;
                break;
            }
            (None, '#') if text[..at].ends_with(' ') => {
                length = at;
                break;
            }
            _ => {}
        }
    }
    text[..length].trim_end().len()
}

fn looks_like_expression(text: &str) -> bool {
    const SIGNS: [&str; 10] = ["==", "!=", "<=", ">=", "&&", "||", " in ", " < ", " > ", " ? "];
    let call = text.find('(').is_some_and(|at| text[..at].ends_with(|c: char| c.is_alphanumeric()));
    let structure = text.starts_with('{') || (text.starts_with('[') && text.ends_with(']'));
    let whole_quotes = ['\'', '"'].iter().any(|&quote| {
        text.len() > 1
            && text.matches(quote).count() == 2
            && text.starts_with(quote)
            && text.ends_with(quote)
    });
    !structure
        && !whole_quotes
        && !balance(text).is_open()
        && (call || SIGNS.iter().any(|sign| text.contains(sign)))
}

fn value_start(line: &str) -> Option<usize> {
    line.rfind(": ").map(|at| at + 2).or_else(|| line.find("- ").map(|at| at + 2))
}
