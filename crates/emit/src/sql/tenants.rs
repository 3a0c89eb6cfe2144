//! Tenants that share tables: whose each row is, and that nobody sees another's.

use decide::{Design, design::Table, tables::TENANT_COLUMN, tenancy};
use expression::sql::Dialect;
use model::model::BuiltIn;

use super::text::{literal, quoted, table as table_name};

/// The setting of a session that works for all tenants: it says `all` then.
pub const EVERYBODY: &str = "firmitas.tenants";

/// The setting of a session that names the tenant for which it works.
pub const SETTING: &str = "firmitas.tenant";

/// Whether the table holds rows of several tenants.
#[must_use]
pub fn pooled(design: &Design, table: &Table) -> bool {
    tenancy::pooled(design, table.entity)
}

/// The tenant's column with a comma, before the other columns of a key.
pub fn leading() -> String {
    format!("{}, ", quoted(TENANT_COLUMN))
}

/// The column. On PostgreSQL a new row belongs to the session's tenant unless it says otherwise.
pub fn column(design: &Design, table: &Table, dialect: Dialect) -> Option<String> {
    let name = quoted(TENANT_COLUMN);
    let line = match dialect {
        Dialect::Sqlite => format!("{name} BLOB NOT NULL CHECK (length({name}) = 16)"),
        Dialect::PostgreSql => format!("{name} uuid NOT NULL DEFAULT {}", current()),
    };
    pooled(design, table).then_some(line)
}

/// What references of the same tenant lead to.
pub fn key(design: &Design, table: &Table) -> Option<String> {
    let id = design.model.entity(table.entity).built_in(BuiltIn::Id)?;
    let id = table.columns.get(usize::from(id.0))?;
    pooled(design, table).then(|| format!("UNIQUE ({}{})", leading(), quoted(id)))
}

/// Row-level security of a table and those of its parts. It holds for the owner of the tables as
/// well; a session that names no tenant, and does not say that it works for all, sees nothing.
pub fn policies(design: &Design, table: &Table) -> Vec<String> {
    if !pooled(design, table) {
        return Vec::new();
    }
    let parts = table.parts.iter().map(|part| part.name.as_str());
    let on = |name: &str| table_name(&table.schema, name, Dialect::PostgreSql);
    let names = std::iter::once(table.name.as_str()).chain(parts);
    names.flat_map(|name| policy(&on(name))).collect()
}

/// Row-level security of one table.
pub fn policy(on: &str) -> [String; 3] {
    let all = format!("current_setting({}, true) = 'all'", literal(EVERYBODY));
    let own = format!("{} = {} OR {all}", quoted(TENANT_COLUMN), current());
    [
        format!("ALTER TABLE {on} ENABLE ROW LEVEL SECURITY"),
        format!("ALTER TABLE {on} FORCE ROW LEVEL SECURITY"),
        format!("CREATE POLICY tenant ON {on} USING ({own}) WITH CHECK ({own})"),
    ]
}

fn current() -> String {
    format!("nullif(current_setting({}, true), '')::uuid", literal(SETTING))
}
