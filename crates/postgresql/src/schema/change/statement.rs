//! What a statement of the design's tables is about, as far as changing them asks.

/// One statement, by what it makes.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::schema) enum Statement<'s> {
    Index {
        /// Without its schema, quoted.
        name: &'s str,
        table: &'s str,
        unique: bool,
    },
    /// The comment on an index, with its schema.
    CommentOnIndex(&'s str),
    ForeignKey {
        table: &'s str,
        columns: &'s str,
    },
    Constraint {
        table: &'s str,
        name: &'s str,
    },
    /// Something else of a table.
    OfTable(&'s str),
    /// What stays without harm: comments, schemas, extensions.
    Harmless,
    Other,
}

/// Reads a statement.
pub(in crate::schema) fn of(sql: &str) -> Statement<'_> {
    let first = sql.lines().next().unwrap_or_default();
    let words: Vec<&str> = first.split(' ').collect();
    match words.as_slice() {
        ["CREATE", "INDEX", name, "ON", table, ..] => {
            Statement::Index { name, table, unique: false }
        }
        ["CREATE", "UNIQUE", "INDEX", name, "ON", table, ..] => {
            Statement::Index { name, table, unique: true }
        }
        ["COMMENT", "ON", "INDEX", name, ..] => Statement::CommentOnIndex(name),
        ["COMMENT", "ON", ..] | ["CREATE", "SCHEMA" | "EXTENSION", ..] => Statement::Harmless,
        ["ALTER", "TABLE", table, "ADD", "FOREIGN", "KEY", ..] => {
            let columns =
                first.split_once(" FOREIGN KEY (").and_then(|(_, rest)| rest.split_once(')'));
            columns
                .map_or(Statement::Other, |(columns, _)| Statement::ForeignKey { table, columns })
        }
        ["ALTER", "TABLE", table, "ADD", "CONSTRAINT", name, ..] => {
            Statement::Constraint { table, name }
        }
        ["ALTER", "TABLE", table, ..] | ["CREATE", "POLICY", _, "ON", table, ..] => {
            Statement::OfTable(table)
        }
        _ => Statement::Other,
    }
}

/// The name of something in the schema of a table.
pub(in crate::schema) fn beside(name: &str, table: &str) -> String {
    let schema = table.split('.').next().unwrap_or_default();
    format!("{schema}.{name}")
}
