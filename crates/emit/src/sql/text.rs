//! Names and literals as SQL writes them.

use std::collections::BTreeSet;

use decide::{Design, design::Table};
use expression::{
    Value,
    sql::{
        Dialect, SqlValue,
        encoding::{Encoding, encode, encode_postgresql},
    },
};

/// A quoted identifier.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text literal.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A quoted table: in its schema on PostgreSQL, with the schema in its name on SQLite.
pub fn table(schema: &str, name: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => quoted(&format!("{schema}_{name}")),
        Dialect::PostgreSql => format!("{}.{}", quoted(schema), quoted(name)),
    }
}

/// The name of an index as `CREATE INDEX` takes it.
pub fn index(schema: &str, name: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => quoted(&format!("{schema}_{name}")),
        Dialect::PostgreSql => quoted(name),
    }
}

/// The name that conditions over one row of a table put before its columns.
pub fn own_alias(table: &Table, dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => format!("{}_{}", table.schema, table.name),
        Dialect::PostgreSql => table.name.clone(),
    }
}

/// A constant as a column of this encoding holds it; nothing where it cannot.
pub fn constant(value: &Value, encoding: Encoding, dialect: Dialect) -> Option<String> {
    let encoded = match dialect {
        Dialect::Sqlite => encode(value, encoding).ok()?,
        Dialect::PostgreSql => encode_postgresql(value, encoding).ok()?,
    };
    Some(match encoded {
        SqlValue::Null => "NULL".to_owned(),
        SqlValue::Integer(number) => number.to_string(),
        SqlValue::Real(number) => format!("{number:?}"),
        SqlValue::Text(text) => literal(&text),
        SqlValue::Blob(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("X'{digits}'")
        }
    })
}

/// The tables, by schema and name.
pub fn sorted(design: &Design) -> Vec<&Table> {
    let mut sorted: Vec<&Table> = design.tables.iter().collect();
    sorted.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
    sorted
}

/// Names of all schemas, sorted.
pub fn schemas(design: &Design) -> Vec<&str> {
    let all: BTreeSet<&str> = design.tables.iter().map(|table| table.schema.as_str()).collect();
    all.into_iter().collect()
}
