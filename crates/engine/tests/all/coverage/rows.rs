//! The rows as text.
//!
//! ```text
//! == IN1 What is asked, in a few words
//! met: decision cache, emitter openapi
//! shown: verdict shop: style.system = modular-monolith
//! rest: what of it comes later or not at all (a row that is met in part)
//! ```
//!
//! Instead of `met` and `shown` stands `later: SUBJECT` or `declined: BECAUSE`. Lines may repeat;
//! `#` begins a comment.

/// A group of rows.
pub struct Group {
    /// What its ids begin with.
    pub prefix: &'static str,
    pub title: &'static str,
    pub rows: usize,
}

const fn group(prefix: &'static str, rows: usize, title: &'static str) -> Group {
    Group { prefix, title, rows }
}

/// Every group, in the order of the page.
pub const GROUPS: &[Group] = &[
    group("IN", 13, "Intake"),
    group("BD", 8, "Boundaries"),
    group("ST", 16, "Style and technology"),
    group("AP", 9, "API paradigm"),
    group("AC", 15, "API contracts"),
    group("CO", 6, "Communication"),
    group("EV", 7, "Events and messaging"),
    group("SG", 3, "Sagas"),
    group("DM", 9, "Data modelling"),
    group("IX", 5, "Indexes"),
    group("SH", 3, "Sharding and replicas"),
    group("CQ", 2, "CQRS and event sourcing"),
    group("CA", 6, "Caching"),
    group("RE", 10, "Resilience"),
    group("SE", 17, "Security"),
    group("TE", 3, "Tenancy"),
    group("OB", 8, "Observability"),
    group("SL", 4, "Objectives and alerts"),
    group("PT", 6, "Performance targets"),
    group("CP", 5, "Capacity and scaling"),
    group("DP", 6, "Deployment"),
    group("MG", 7, "Migrations"),
    group("ET", 2, "Pipelines"),
    group("RT", 2, "Real time"),
    group("DF", 11, "Deliverables"),
    group("WF", 10, "Workflow"),
    group("SC", 18, "Scaffold of an application"),
    group("PK", 7, "Packaging for agents"),
    group("D", 15, "Contradictions, settled"),
];

/// One thing that is asked for.
#[derive(Default)]
pub struct Row {
    pub id: String,
    pub asks: String,
    pub met: Vec<String>,
    pub shown: Vec<String>,
    pub rest: Option<String>,
    pub later: Option<String>,
    pub declined: Option<String>,
}

impl Row {
    /// What is wrong with the row itself.
    pub fn fault(&self) -> Option<&'static str> {
        let met = !self.met.is_empty() || !self.shown.is_empty();
        let answers = [met, self.later.is_some(), self.declined.is_some()];
        if self.asks.is_empty() {
            return Some("nothing is asked");
        }
        if answers.iter().filter(|there| **there).count() != 1 {
            return Some("exactly one of met, later and declined");
        }
        if met && (self.met.is_empty() || self.shown.is_empty()) {
            return Some("what meets it, and what shows that");
        }
        (!met && self.rest.is_some()).then_some("a rest needs a part that is met")
    }

    /// `met`, `in part`, `later` or `declined`.
    pub fn state(&self) -> &'static str {
        match (&self.later, &self.declined, &self.rest) {
            (Some(_), _, _) => "later",
            (_, Some(_), _) => "declined",
            (_, _, Some(_)) => "in part",
            _ => "met",
        }
    }
}

/// The rows of the file.
pub fn read(text: &str) -> Result<Vec<Row>, String> {
    let mut rows: Vec<Row> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        read_line(line, &mut rows).map_err(|why| format!("line {}: {why}", at + 1))?;
    }
    Ok(rows)
}

fn read_line(line: &str, rows: &mut Vec<Row>) -> Result<(), &'static str> {
    if let Some(title) = line.strip_prefix("== ") {
        let (id, asks) = title.split_once(' ').ok_or("an id and what is asked")?;
        rows.push(Row { id: id.to_owned(), asks: asks.to_owned(), ..Row::default() });
        return Ok(());
    }
    let (key, value) = line.split_once(": ").ok_or("`key: value`")?;
    let row = rows.last_mut().ok_or("a row begins with ==")?;
    match key {
        "met" => row.met.extend(value.split(", ").map(str::to_owned)),
        "shown" => row.shown.push(value.to_owned()),
        "rest" => row.rest = Some(value.to_owned()),
        "later" => row.later = Some(value.to_owned()),
        "declined" => row.declined = Some(value.to_owned()),
        _ => return Err("no such key"),
    }
    Ok(())
}
