//! The tables of the design as this store sees them: names, columns, and the statements whose
//! shape is fixed, each written once at start.

use std::collections::BTreeMap;

use decide::design::{Design, Index, PartTable, Table};
use decide::tables::TENANT_COLUMN;
use decide::{sealed, tenancy};
use expression::{EntityId, FieldIndex, FieldShape, Schema};
use model::model::BuiltIn;

use super::exclusive::{self, Check};
use super::spread::{self, Inward, Outward};
use super::tenants;
use crate::store::StoreError;
pub(super) use crate::store::tables::{Column, Columns, quoted};
use crate::store::tenants::{Scoped, own};

/// Separates the ids of a list in one bound text: `json_each` makes rows of them.
pub(super) const IDS: &str = "(SELECT unhex(value) FROM json_each(?1))";

/// The table of a part.
#[derive(Debug)]
pub(super) struct Part {
    /// Name, quoted.
    pub table: String,
    /// Its columns besides `owner_id` and `position`.
    pub columns: Columns,
    /// Reads the rows of one owner, `?1`.
    pub of_one: Scoped<String>,
    /// Reads the rows of the owners in [`IDS`], each with its owner first.
    pub of_many: Scoped<String>,
    /// Inserts a row: owner, position, columns.
    pub insert: String,
    /// Deletes the rows of one owner, `?1`.
    pub delete: Scoped<String>,
}

/// The table of an entity.
#[derive(Debug)]
pub(super) struct Plan {
    /// The entity.
    pub entity: EntityId,
    /// `context.Entity`: what records about its rows call it, whatever its position.
    pub qualified: String,
    /// Name, quoted.
    pub table: String,
    /// Name of its full-text index, quoted, if it has one.
    pub search: Option<String>,
    /// Fields that are compared without regard to case.
    pub folded: Vec<FieldIndex>,
    /// Its columns.
    pub columns: Columns,
    /// Its parts, in order.
    pub parts: Vec<Part>,
    /// The column of the time of soft deletion, if rows have one.
    pub deleted_at: Option<String>,
    /// Keys against overlapping ranges.
    pub exclusive: Vec<Check>,
    /// References to rows in another file.
    pub outward: Vec<Outward>,
    /// References from rows in other files.
    pub inward: Vec<Inward>,
    /// Whether rows of several tenants share the table.
    pub pooled: bool,
    /// ` AND` rows are not deleted softly and are the tenant's, for the alias `self`.
    pub live: Scoped<String>,
    /// ` AND` rows are the tenant's, for no alias.
    pub own: Scoped<String>,
    /// Reads a live row by id, `?1`.
    pub by_id: Scoped<String>,
    /// Reads a row by id, `?1`, live or not.
    pub by_any_id: Scoped<String>,
    /// Reads the live rows in [`IDS`].
    pub by_ids: Scoped<String>,
    /// Inserts a row, for one tenant.
    pub insert: String,
    /// Deletes a row by id, `?1`.
    pub delete: Scoped<String>,
    /// What SQLite names when a unique index is violated, to the key's code.
    pub codes: BTreeMap<String, String>,
}

/// The name of an entity's table in SQLite, which has no schemas.
pub(super) fn table_name(table: &Table) -> String {
    format!("{}_{}", table.schema, table.name)
}

/// `?FIRST, ..` for so many parameters.
fn parameters(first: usize, count: usize) -> String {
    (first..first + count).map(|at| format!("?{at}")).collect::<Vec<_>>().join(", ")
}

impl Part {
    fn new(
        schema: &Schema,
        fields: &[FieldShape],
        owner: &Table,
        part: &PartTable,
        pooled: bool,
    ) -> Self {
        let columns = Columns::new(fields, &part.columns, schema);
        let table = quoted(&format!("{}_{}", owner.schema, part.name));
        let list = columns.list("");
        let separated = if list.is_empty() { String::new() } else { format!(", {list}") };
        let (tenant, value) = tenant_of_new(pooled);
        let scoped =
            |write: &dyn Fn(&str) -> String| Scoped::new(&own(pooled, "", tenants::CURRENT), write);
        let select = format!("SELECT \"owner_id\"{separated} FROM {table} WHERE \"owner_id\"");
        Self {
            of_one: scoped(&|own| format!("{select} = ?1{own} ORDER BY \"position\"")),
            of_many: scoped(&|own| {
                format!("{select} IN {IDS}{own} ORDER BY \"owner_id\", \"position\"")
            }),
            insert: format!(
                "INSERT INTO {table} (\"owner_id\", \"position\"{separated}{tenant}) \
                 VALUES ({}{value})",
                parameters(1, columns.all.len() + 2)
            ),
            delete: scoped(&|own| format!("DELETE FROM {table} WHERE \"owner_id\" = ?1{own}")),
            table,
            columns,
        }
    }
}

impl Plan {
    fn new(design: &Design, table: &Table) -> Self {
        let schema = &design.model.schema;
        let shape = schema.entity(table.entity);
        let fields = sealed::stored(&design.model, table.entity);
        let columns = Columns::new(&fields, &table.columns, schema);
        let name = table_name(table);
        let deleted_at = design
            .model
            .entities
            .get(table.entity.0 as usize)
            .and_then(|entity| entity.built_in(BuiltIn::DeletedAt))
            .and_then(|field| columns.of(field).first())
            .map(|column| column.name.clone());
        let pooled = tenancy::pooled(design, table.entity);
        let live = deleted_at
            .as_ref()
            .map_or_else(String::new, |column| format!(" AND self.{column} IS NULL"));
        let (quoted_name, list) = (quoted(&name), columns.list("self."));
        let select = format!("SELECT {list} FROM {quoted_name} AS self WHERE self.\"id\"");
        let (tenant, value) = tenant_of_new(pooled);
        let scoped = |write: &dyn Fn(&str) -> String| {
            Scoped::new(&own(pooled, "self.", tenants::CURRENT), write)
        };
        Self {
            entity: table.entity,
            qualified: format!("{}.{}", shape.context, shape.name),
            search: (!table.search.is_empty()).then(|| quoted(&format!("{name}_search"))),
            parts: (0..)
                .zip(&table.parts)
                .map(|(at, to)| {
                    let fields = sealed::stored_part(&design.model, table.entity, at);
                    Part::new(schema, &fields, table, to, pooled)
                })
                .collect(),
            by_id: scoped(&|own| format!("{select} = ?1{live}{own}")),
            by_any_id: scoped(&|own| format!("{select} = ?1{own}")),
            by_ids: scoped(&|own| format!("{select} IN {IDS}{live}{own}")),
            insert: format!(
                "INSERT INTO {quoted_name} ({}{tenant}) VALUES ({}{value})",
                columns.list(""),
                parameters(1, columns.all.len())
            ),
            own: Scoped::new(&own(pooled, "", tenants::CURRENT), str::to_owned),
            delete: Scoped::new(&own(pooled, "", tenants::CURRENT), |own| {
                format!("DELETE FROM {quoted_name} WHERE \"id\" = ?1{own}")
            }),
            codes: table
                .indexes
                .iter()
                .filter_map(|index| code(table, &columns, index, pooled))
                .flatten()
                .collect(),
            table: quoted_name,
            columns,
            deleted_at,
            exclusive: Vec::new(),
            outward: Vec::new(),
            inward: Vec::new(),
            live: scoped(&|own| format!("{live}{own}")),
            pooled,
            folded: emit::sql::folding::fields(design, table, &fields),
        }
    }
}

/// The column that says whose a new row is, and its value; nothing where tables are not shared.
fn tenant_of_new(pooled: bool) -> (String, String) {
    let column = || (format!(", {}", quoted(TENANT_COLUMN)), format!(", {}", tenants::CURRENT));
    pooled.then(column).unwrap_or_default()
}

/// What SQLite says of a violated unique index (its columns; for an index over expressions its
/// name), with the code that the model gives the key.
fn code(
    of: &Table,
    columns: &Columns,
    index: &Index,
    pooled: bool,
) -> Option<[(String, String); 2]> {
    let (code, table) = (index.unique.clone()?, table_name(of));
    let named = index.fields.iter().flat_map(|(field, _)| columns.sorted(*field));
    let named = named.map(|column| format!("{table}.{}", column.name.trim_matches('"')));
    let tenant = pooled.then(|| format!("{table}.{TENANT_COLUMN}"));
    let by_columns = tenant.into_iter().chain(named).collect::<Vec<_>>().join(", ");
    Some([(by_columns, code.clone()), (format!("index '{}_{}'", of.schema, index.name), code)])
}

/// The plan of every table; positions are entity ids.
pub(super) fn plans(design: &Design) -> Result<Vec<Plan>, StoreError> {
    let plan = |table| {
        let mut plan = Plan::new(design, table);
        plan.exclusive = exclusive::checks(design, &plan)?;
        Ok(plan)
    };
    let mut plans = design.tables.iter().map(plan).collect::<Result<Vec<_>, StoreError>>()?;
    spread::references(design, &mut plans);
    Ok(plans)
}
