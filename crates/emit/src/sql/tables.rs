//! `CREATE TABLE` for entities and their parts.

use decide::{Design, bridge::divided, design::Table, sealed, tenancy};
use expression::{EntityId, FieldShape, Type, sql::Dialect};
use model::model::BuiltIn;

use super::columns::{definitions, names};
use super::text::{quoted, table as table_name};
use super::{bridge, indexes, partitions, tenants};

/// The place of a row among those of its owner.
const POSITION: &str = "\"position\" INTEGER NOT NULL CHECK (\"position\" >= 0)";

/// The table of an entity, then those of its parts.
pub fn create(design: &Design, table: &Table, dialect: Dialect) -> Vec<String> {
    let mut statements = vec![entity_table(design, table, dialect)];
    let own = table_name(&table.schema, &table.name, dialect);
    statements.extend(partitions::first(design, table, &own, dialect));
    for (at, part) in table.parts.iter().enumerate() {
        let mut lines = vec![owner(design, table, dialect), POSITION.to_owned()];
        let fields = sealed::stored_part(&design.model, table.entity, at);
        for (field, base) in fields.iter().zip(&part.columns) {
            lines.extend(definitions(design, field, base, dialect));
        }
        lines.extend(tenants::column(design, table, dialect));
        if !in_places(table, dialect) {
            lines.push("PRIMARY KEY (\"owner_id\", \"position\")".to_owned());
        }
        lines.extend(references(design, table, &fields, &part.columns, dialect));
        let name = table_name(&table.schema, &part.name, dialect);
        // Rows of a part are only ever read by their owner, in order: that is how they lie.
        let by = partitions::of_part(design, table, dialect) + &bridge::clause(table, dialect);
        let options = if dialect == Dialect::Sqlite { " STRICT, WITHOUT ROWID" } else { "" };
        statements.push(statement(&name, &lines, &(options.to_owned() + &by)));
        statements.extend(partitions::first(design, table, &name, dialect));
    }
    statements
}

fn entity_table(design: &Design, table: &Table, dialect: Dialect) -> String {
    let sqlite = dialect == Dialect::Sqlite;
    let mut lines = Vec::new();
    if sqlite {
        // Named, so that it survives VACUUM: full-text search refers to it.
        lines.push("\"rowid\" INTEGER PRIMARY KEY".to_owned());
    }
    let fields = sealed::stored(&design.model, table.entity);
    for (field, base) in fields.iter().zip(&table.columns) {
        lines.extend(definitions(design, field, base, dialect));
    }
    lines.extend(tenants::column(design, table, dialect));
    lines.extend(indexes::words_column(design, table).filter(|_| !sqlite));
    if !in_places(table, dialect) {
        lines.push(primary_key(design, table, dialect));
        lines.extend(tenants::key(design, table));
    }
    lines.extend(references(design, table, &fields, &table.columns, dialect));
    let name = table_name(&table.schema, &table.name, dialect);
    let by = partitions::of_entity(design, table, dialect) + &bridge::clause(table, dialect);
    statement(&name, &lines, &((if sqlite { " STRICT" } else { "" }).to_owned() + &by))
}

/// Whether each tenant has its part of the table, with its own keys.
fn in_places(table: &Table, dialect: Dialect) -> bool {
    dialect == Dialect::PostgreSql && divided(table)
}

/// The keys of a table that references lead to.
pub fn keys(design: &Design, table: &Table) -> Vec<String> {
    let primary = primary_key(design, table, Dialect::PostgreSql);
    std::iter::once(primary).chain(tenants::key(design, table)).collect()
}

fn statement(name: &str, lines: &[String], options: &str) -> String {
    format!("CREATE TABLE {name} (\n  {}\n){options}", lines.join(",\n  "))
}

/// `id`, or the fields that replace it.
fn primary_key(design: &Design, table: &Table, dialect: Dialect) -> String {
    let shape = design.model.shape(table.entity);
    let entity = design.model.entity(table.entity);
    let id: Vec<_> = entity.built_in(BuiltIn::Id).into_iter().collect();
    let fields = if id.is_empty() { entity.identity.clone() } else { id };
    let columns = fields.iter().filter_map(|at| {
        let at = usize::from(at.0);
        Some(names(design, &shape.fields.get(at)?.ty, table.columns.get(at)?))
    });
    let columns = columns.flatten().collect::<Vec<_>>().join(", ");
    match dialect {
        Dialect::Sqlite => format!("UNIQUE ({columns})"),
        Dialect::PostgreSql => format!("PRIMARY KEY ({columns})"),
    }
}

fn owner(design: &Design, table: &Table, dialect: Dialect) -> String {
    let ty = match dialect {
        Dialect::Sqlite => "BLOB",
        Dialect::PostgreSql => "uuid",
    };
    let id = id_column(design, table).filter(|_| !in_places(table, dialect));
    let refers = id.map_or_else(String::new, |id| {
        let owner = table_name(&table.schema, &table.name, dialect);
        format!(" REFERENCES {owner} ({id}) ON DELETE CASCADE")
    });
    format!("\"owner_id\" {ty} NOT NULL{refers}")
}

/// SQLite takes foreign keys to tables that are not there yet, and only in `CREATE TABLE`.
fn references(
    design: &Design,
    table: &Table,
    fields: &[FieldShape],
    columns: &[String],
    dialect: Dialect,
) -> Vec<String> {
    if dialect != Dialect::Sqlite {
        return Vec::new();
    }
    let refer = |(field, base): (&FieldShape, &String)| {
        let (from, target) = target(design, table, field, base, dialect)?;
        Some(format!("FOREIGN KEY ({from}) REFERENCES {target}"))
    };
    fields.iter().zip(columns).filter_map(refer).collect()
}

/// What a reference inside the context refers from and to: columns, and the table with its key.
/// References never lead to another tenant's row.
fn target(
    design: &Design,
    table: &Table,
    field: &FieldShape,
    base: &str,
    dialect: Dialect,
) -> Option<(String, String)> {
    let entity = foreign_entity(design, table, field)?;
    let other = design.table(entity);
    let id = id_column(design, other)?;
    let (own, others) = (tenants::pooled(design, table), tenants::pooled(design, other));
    // No key leads from the file or database of a tenant to that of what is shared.
    let elsewhere = match dialect {
        Dialect::Sqlite => tenancy::apart(design),
        Dialect::PostgreSql => tenancy::own_databases(design),
    };
    if own != others && elsewhere {
        return None;
    }
    let both = own && others;
    let tenant = if both { tenants::leading() } else { String::new() };
    let schema = match (in_places(other, dialect), table.schema == bridge::PLACE) {
        (false, _) => other.schema.as_str(),
        (true, true) => bridge::PLACE,
        // No key of all tenants together can be referred to.
        (true, false) => return None,
    };
    let name = table_name(schema, &other.name, dialect);
    Some((format!("{tenant}{}", quoted(base)), format!("{name} ({tenant}{id})")))
}

/// A row's own id has the type of a reference to its entity, and is none.
fn foreign_entity(design: &Design, table: &Table, field: &FieldShape) -> Option<EntityId> {
    let Type::Reference(entity) = field.ty.required() else { return None };
    let context = design.model.entity(table.entity).context;
    (field.name != "id" && design.model.entity(*entity).context == context).then_some(*entity)
}

pub fn id_column(design: &Design, table: &Table) -> Option<String> {
    let id = design.model.entity(table.entity).built_in(BuiltIn::Id)?;
    table.columns.get(usize::from(id.0)).map(|base| quoted(base))
}

/// Foreign keys of PostgreSQL, where they can only be made when all tables are there.
pub fn foreign_keys(design: &Design, table: &Table) -> Vec<String> {
    let dialect = Dialect::PostgreSql;
    // What is encrypted names nothing that a database could look up.
    let fields = sealed::stored(&design.model, table.entity);
    let mut all: Vec<(&String, &FieldShape, &String)> =
        fields.iter().zip(&table.columns).map(|(field, base)| (&table.name, field, base)).collect();
    let parts: Vec<_> = (0..table.parts.len())
        .map(|at| sealed::stored_part(&design.model, table.entity, at))
        .collect();
    for (part, fields) in table.parts.iter().zip(&parts) {
        let of = fields.iter().zip(&part.columns);
        all.extend(of.map(|(field, base)| (&part.name, field, base)));
    }
    let add = |(name, field, base): (&String, &FieldShape, &String)| {
        let (from, target) = target(design, table, field, base, dialect)?;
        let table = table_name(&table.schema, name, dialect);
        Some(format!("ALTER TABLE {table} ADD FOREIGN KEY ({from}) REFERENCES {target}"))
    };
    all.into_iter().filter_map(add).collect()
}
