//! `migrations/0001_initial.*.sql`: from nothing to the tables, and back.

use decide::Design;
use expression::sql::Dialect;

use super::text::{quoted, schemas, sorted, table as table_name};
use crate::Artifact;

/// How long a migration waits for a lock, and how long a statement of it may run: it gives up
/// rather than hold up everybody behind it.
const TIMEOUTS: &str = "SET LOCAL lock_timeout = '5s';\nSET LOCAL statement_timeout = '15min';\n";

/// Both directions of the first migration.
pub fn artifacts(design: &Design) -> Vec<Artifact> {
    let name = design.model.system.name.replace(['\n', '\r'], " ");
    let file = |path: &str, why: &str, statements: &[String]| {
        let body: String = statements.iter().map(|of| format!("\n{of};\n")).collect();
        let contents = format!("-- {name}: {why}\nBEGIN;\n{TIMEOUTS}{body}\nCOMMIT;\n");
        Artifact { path: path.to_owned(), contents }
    };
    let up = super::statements(design, Dialect::PostgreSql);
    let why = "the tables as they were first designed. PostgreSQL 15 or newer.";
    let back = "back to an empty database. Every row of these tables is lost.";
    vec![
        file("migrations/0001_initial.up.sql", why, &up),
        file("migrations/0001_initial.down.sql", back, &down(design)),
    ]
}

/// Tables by name, so that nothing is dropped that this design did not make; `CASCADE` takes their
/// foreign keys along, of which circles may exist.
fn down(design: &Design) -> Vec<String> {
    let mut all = Vec::new();
    for table in sorted(design) {
        let parts = table.parts.iter().map(|part| &part.name);
        for name in parts.chain(std::iter::once(&table.name)) {
            let name = table_name(&table.schema, name, Dialect::PostgreSql);
            all.push(format!("DROP TABLE {name} CASCADE"));
        }
    }
    all.extend(schemas(design).into_iter().map(|name| format!("DROP SCHEMA {}", quoted(name))));
    all
}
