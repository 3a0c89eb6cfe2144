//! What the language refuses of YAML, and syntax errors in words that help.

use base::{Diagnostic, Edit, FileId, Fix, Span};
use granit_parser::{ErrorKind, ScanError};

use super::careless::{balance, ends_open, quoted};

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
    if matches!(scan.kind(), ErrorKind::RecursionLimitExceeded) {
        return Diagnostic::error("too-deep", point(file, source, at), "nested too deeply")
            .help("the language needs a dozen levels; 64 are read");
    }
    expression(file, source, at)
        .or_else(|| missing_space(file, source, at))
        .or_else(|| unclosed_quote(file, source, at, scan.kind()))
        .or_else(|| colon_in_value(file, source, at, scan.kind()))
        .unwrap_or_else(|| {
            let span = point(file, source, at);
            let diagnostic = Diagnostic::error("yaml-syntax", span, explain(scan.kind()));
            match open_bracket(source, at) {
                Some(open) => {
                    let bracket = &source[open..=open];
                    let diagnostic = diagnostic
                        .related(Span::new(file, open, open + 1), "opened here, and not closed");
                    diagnostic.help(format!("close the `{bracket}` on its line"))
                }
                None => diagnostic,
            }
        })
}

/// The bracket that an earlier line opened and that is still open at an offset.
fn open_bracket(source: &str, at: usize) -> Option<usize> {
    let line = source[..at].rfind('\n')?;
    let (mut open, mut quote, mut before) = (Vec::new(), None, '\n');
    let mut characters = source[..line].char_indices();
    while let Some((at, c)) = characters.next() {
        // Brackets within a word are part of it, as quotes are.
        let starts = before.is_whitespace() || "[{,".contains(before);
        match (quote, c) {
            (_, '\n') => quote = None,
            (Some(end), c) if end == c => quote = None,
            (Some(_), _) => {}
            (None, '#') if before.is_whitespace() => {
                characters.by_ref().find(|(_, c)| *c == '\n');
            }
            (None, '\'' | '"') if starts => quote = Some(c),
            (None, '[' | '{') if starts => open.push(at),
            (None, ']' | '}') => {
                open.pop();
            }
            _ => {}
        }
        before = c;
    }
    open.pop()
}

/// What a syntax error means for the rest of its file.
pub(crate) const ENDS_HERE: &str =
    "reading of this file ends here; what was read before is checked";

/// The value without which the file can be read on, if the error is about one that needs quotes.
pub(super) fn value_to_refuse(error: &Diagnostic, refused: &[Span]) -> Option<Span> {
    let span = error.primary.span;
    let value = matches!(error.id, "unquoted-expression" | "unquoted-value");
    let new = refused.iter().all(|other| !other.covers(span) && !span.covers(*other));
    (value && new && !span.is_empty()).then_some(span)
}

/// An expression that needs quotes, or that a comment cuts in two.
fn expression(file: FileId, source: &str, at: usize) -> Option<Diagnostic> {
    let value = careless_value(source, at)?;
    let span = Span::new(file, value.start, value.end);
    let text = &source[value.clone()];
    let rest = source[value.end..].split('\n').next().unwrap_or("");
    if ends_open(text) && rest.trim_start().starts_with('#') {
        let comment = Span::new(file, value.end + 1, value.end + rest.trim_end().len());
        return Some(
            Diagnostic::error("truncated-expression", span, "a comment cuts this value in two")
                .related(comment, "YAML reads a comment here")
                .help("move the comment, or put the whole value in quotes"),
        );
    }
    let message = "YAML cannot read this expression without quotes";
    Some(unquoted_expression(span, message, text))
}

/// `key:value`, on this line or the one before.
fn missing_space(file: FileId, source: &str, at: usize) -> Option<Diagnostic> {
    let line = line_around(source, at);
    let before = line_before(source, line.start);
    [line, before].into_iter().find_map(|line| {
        let text = source[line.clone()].trim_end();
        let name = |c: char| c.is_alphanumeric() || "_-".contains(c);
        let start = text.len() - text.trim_start_matches([' ', '-']).len();
        let colon = start + text[start..].find(|c| !name(c))?;
        let value = text[colon..].strip_prefix(':')?;
        if colon == start || value.is_empty() || value.starts_with(char::is_whitespace) {
            return None;
        }
        let spaced = format!("{}: {value}", &text[start..colon]);
        let span = Span::new(file, line.start + start, line.start + text.len());
        Some(
            Diagnostic::error("missing-space", span, "a colon needs a space after it")
                .help(format!("write `{spaced}`"))
                .fix("Add the space", true, span, spaced),
        )
    })
}

/// A quote that is opened on this or an earlier line and closed too late or never.
fn unclosed_quote(file: FileId, source: &str, at: usize, kind: &ErrorKind) -> Option<Diagnostic> {
    if !matches!(kind, ErrorKind::InvalidQuotedScalarIndent | ErrorKind::UnclosedQuotedScalar) {
        return None;
    }
    let before = source[..at].trim_end_matches('\n').len();
    let mut end = source[..at].rfind('\n').unwrap_or(before).max(before.min(at));
    for _ in 0..40 {
        let line = line_around(source, end);
        let text = &source[line.clone()];
        let odd = |quote: &char| text.matches(*quote).count() % 2 == 1;
        if let Some(quote) = ['"', '\''].into_iter().find(odd) {
            let start = line.start + text.find(quote)?;
            let span = Span::new(file, start, line.end);
            let message = "this quote is not closed on its line";
            return Some(
                Diagnostic::error("unclosed-quote", span, message)
                    .help(format!("close it with `{quote}`")),
            );
        }
        end = line.start.checked_sub(1)?;
    }
    None
}

/// `doc: this: that`.
fn colon_in_value(file: FileId, source: &str, at: usize, kind: &ErrorKind) -> Option<Diagnostic> {
    let line = line_around(source, at);
    let text = &source[line.clone()];
    let value = values(text).next()?;
    if text[value.start..].starts_with(['{', '[']) {
        return bracket_in_value(file, source, at, line.start);
    }
    let (start, end) = (line.start + value.start, line.start + text.trim_end().len());
    let colon = start < at && source[start..end].contains(": ");
    let sign = start == at && matches!(kind, ErrorKind::UnexpectedCharacter { .. });
    let message = match (colon, sign) {
        (true, _) => "`: ` within a value makes YAML read a key",
        (_, true) => "YAML gives a meaning of its own to the first character of this value",
        _ => return None,
    };
    let span = Span::new(file, start, end);
    Some(Diagnostic::error("unquoted-value", span, message).help("put the value in quotes").fix(
        "Quote the value",
        true,
        span,
        quoted(&source[start..end]),
    ))
}

/// `{ a: b[0] }`: the value within the map, not the map.
fn bracket_in_value(file: FileId, source: &str, at: usize, line: usize) -> Option<Diagnostic> {
    let text = &source[line_around(source, line)];
    let value = values(text).filter(|value| line + value.start <= at).last()?;
    let (start, end) = (line + value.start, line + value.end);
    let text = source[start..end].trim_end();
    if text.starts_with(['{', '[', '"', '\'']) || !text.contains(['{', '[']) {
        return None;
    }
    let span = Span::new(file, start, start + text.len());
    let message = "a bracket within this value makes YAML read a list or a map";
    Some(Diagnostic::error("unquoted-value", span, message).help("put the value in quotes").fix(
        "Quote the value",
        true,
        span,
        quoted(text),
    ))
}

/// The scanner's errors that people meet, in other words.
fn explain(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => {
            "this line is not indented like the keys around it".to_owned()
        }
        ErrorKind::ExpectedBlockSequenceEntry => {
            "this line is not indented like the items of the list around it".to_owned()
        }
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator => {
            "expected a comma or the closing bracket".to_owned()
        }
        ErrorKind::UnclosedFlowCollection { open } => format!("`{open}` is not closed"),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            format!("`{open}` is closed by `{close}`")
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            "expected `key: value`".to_owned()
        }
        other => other.to_string(),
    }
}

/// The last line before an offset that holds more than a comment.
fn line_before(source: &str, mut at: usize) -> std::ops::Range<usize> {
    loop {
        let line = line_around(source, at.saturating_sub(1));
        let text = source[line.clone()].trim_start();
        if line.start == 0 || !(text.is_empty() || text.starts_with('#')) {
            return line;
        }
        at = line.start;
    }
}

/// The line that holds an offset, without its line break; of a very long line, what is near.
fn line_around(source: &str, at: usize) -> std::ops::Range<usize> {
    const NEAR: usize = 2_000;
    let boundary = |mut at: usize| {
        while !source.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let at = boundary(at.min(source.len()));
    let first = boundary(at.saturating_sub(NEAR));
    let last = boundary((at + NEAR).min(source.len()));
    let start = source[first..at].rfind('\n').map_or(first, |found| first + found + 1);
    let end = source[at..last].find('\n').map_or(last, |length| at + length);
    start..end
}

/// The character at an offset, or the end of the last line with text.
fn point(file: FileId, source: &str, at: usize) -> Span {
    let start = if source[at..].trim().is_empty() { source.trim_end().len() } else { at };
    let length = source[start..].chars().next().filter(|c| !c.is_whitespace());
    Span::new(file, start, start + length.map_or(0, char::len_utf8))
}

/// The value around an offset that was meant as an expression, as a range of bytes.
fn careless_value(source: &str, at: usize) -> Option<std::ops::Range<usize>> {
    let line = line_around(source, at);
    let before = line_before(source, line.start);
    let place = |line: &std::ops::Range<usize>, value: std::ops::Range<usize>| {
        line.start + value.start..line.start + value.end
    };
    // An error is found where the next token starts: it may be the line after.
    let here = values(&source[line.clone()]).filter(|value| line.start + value.start <= at).last();
    let found = here
        .map(|value| place(&line, value))
        .or_else(|| values(&source[before.clone()]).last().map(|value| place(&before, value)))?;
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
