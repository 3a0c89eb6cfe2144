//! `docs/coverage.md`.

use std::fmt::Write as _;

use super::rows::{GROUPS, Group, Row};

const STATES: [&str; 4] = ["met", "in part", "later", "declined"];

const INTRODUCTION: &str = "\
# What is covered

What a team asks of a backend architect, one row each: which decision, check, emitter, command or \
part of the model language meets it, and the fixture that shows it. Generated from \
[coverage.txt](coverage.txt); the test that writes this page (`crates/engine/tests/all/coverage.rs`) \
runs every fixture and fails when one does not hold, when something named here does not exist, or \
when a row is missing.

- **met**: the program does it, for any model.
- **in part**: the row says what is still missing.
- **later**: with the piece of work that brings it.
- **declined**: with the reason.

Fixtures: `verdict` is decided from that model, `artifact` is text of an emitted file that only \
that model can produce, `finding` is a check whose page holds a model that yields it and one that \
does not, `diagnostic` is found in that model, `language` is a line of a model that resolves, \
`test` is a test of its own. A verdict with **†** is decided and written down; `firm up` does not \
do it itself, be it not yet or because it is the part of others (a cluster, a monitor). Models: `shop` and `rides` are the [examples](../examples), \
`scenarios/NAME` the [scenarios](../scenarios/README.md), others are \
[models of tests](../crates/engine/tests/models).
";

/// The whole page.
pub fn render(rows: &[Row]) -> String {
    let mut page = format!(
        "{INTRODUCTION}\n| Group | rows | met | in part | later | declined |\n|---|--:|--:|--:|--:|--:|\n"
    );
    for group in GROUPS {
        let title = format!("[{}](#{})", group.title, anchor(group.title));
        summary(&title, &of(group, rows), &mut page);
    }
    summary("**all**", &rows.iter().collect::<Vec<_>>(), &mut page);
    for group in GROUPS {
        let _ = write!(
            page,
            "\n## {}\n\n| Row | Asked | State | By | Shown by |\n|---|---|---|---|---|\n",
            group.title
        );
        for row in of(group, rows) {
            line(row, &mut page);
        }
    }
    page
}

fn of<'r>(group: &Group, rows: &'r [Row]) -> Vec<&'r Row> {
    let number = |row: &Row| row.id.strip_prefix(group.prefix).map(str::parse::<usize>);
    rows.iter().filter(|row| matches!(number(row), Some(Ok(_)))).collect()
}

fn anchor(title: &str) -> String {
    title.to_lowercase().replace(',', "").replace(' ', "-")
}

fn summary(title: &str, rows: &[&Row], page: &mut String) {
    let count = |state: &&str| rows.iter().filter(|row| row.state() == *state).count().to_string();
    let counts: Vec<String> = STATES.iter().map(count).collect();
    let _ = writeln!(page, "| {title} | {} | {} |", rows.len(), counts.join(" | "));
}

fn line(row: &Row, page: &mut String) {
    let by = if row.met.is_empty() {
        let why = row.later.as_ref().or(row.declined.as_ref());
        cell(why.map_or("", String::as_str))
    } else {
        let mut by: Vec<String> = row.met.iter().map(|means| link(means)).collect();
        by.extend(row.rest.iter().map(|rest| format!("*missing:* {}", cell(rest))));
        by.join("<br>")
    };
    let shown: Vec<String> =
        row.shown.iter().map(|fixture| code(fixture) + mark(fixture)).collect();
    let (asks, state) = (cell(&row.asks), row.state());
    let _ = writeln!(page, "| {} | {asks} | {state} | {by} | {} |", row.id, shown.join("<br>"));
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn code(text: &str) -> String {
    if text.contains('`') { format!("`` {} ``", cell(text)) } else { format!("`{}`", cell(text)) }
}

/// Where a verdict's choice is one that the runtime does not run.
fn mark(fixture: &str) -> &'static str {
    let verdict = fixture.strip_prefix("verdict ").and_then(|text| text.split_once(": "));
    let choice = verdict.and_then(|(_, text)| {
        let (id, rest) = text.split_once(" = ")?;
        let family = decide::catalogue::family(id.split('.').next()?)?;
        family.choice(rest.split(' ').next()?)
    });
    if choice.is_some_and(|choice| !choice.runnable) { " †" } else { "" }
}

/// What meets a row, with a link to where it is explained.
fn link(means: &str) -> String {
    let (kind, name) = means.split_once(' ').unwrap_or((means, ""));
    let target = match kind {
        "decision" => format!("../crates/decide/src/decisions/{name}.md"),
        "check" => format!("../crates/check/src/checks/{name}.md"),
        "emitter" => format!("../crates/emit/src/{}", name.replace('-', "_")),
        "command" => format!("commands.md#firm-{name}"),
        "language" => "language.md".to_owned(),
        "runtime" => format!("../crates/runtime/src/{name}"),
        "page" => return format!("[{name}]({})", relative(name)),
        _ => return format!("{kind} `{name}`"),
    };
    format!("{kind} [`{name}`]({target})")
}

/// A path of the repository as seen from `docs`.
fn relative(path: &str) -> String {
    path.strip_prefix("docs/").map_or_else(|| format!("../{path}"), str::to_owned)
}
