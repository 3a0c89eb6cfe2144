//! Tenants with a schema each: what the schema of a tenant holds (`sql/tenant.sql`).
//!
//! A table of tenants' rows is divided by tenant, and a tenant's part of it is a table in the schema
//! of that tenant, with the keys, references and indexes: what is asked for one tenant is asked of
//! its part, and only what is asked for all goes through the whole.

use decide::bridge::{EVERYBODY, divided};
use decide::design::Table;
use decide::naming::Names;
use decide::{Design, tables::TENANT_COLUMN};
use expression::sql::Dialect;

use super::text::{quoted, sorted, table as table_name};
use super::{exclusive, indexes, roles, tables, tenants};
use crate::Artifact;

/// What stands for the schema of a tenant.
pub const PLACE: &str = "<tenant>";
/// What stands for its id.
pub const ID: &str = "<id>";

/// What a step makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Makes {
    /// A table, part of one of all tenants.
    Table,
    /// A reference, or a key against overlapping ranges.
    Constraint,
    /// An index.
    Index,
    /// The rights of a role.
    Grant,
}

impl Makes {
    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Constraint => "constraint",
            Self::Index => "index",
            Self::Grant => "grant",
        }
    }
}

/// One thing in the schema of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it is.
    pub makes: Makes,
    /// Its name; of rights, the role's.
    pub name: String,
    /// The table that it is of.
    pub on: String,
    /// The statements that make it, with [`PLACE`] and [`ID`] where those of the tenant belong.
    pub sql: String,
}

/// What the schema of a tenant holds, in order; nothing where tenants have none.
#[must_use]
pub fn of_tenant(design: &Design) -> Vec<Step> {
    let placed: Vec<Table> = sorted(design)
        .into_iter()
        .filter(|table| divided(table))
        .map(|table| Table { schema: PLACE.to_owned(), ..table.clone() })
        .collect();
    let mut all: Vec<Step> = placed.iter().flat_map(|table| parts_of(design, table)).collect();
    let mut names = Names::default();
    for table in &placed {
        let owners = table.parts.iter().filter_map(|part| owner(design, table, &part.name));
        let references = tables::foreign_keys(design, table).into_iter().chain(owners);
        for sql in references {
            all.extend(reference(&sql, &mut names));
        }
        all.extend(exclusive::constraints(design, table).into_iter().filter_map(constraint));
    }
    for table in &placed {
        let own = indexes::create(design, table, Dialect::PostgreSql);
        let search = indexes::search(design, table, Dialect::PostgreSql);
        all.extend(own.into_iter().chain(search).filter_map(index));
    }
    all.extend(placed.iter().flat_map(|table| grants(design, table)));
    all
}

fn names(table: &Table) -> impl Iterator<Item = &String> {
    std::iter::once(&table.name).chain(table.parts.iter().map(|part| &part.name))
}

/// The tables of an entity and its parts.
fn parts_of(design: &Design, table: &Table) -> Vec<Step> {
    let make = |(at, name): (usize, &String)| {
        let own = table_name(PLACE, name, Dialect::PostgreSql);
        let whole = table_name(EVERYBODY, name, Dialect::PostgreSql);
        let mut lines = vec![format!(
            "LIKE {whole} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED"
        )];
        lines.extend(match at {
            0 => tables::keys(design, table),
            _ => vec!["PRIMARY KEY (\"owner_id\", \"position\")".to_owned()],
        });
        let mut sql = vec![format!("CREATE TABLE {own} (\n  {}\n)", lines.join(",\n  "))];
        sql.extend(tenants::policy(&own));
        sql.push(format!("ALTER TABLE {whole} ATTACH PARTITION {own} FOR VALUES IN ('{ID}')"));
        let (makes, name) = (Makes::Table, name.clone());
        Step { makes, on: name.clone(), name, sql: sql.join(";\n") }
    };
    names(table).enumerate().map(make).collect()
}

/// ` PARTITION BY ..` of the table of all tenants.
pub fn clause(table: &Table, dialect: Dialect) -> String {
    match dialect {
        Dialect::PostgreSql if table.schema == EVERYBODY => {
            format!(" PARTITION BY LIST ({})", quoted(TENANT_COLUMN))
        }
        _ => String::new(),
    }
}

/// The reference of a part to its owner, with which it goes.
fn owner(design: &Design, table: &Table, part: &str) -> Option<String> {
    let id = tables::id_column(design, table)?;
    let on = table_name(PLACE, part, Dialect::PostgreSql);
    let of = table_name(PLACE, &table.name, Dialect::PostgreSql);
    Some(format!(
        "ALTER TABLE {on} ADD FOREIGN KEY (\"owner_id\") REFERENCES {of} ({id}) ON DELETE CASCADE"
    ))
}

/// A reference with a name, by which it is found again.
fn reference(sql: &str, names: &mut Names) -> Option<Step> {
    let (head, rest) = sql.split_once(" ADD FOREIGN KEY (")?;
    let (columns, _) = rest.split_once(')')?;
    let on = head.rsplit_once('.')?.1.trim_matches('"').to_owned();
    let last = columns.rsplit(", ").next()?.trim_matches('"');
    let name = names.take(&format!("{on}_{last}_reference"));
    let sql = format!("{head} ADD CONSTRAINT {} FOREIGN KEY ({rest}", quoted(&name));
    Some(Step { makes: Makes::Constraint, name, on, sql })
}

fn constraint(sql: String) -> Option<Step> {
    let (head, rest) = sql.split_once(" ADD CONSTRAINT \"")?;
    let on = head.rsplit_once('.')?.1.trim_matches('"').to_owned();
    let name = rest.split_once('"')?.0.to_owned();
    Some(Step { makes: Makes::Constraint, name, on, sql })
}

fn index(sql: String) -> Option<Step> {
    let (head, rest) = sql.split_once(" ON ")?;
    let name = head.rsplit_once(' ')?.1.trim_matches('"').to_owned();
    let (table, _) = rest.split_once(' ')?;
    let on = table.rsplit_once('.')?.1.trim_matches('"').to_owned();
    Some(Step { makes: Makes::Index, name, on, sql })
}

fn grants(design: &Design, table: &Table) -> Vec<Step> {
    let role = roles::role(EVERYBODY);
    let mut sql = vec![format!("GRANT USAGE ON SCHEMA {} TO {}", quoted(PLACE), quoted(&role))];
    sql.extend(roles::grants(design, table, &quoted(&role)));
    let (makes, on) = (Makes::Grant, table.name.clone());
    vec![Step { makes, name: role, on, sql: sql.join(";\n") }]
}

/// The script; none where tenants have no schemas.
pub fn artifact(design: &Design) -> Option<Artifact> {
    let steps = of_tenant(design);
    let name = design.model.system.name.replace(['\n', '\r'], " ");
    let mut contents = format!(
        "-- {name}: the schema of one tenant, by psql after the tables and the roles:\n\
         -- psql -v tenant=ID -v place=tenant_IDWITHOUTHYPHENS -f sql/tenant.sql\n\
         -- `firm up` makes it by itself when the row of the tenant is added.\n\n\
         CREATE SCHEMA :\"place\";\n"
    );
    for step in &steps {
        let sql = step.sql.replace(&quoted(PLACE), ":\"place\"");
        contents += &format!("\n{};\n", sql.replace(&format!("'{ID}'"), ":'tenant'"));
    }
    (!steps.is_empty()).then(|| Artifact { path: "sql/tenant.sql".to_owned(), contents })
}
