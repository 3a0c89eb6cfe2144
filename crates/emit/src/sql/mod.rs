//! Tables for SQLite and PostgreSQL: `sql/sqlite.sql`, `sql/postgresql.sql`.
//!
//! Values are stored as `expression::sql::encoding` says. References inside a context are foreign
//! keys, across contexts never. Rows of parts go with their owner; a row that is referenced cannot
//! be deleted. What may be null in the model, and only that, may be null in a table.

mod columns;
mod comments;
mod exclusive;
mod indexes;
mod tables;
mod text;

use decide::{Design, design::Table};
use expression::sql::Dialect;

use crate::{Artifact, Emitter};

/// `sql/*.sql`.
pub static EMITTER: Emitter = Emitter { id: "sql", run: |input| artifacts(input.design) };

/// Every statement that an empty database needs, in order, without closing semicolons.
#[must_use]
pub fn statements(design: &Design, dialect: Dialect) -> Vec<String> {
    let mut all = Vec::new();
    if dialect == Dialect::PostgreSql {
        let schemas = text::schemas(design).into_iter();
        all.extend(
            schemas.map(|name| format!("CREATE SCHEMA IF NOT EXISTS {}", text::quoted(name))),
        );
        all.extend(exclusive::extension(design));
    }
    let mut sorted: Vec<&Table> = design.tables.iter().collect();
    sorted.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
    let tables = || sorted.iter().copied();
    all.extend(tables().flat_map(|table| tables::create(design, table, dialect)));
    if dialect == Dialect::PostgreSql {
        all.extend(tables().flat_map(|table| tables::foreign_keys(design, table)));
        all.extend(tables().flat_map(|table| exclusive::constraints(design, table)));
    }
    all.extend(tables().flat_map(|table| indexes::create(design, table, dialect)));
    all.extend(tables().flat_map(|table| indexes::search(design, table, dialect)));
    if dialect == Dialect::PostgreSql {
        all.extend(comments::create(design, &sorted));
    }
    all
}

/// Both files.
#[must_use]
pub fn artifacts(design: &Design) -> Vec<Artifact> {
    let file = |path: &str, dialect: Dialect, database: &str| {
        let name = design.model.system.name.replace(['\n', '\r'], " ");
        let statements = statements(design, dialect);
        let body: String = statements.iter().map(|statement| format!("\n{statement};\n")).collect();
        let contents =
            format!("-- {name}: the tables of {database}, for an empty database.\n{body}");
        Artifact { path: path.to_owned(), contents }
    };
    vec![
        file("sql/sqlite.sql", Dialect::Sqlite, "SQLite 3.38 or newer"),
        file("sql/postgresql.sql", Dialect::PostgreSql, "PostgreSQL 15 or newer"),
    ]
}
