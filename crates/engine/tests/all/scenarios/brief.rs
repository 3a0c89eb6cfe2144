//! The parts of a brief that a test can read.

use std::collections::BTreeMap;

/// A row of *Expected decisions*.
pub struct Row {
    /// `family.subject`, or `family.*`.
    pub decision: String,
    /// The options that are sound.
    pub expected: Vec<String>,
    /// Why.
    pub because: String,
    /// `agrees`, the engine's options, or empty.
    pub engine: String,
    line: usize,
}

/// A `README.md` of a scenario.
pub struct Brief {
    lines: Vec<String>,
    /// The expectations.
    pub rows: Vec<Row>,
    /// Requirement to the finding by which the engine says that it cannot be met.
    pub unmeetable: Vec<(String, String)>,
    /// Decision to the argument that settles it.
    pub arguments: BTreeMap<String, String>,
}

impl Brief {
    /// Reads the tables and the arguments.
    pub fn read(text: &str) -> Self {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let (mut rows, mut unmeetable, mut arguments) = (vec![], vec![], BTreeMap::new());
        let mut section = "";
        for (at, line) in text.lines().enumerate() {
            section = line.strip_prefix("## ").unwrap_or(section);
            match section {
                "Expected decisions" => rows.extend(row(at, line)),
                "Requirements that cannot be met" => unmeetable.extend(refusal(line)),
                "Where the engine differs" => arguments.extend(argument(line)),
                _ => {}
            }
        }
        Self { lines, rows, unmeetable, arguments }
    }

    /// The text with the column *engine* as the rows now have it.
    pub fn text(&self) -> String {
        let mut lines = self.lines.clone();
        for row in &self.rows {
            let cells = cells(&self.lines[row.line]);
            lines[row.line] =
                format!("| {} | {} | {} | {} |", cells[0], cells[1], cells[2], row.engine);
        }
        lines.join("\n") + "\n"
    }
}

/// The cells of a row of a table whose first cell is code or, in other tables, anything.
fn cells(line: &str) -> Vec<&str> {
    let inner = line.strip_prefix('|').and_then(|rest| rest.trim_end().strip_suffix('|'));
    inner.map(|inner| inner.split('|').map(str::trim).collect()).unwrap_or_default()
}

fn row(line: usize, text: &str) -> Option<Row> {
    let cells = cells(text);
    if !cells.first()?.starts_with('`') {
        return None;
    }
    let [decision, expected, because, engine] = cells[..] else {
        panic!("line {}: four cells", line + 1)
    };
    let expected = expected.trim_matches('`').split(" or ").map(str::to_owned).collect();
    let decision = decision.trim_matches('`').to_owned();
    Some(Row { decision, expected, because: because.to_owned(), engine: engine.to_owned(), line })
}

/// The finding in the last cell; where the cell is empty, none is expected yet.
fn refusal(text: &str) -> Option<(String, String)> {
    let cells = cells(text);
    let id = cells.last()?.strip_prefix('`')?.strip_suffix('`')?;
    let requirement = cells.first()?.strip_prefix('`')?.split('`').next()?;
    Some((requirement.to_owned(), id.to_owned()))
}

/// ``- `family.subject`: why.``
fn argument(text: &str) -> Option<(String, String)> {
    let (id, why) = text.strip_prefix("- `")?.split_once("`: ")?;
    Some((id.to_owned(), why.to_owned()))
}

#[test]
fn a_brief_is_read_and_written_back() {
    let text = "# A\n\n## Expected decisions\n\n| decision | expected | because | engine |\n\
        |---|---|---|---|\n| `a.b` | `x or y` | Why. |  |\n\n## Where the engine differs\n\n\
        - `a.b`: since.\n";
    let mut brief = Brief::read(text);
    let [row] = &mut brief.rows[..] else { panic!("one row") };
    assert_eq!(
        (row.decision.as_str(), row.expected.as_slice()),
        ("a.b", &["x".to_owned(), "y".to_owned()][..])
    );
    assert_eq!(brief.arguments["a.b"], "since.");
    row.engine = "agrees".to_owned();
    assert_eq!(brief.text(), text.replace("|  |", "| agrees |"));
}
