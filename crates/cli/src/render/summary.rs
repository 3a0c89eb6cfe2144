//! The last line: how many findings of which weight.

use base::{Diagnostic, Severity};

/// "3 errors, 1 warning; 2 can be fixed by `firm check --fix`", or `None` without findings.
#[must_use]
pub fn summary(diagnostics: &[Diagnostic]) -> Option<String> {
    let count = |severity| diagnostics.iter().filter(|found| found.severity == severity).count();
    let counts = [
        (count(Severity::Error), "error", "errors"),
        (count(Severity::Warning), "warning", "warnings"),
        (count(Severity::Information), "remark", "remarks"),
    ];
    let words: Vec<String> = counts
        .iter()
        .filter(|(number, ..)| *number > 0)
        .map(|(number, one, many)| format!("{number} {}", if *number == 1 { one } else { many }))
        .collect();
    let fixable = diagnostics.iter().filter(|found| found.fixes.iter().any(|fix| fix.safe)).count();
    match (words.is_empty(), fixable) {
        (true, _) => None,
        (false, 0) => Some(words.join(", ")),
        (false, _) => {
            Some(format!("{}; `firm check --fix` repairs {fixable} of them", words.join(", ")))
        }
    }
}
