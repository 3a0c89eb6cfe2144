//! The model under *Wrong* yields exactly the finding of its page, the one under *Right* none.

use std::sync::Arc;

use base::{Diagnostic, SourceMap, has_errors};
use check::{ALL, Check};

/// The first YAML block under a heading.
fn block<'a>(page: &'a str, heading: &str) -> &'a str {
    let section = page.split_once(&format!("\n## {heading}\n")).expect(heading).1;
    let start = section.split_once("```yaml\n").expect("a block").1;
    start.split_once("```").expect("the end of the block").0
}

/// Pages leave out what every model has.
fn complete(block: &str) -> String {
    let mut text = format!("firmitas: 1\n{block}");
    if !block.contains("system:") {
        text += "system: { name: Example }\n";
    }
    if block.contains("clerk") && !block.contains("clerk: {") {
        let clerk = "actors:\n  clerk: { auth: user }\n";
        if block.contains("actors:\n") {
            text = text.replace("actors:\n", clerk);
        } else {
            text += clerk;
        }
    }
    text
}

/// All findings about a model; of one that the language refuses, its errors.
pub fn findings(text: String) -> (SourceMap, Vec<Diagnostic>) {
    let mut sources = SourceMap::new();
    let file = sources.add("firmitas.yaml", text);
    let (model, mut diagnostics) = model::load(&sources, file);
    if has_errors(&diagnostics) {
        return (sources, diagnostics);
    }
    let (design, decided) = decide::decide(Arc::new(model));
    diagnostics.extend(decided);
    diagnostics.extend(check::check(&design, None));
    (sources, diagnostics)
}

/// Findings as lines.
pub fn show(sources: &SourceMap, diagnostics: &[Diagnostic]) -> String {
    let line = |d: &Diagnostic| {
        let place = sources.text(d.primary.span);
        format!("{} at `{place}`: {}", d.id, d.message)
    };
    diagnostics.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn holds(check: &Check) -> Result<(), String> {
    let (sources, wrong) = findings(complete(block(check.page, "Wrong")));
    if wrong.is_empty() || wrong.iter().any(|finding| finding.id != check.id) {
        return Err(format!("{}: Wrong yields\n{}", check.id, show(&sources, &wrong)));
    }
    for finding in &wrong {
        let range = sources.text(finding.primary.span);
        if range.is_empty() || finding.help.is_none() || finding.primary.text.is_empty() {
            return Err(format!("{}: without place, label or help", check.id));
        }
    }
    let (sources, right) = findings(complete(block(check.page, "Right")));
    if !right.is_empty() {
        return Err(format!("{}: Right yields\n{}", check.id, show(&sources, &right)));
    }
    Ok(())
}

#[test]
fn wrong_yields_the_finding_and_right_none() {
    let failures: Vec<String> = ALL.iter().filter_map(|check| holds(check).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn a_page_is_headed_by_its_id() {
    for check in ALL {
        assert!(check.page.starts_with(&format!("# {}\n", check.id)), "{}", check.id);
        assert!(!check.summary.is_empty() && !check.since.is_empty());
    }
}

#[test]
fn an_accepted_finding_is_not_reported() {
    let check = check::find("event-never-emitted").unwrap();
    let accept = "decisions:\n  accept:\n    event-never-emitted@sales.Placed: { because: it comes next month }\n";
    let text = format!("{}{accept}", block(check.page, "Wrong"));
    let (sources, found) = findings(complete(&text));
    assert!(found.is_empty(), "{}", show(&sources, &found));
}
