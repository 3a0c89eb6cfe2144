//! Findings as workflow commands, which GitHub shows beside the lines of a change.

use base::{Diagnostic, Severity, SourceMap};

/// One command for each finding. `prefix` leads from the root of the repository to the model.
#[must_use]
pub fn github_commands(sources: &SourceMap, prefix: &str, diagnostics: &[Diagnostic]) -> String {
    let lines = diagnostics.iter().map(|found| command(sources, prefix, found));
    lines.collect::<Vec<_>>().join("\n")
}

fn command(sources: &SourceMap, prefix: &str, found: &Diagnostic) -> String {
    let level = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Information => "notice",
    };
    let range = sources.range(found.primary.span);
    let file = format!("{prefix}{}", sources.path(found.primary.span));
    let mut properties = vec![
        format!("file={}", property(&file)),
        format!("line={}", range.start.line),
        format!("endLine={}", range.end.line),
    ];
    // GitHub refuses columns of a range that spans lines.
    if range.start.line == range.end.line {
        properties.push(format!("col={}", range.start.column));
        properties.push(format!("endColumn={}", range.end.column.max(range.start.column)));
    }
    properties.push(format!("title={}", property(found.id)));
    let mut text = vec![found.message.clone()];
    text.extend(found.related.iter().map(|label| {
        let line = sources.range(label.span).start.line;
        format!("{prefix}{}:{line}: {}", sources.path(label.span), label.text)
    }));
    text.extend(found.notes.iter().map(|note| format!("note: {note}")));
    text.extend(found.help.iter().map(|help| format!("help: {help}")));
    format!("::{level} {}::{}", properties.join(","), data(&text.join("\n")))
}

/// The message of a command: what would end it is escaped.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a command, which ends at a comma or colon as well.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Span;

    #[test]
    fn nothing_in_a_finding_ends_its_command() {
        let mut sources = SourceMap::new();
        let file = sources.add("a,b:c.yaml", "first\nsecond\n");
        let one = Diagnostic::error("unknown-key", Span::new(file, 0, 5), "100%\n::stop::")
            .help("say `x`, or: y");
        let several = Diagnostic::information("late", Span::new(file, 2, 9), "m");
        assert_eq!(
            github_commands(&sources, "models/", &[one, several]),
            "::error file=models/a%2Cb%3Ac.yaml,line=1,endLine=1,col=1,endColumn=6,\
             title=unknown-key::100%25%0A::stop::%0Ahelp: say `x`, or: y\n\
             ::notice file=models/a%2Cb%3Ac.yaml,line=1,endLine=2,title=late::m"
        );
    }
}
