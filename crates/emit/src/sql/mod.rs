//! Tables for SQLite and PostgreSQL: `sql/sqlite.sql`, `sql/postgresql.sql`.
//!
//! Values are stored as `expression::sql::encoding` says. References inside a context are foreign
//! keys, across contexts never. Rows of parts go with their owner; a row that is referenced cannot
//! be deleted. What may be null in the model, and only that, may be null in a table. Where tenants
//! share tables, each row has its tenant, which is part of every key and reference, and PostgreSQL
//! shows a session no other tenant's rows. With the tables come the roles of the contexts
//! (`sql/roles.sql`), what keeps partitions (`sql/partitions.sql`), and both as the first migration
//! with its way back (`migrations/`).

mod bridge;
mod columns;
mod comments;
mod exclusive;
pub mod folding;
mod indexes;
mod migrations;
mod partitions;
mod roles;
mod tables;
mod tenants;
mod text;
pub mod words;

use decide::bridge::divided;
use decide::{Design, design::Table};
use expression::sql::Dialect;

pub use bridge::{ID, Makes, PLACE, Step, of_tenant};
pub use exclusive::name as exclusion;
pub use indexes::WORDS;
pub use roles::{service_roles, statements as roles};
pub use tenants::{SETTING as TENANT_SETTING, pooled};

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
    let sorted = text::sorted(design);
    let tables = || sorted.iter().copied();
    all.extend(tables().flat_map(|table| tables::create(design, table, dialect)));
    // Keys and indexes of tables that are divided among tenants are those of each tenant.
    let whole = |table: &&Table| dialect == Dialect::Sqlite || !divided(table);
    let whole = || sorted.iter().copied().filter(whole);
    if dialect == Dialect::PostgreSql {
        all.extend(whole().flat_map(|table| tables::foreign_keys(design, table)));
        all.extend(whole().flat_map(|table| exclusive::constraints(design, table)));
    }
    all.extend(whole().flat_map(|table| indexes::create(design, table, dialect)));
    all.extend(whole().flat_map(|table| indexes::search(design, table, dialect)));
    if dialect == Dialect::PostgreSql {
        all.extend(tables().flat_map(|table| tenants::policies(design, table)));
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
    let mut all = vec![
        file("sql/sqlite.sql", Dialect::Sqlite, "SQLite 3.38 or newer"),
        file("sql/postgresql.sql", Dialect::PostgreSql, "PostgreSQL 15 or newer"),
        roles::artifact(design),
    ];
    all.extend(bridge::artifact(design));
    all.extend(partitions::artifact(design));
    all.extend(migrations::artifacts(design));
    all
}
