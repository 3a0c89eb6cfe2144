//! Tables that a later design has changed, for a server of an earlier one: what was added stays.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::super::plan::quoted;
use super::object::Object;
use crate::store::StoreError;
use crate::store::differences;
use crate::store::meaning::{Columns, Meanings};

/// What an earlier design leaves there.
pub(super) struct Kept {
    /// The tables with what is around them, as this design wants them and as the later one has left
    /// them.
    pub objects: Vec<Object>,
    /// What stands against it.
    pub differences: Vec<String>,
    /// What of the later design is there, for people.
    pub names: Vec<String>,
}

/// Names that are told one by one.
const TOLD: usize = 10;

impl Kept {
    /// What was found, for people.
    pub fn told(&self, since: i64) -> String {
        let since = jiff::Timestamp::from_microsecond(since).unwrap_or_default();
        let since = since.strftime("%Y-%m-%d %H:%M UTC");
        let mut all: Vec<String> = self.names.iter().take(TOLD).cloned().collect();
        if self.names.len() > TOLD {
            all.push(format!("{} more", self.names.len() - TOLD));
        }
        let what =
            if all.is_empty() { "nothing that is in the way".into() } else { all.join(", ") };
        format!(
            "the tables are those of a later model (since {since}): what it added was left as it \
             is ({what})"
        )
    }
}

/// The tables of this design with what a later one has added to them. Its columns that may not be
/// null get the default that rows had when they came.
pub(super) fn keep(
    connection: &Connection,
    installed: &[Object],
    wanted: &[Object],
    defaults: &Columns,
    meanings: &Meanings,
) -> Result<Kept, StoreError> {
    let mut kept = Kept { objects: Vec::new(), differences: Vec::new(), names: Vec::new() };
    let table = |objects: &[Object], name: &str| {
        objects.iter().find(|object| object.is_table() && object.name == name).cloned()
    };
    for object in wanted {
        let mut object = object.clone();
        if let Some(later) = object.is_table().then(|| table(installed, &object.name)).flatten() {
            let called = meanings.called(&object.name);
            let rows = has_rows(connection, &object.name)?;
            object.sql = merged(&later, &object, (called, rows), defaults, &mut kept);
        }
        kept.objects.push(object);
    }
    for object in installed {
        let of_later = table(wanted, &object.on_table).is_none()
            && (object.is_table() || table(installed, &object.on_table).is_some());
        // Indexes for search hold nothing of their own, and triggers fill them.
        let of_later = of_later && !object.is_virtual();
        if of_later && object.kind != "trigger" {
            kept.objects.push(object.clone());
        }
        if of_later && object.is_table() {
            kept.names.push(format!("table `{}`", object.name));
        }
    }
    Ok(kept)
}

fn has_rows(connection: &Connection, table: &str) -> Result<bool, StoreError> {
    Ok(connection.prepare(&format!("SELECT 1 FROM {} LIMIT 1", quoted(table)))?.exists(())?)
}

/// What makes the table with the columns of both.
fn merged(
    later: &Object,
    wanted: &Object,
    (called, rows): (&str, bool),
    defaults: &Columns,
    kept: &mut Kept,
) -> String {
    let (Some((_, old, _)), Some((head, new, tail))) = (lines(&later.sql), lines(&wanted.sql))
    else {
        return wanted.sql.clone();
    };
    let wants: BTreeSet<&str> = new.iter().filter_map(|line| column(line)).collect();
    let has: BTreeSet<&str> = old.iter().filter_map(|line| column(line)).collect();
    let mut columns: Vec<String> = Vec::new();
    let mut extra = BTreeSet::new();
    for line in &old {
        let Some(name) = column(line) else { continue };
        if wants.contains(name) {
            columns
                .extend(new.iter().find(|line| column(line) == Some(name)).map(|l| l.to_string()));
            continue;
        }
        let default = defaults.get(&(wanted.name.clone(), name.to_owned()));
        match with_default(line, default) {
            Some(line) => {
                extra.insert(name);
                kept.names.push(format!("column `{}.{name}`", wanted.name));
                columns.push(line);
            }
            None if rows => {
                kept.differences.push(differences::unknown(called, &wanted.name, name));
            }
            // Nobody has written there yet, and nobody could.
            None => {}
        }
    }
    let added = new.iter().filter(|line| column(line).is_some_and(|name| !has.contains(name)));
    columns.extend(added.map(|line| line.to_string()));
    // References of columns that stay, stay with them.
    let refers = |line: &&&str| {
        let of = line.strip_prefix("FOREIGN KEY (").and_then(|rest| rest.split_once(')'));
        of.is_some_and(|(names, _)| {
            names.split(", ").any(|name| extra.contains(name.trim_matches('"')))
        })
    };
    let others = new.iter().filter(|line| column(line).is_none());
    columns.extend(others.chain(old.iter().filter(refers)).map(|line| line.to_string()));
    format!("{head}(\n  {}\n){tail}", columns.join(",\n  "))
}

/// The line of a column that is filled where nobody says with what; nothing where it cannot be.
fn with_default(line: &str, default: Option<&String>) -> Option<String> {
    if !line.contains(" NOT NULL") || line.contains(" DEFAULT ") {
        return Some(line.to_owned());
    }
    Some(line.replacen(" NOT NULL", &format!(" NOT NULL DEFAULT {}", default?), 1))
}

fn lines(sql: &str) -> Option<(&str, Vec<&str>, &str)> {
    let (head, rest) = sql.split_once("(\n  ")?;
    let (body, tail) = rest.rsplit_once("\n)")?;
    Some((head, body.split(",\n  ").collect(), tail))
}

/// The column that a line defines.
fn column(line: &str) -> Option<&str> {
    line.strip_prefix('"')?.split_once('"').map(|(name, _)| name)
}
