//! The tables of the design as this store sees them, and the statements whose shape is fixed, each
//! written once at start.

use std::collections::BTreeMap;
use std::sync::Arc;

use decide::bridge::EVERYBODY;
use decide::design::{Design, PartTable, Table};
use decide::{sealed, tenancy};
use expression::sql::{Dialect, TableName};
use expression::{EntityId, FieldIndex, FieldShape, Schema};
use model::model::BuiltIn;
use runtime::store::tables::{Column, Columns, quoted};
use runtime::store::tenants::{Scoped, own};

use crate::exclusive;
use crate::failure;
use crate::silos::{Inward, Outward, references};
use crate::tenants;
use crate::text::Text;
use crate::wire::Wire;

/// The table of a part.
#[derive(Debug)]
pub(crate) struct Part {
    /// Name, quoted, in its schema.
    pub table: String,
    /// Its columns besides `owner_id` and `position`.
    pub columns: Arc<Columns>,
    /// How each column travels.
    pub wires: Vec<Wire>,
    /// Inserts rows of one owner, `$1`: an array for each column, or how many there are.
    pub insert: Arc<Text>,
    /// Deletes the rows of one owner, `$1`.
    pub delete: Scoped<Arc<Text>>,
}

/// The table of an entity.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The entity.
    pub entity: EntityId,
    /// `context.Entity`: what records about its rows call it, whatever its position.
    pub qualified: Arc<str>,
    /// Name, quoted, in its schema.
    pub table: String,
    /// The column of the id, quoted.
    pub id: String,
    /// Whether its rows can be searched by their words.
    pub search: bool,
    /// Fields that are compared without regard to case.
    pub folded: Vec<FieldIndex>,
    /// Its columns.
    pub columns: Arc<Columns>,
    /// How each column travels.
    pub wires: Vec<Wire>,
    /// Its parts, in order.
    pub parts: Vec<Part>,
    /// What its rows have to agree in to exclude each other, for each exclusive key.
    pub exclusive: exclusive::Keys,
    /// Whether rows of several tenants share the table.
    pub pooled: bool,
    /// The column that marks rows as deleted, where they stay.
    pub deleted_at: Option<String>,
    /// ` AND` rows are not deleted softly and are the tenant's, for the alias `self`.
    pub live: Scoped<String>,
    /// ` AND` rows are the tenant's, for no alias.
    pub own: Scoped<String>,
    /// `SELECT .. FROM .. AS self WHERE `: all columns, then each part as an array of records.
    pub select: String,
    /// Reads a live row by id, `$1`.
    pub by_id: Scoped<Arc<Text>>,
    /// Reads a row by id, `$1`, live or not.
    pub by_any_id: Scoped<Arc<Text>>,
    /// Reads the link of the subject `$1` of the issuer `$2` as this entity, `$3`, in the tenant
    /// `$4` or in any, then its row, live or not, and last by which transactions both were written.
    pub linked: Scoped<Arc<Text>>,
    /// Is refused unless [`Self::linked`] still leads from `$1` to `$4` to what the transactions `$5`
    /// (the link) and `$6` (the row) have written.
    pub still_linked: Scoped<Arc<Text>>,
    /// Reads the live rows of the ids in `$1`.
    pub by_ids: Scoped<Arc<Text>>,
    /// Reads live rows that nobody else may change.
    pub lock: Locked,
    /// Reads rows, live or not, that nobody else may change; others may read them so as well.
    pub hold: Locked,
    /// Inserts a row.
    pub insert: Arc<Text>,
    /// Deletes a row by id, `$1`.
    pub delete: Scoped<Arc<Text>>,
    /// References to what is in another database.
    pub outward: Vec<Outward>,
    /// References to its rows from another database.
    pub inward: Vec<Inward>,
    /// Names of unique indexes and constraints to the codes of their keys.
    pub codes: BTreeMap<String, String>,
}

/// How the rows of the ids in `$1` are locked, in their order, and read.
#[derive(Debug)]
pub(crate) struct Locked {
    /// Locks rows and reads nothing else of them, where they have parts: those are read afterwards,
    /// since a statement that waited for a lock sees nothing new but the row that it waited for.
    pub first: Option<Scoped<Arc<Text>>>,
    /// Reads the rows, and locks them where that was not done before.
    pub then: Scoped<Arc<Text>>,
}

impl Locked {
    /// Statements that are held to a tenant by `own`, for rows of which `live` is true.
    fn new((table, select): (&str, &str), own: &str, live: &str, lock: &str, parts: bool) -> Self {
        let scoped = |write: &dyn Fn(&str) -> String| Scoped::new(own, |own| Text::new(write(own)));
        let chosen = format!("= ANY($1){live}");
        let order = format!("ORDER BY self.\"id\"{lock}");
        let apart = parts && !lock.is_empty();
        let first = |own: &str| {
            format!("SELECT 1 FROM {table} AS self WHERE self.\"id\" {chosen}{own} {order}")
        };
        let order = if apart { "" } else { order.as_str() };
        Self {
            first: apart.then(|| scoped(&first)),
            then: scoped(&|own| format!("{select}self.\"id\" {chosen}{own} {order}")),
        }
    }
}

/// `$FIRST, ..` for so many parameters.
fn parameters(first: usize, count: usize) -> String {
    (first..first + count).map(|at| format!("${at}")).collect::<Vec<_>>().join(", ")
}

fn name(schema: &str, name: &str) -> String {
    // Whose schema it is says the transaction.
    let schema = if schema == EVERYBODY { "" } else { schema };
    TableName { schema: schema.into(), name: name.into() }.sql(Dialect::PostgreSql)
}

fn wires(columns: &Columns) -> Vec<Wire> {
    let of = |field: &runtime::store::tables::Field| {
        let own = columns.all.get(field.columns.clone()).unwrap_or_default();
        own.iter().map(|column| Wire::of_column(column.encoding, &field.ty)).collect::<Vec<_>>()
    };
    columns.fields.iter().flat_map(of).collect()
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
        let wires = wires(&columns);
        let table = name(&owner.schema, &part.name);
        let insert = if wires.is_empty() {
            format!(
                "INSERT INTO {table} (\"owner_id\", \"position\") \
                 SELECT $1, at - 1 FROM generate_series(1, $2) AS at"
            )
        } else {
            let arrays = wires.iter().enumerate();
            let arrays = arrays.map(|(at, wire)| format!("${}::{}[]", at + 2, wire.name()));
            let names: Vec<String> = (0..wires.len()).map(|at| format!("c{at}")).collect();
            format!(
                "INSERT INTO {table} (\"owner_id\", \"position\", {}) SELECT $1, at - 1, {} \
                 FROM unnest({}) WITH ORDINALITY AS rows ({}, at)",
                columns.list(""),
                names.join(", "),
                arrays.collect::<Vec<_>>().join(", "),
                names.join(", "),
            )
        };
        Self {
            insert: Text::new(insert),
            delete: Scoped::new(&own(pooled, "", tenants::CURRENT), |own| {
                Text::new(format!("DELETE FROM {table} WHERE \"owner_id\" = $1{own}"))
            }),
            columns: Arc::new(columns),
            wires,
            table,
        }
    }

    /// The rows of `self` as an array of records.
    fn array(&self, table: &str) -> String {
        format!(
            "ARRAY(SELECT ROW({}) FROM {table} AS part WHERE part.\"owner_id\" = self.\"id\" \
             ORDER BY part.\"position\")",
            self.columns.list("part.")
        )
    }
}

/// By which transactions a caller's link and the row that it leads to were written: whoever changes
/// one of them, by whatever way, does it by another.
const WRITTEN: &str = "link.xmin AS of_link, self.xmin AS of_row";

/// A caller's link, and the row that it leads to.
fn linked(list: &str, table: &str, id: &str, own: &str) -> String {
    format!(
        "SELECT {list} FROM firmitas.subjects AS link \
         LEFT JOIN {table} AS self ON self.{id} = link.row{own} \
         WHERE link.subject = $1 AND link.issuer = $2 AND link.entity = $3 \
         AND ($4::uuid IS NULL OR link.tenant = $4) ORDER BY link.tenant LIMIT 1"
    )
}

/// A statement that is refused where a caller's link or row is not what it was.
fn still_linked(table: &str, id: &str, own: &str) -> String {
    let now = linked(WRITTEN, table, id, own);
    failure::one_found(&format!("({now}) AS found WHERE of_link = $5 AND of_row = $6"))
}

/// What locks rows. Those that nobody may change stay as they are, and nobody may lock them either:
/// that needs the right to change them.
fn locks(design: &Design, entity: EntityId) -> [&'static str; 2] {
    let entity = design.model.entities.get(entity.0 as usize);
    let fixed = entity.is_some_and(|entity| entity.append_only);
    if fixed { [""; 2] } else { [" FOR UPDATE OF self", " FOR SHARE OF self"] }
}

impl Plan {
    fn new(design: &Design, table: &Table) -> Self {
        let schema = &design.model.schema;
        let shape = schema.entity(table.entity);
        let stored = sealed::stored(&design.model, table.entity);
        let columns = Columns::new(&stored, &table.columns, schema);
        let deleted_at = deleted_at(design, table, &columns);
        let live = deleted_at
            .as_ref()
            .map_or_else(String::new, |column| format!(" AND self.{column} IS NULL"));
        let pooled = tenancy::pooled(design, table.entity);
        let own_table = name(&table.schema, &table.name);
        let mine = own(pooled, "self.", tenants::CURRENT);
        let scoped =
            |write: &dyn Fn(&str) -> String| Scoped::new(&mine, |own| Text::new(write(own)));
        let parts = parts(design, table, pooled);
        let id = columns.all.first().map_or_else(|| quoted("id"), |column| column.name.clone());
        let arrays = parts.iter().map(|(part, table)| format!(", {}", part.array(table)));
        let list = columns.list("self.") + &arrays.collect::<String>();
        let select = format!("SELECT {list} FROM {own_table} AS self WHERE ");
        let by_ids = |own: &str| format!("{select}self.{id} = ANY($1){live}{own}");
        let [lock, hold] = locks(design, table.entity);
        let locked = |live: &str, lock: &str| {
            Locked::new((&own_table, &select), &mine, live, lock, !parts.is_empty())
        };
        Self {
            entity: table.entity,
            qualified: format!("{}.{}", shape.context, shape.name).into(),
            search: !table.search.is_empty(),
            by_id: scoped(&|own| format!("{select}self.{id} = $1{live}{own}")),
            by_any_id: scoped(&|own| format!("{select}self.{id} = $1{own}")),
            linked: scoped(&|own| {
                let list = format!("link.row, link.tenant, {list}, {WRITTEN}");
                linked(&list, &own_table, &id, own)
            }),
            still_linked: scoped(&|own| still_linked(&own_table, &id, own)),
            lock: locked(&live, lock),
            hold: locked("", hold),
            by_ids: scoped(&by_ids),
            insert: Text::new(format!(
                "INSERT INTO {own_table} ({}) VALUES ({})",
                columns.list(""),
                parameters(1, columns.all.len())
            )),
            own: Scoped::new(&own(pooled, "", tenants::CURRENT), str::to_owned),
            delete: Scoped::new(&own(pooled, "", tenants::CURRENT), |own| {
                let delete = format!("DELETE FROM {own_table} WHERE {id} = $1{own}");
                Text::new(failure::exactly_one(&delete))
            }),
            codes: codes(design, table),
            outward: Vec::new(),
            inward: Vec::new(),
            wires: wires(&columns),
            parts: parts.into_iter().map(|(part, _)| part).collect(),
            table: own_table.clone(),
            id: id.clone(),
            columns: Arc::new(columns),
            live: Scoped::new(&mine, |own| format!("{live}{own}")),
            exclusive: exclusive::keys(&design.model, table.entity),
            pooled,
            deleted_at,
            select: select.clone(),
            folded: emit::sql::folding::fields(design, table, &stored),
        }
    }
}

/// The column that marks rows as deleted, where they stay.
fn deleted_at(design: &Design, table: &Table, columns: &Columns) -> Option<String> {
    let entity = design.model.entities.get(table.entity.0 as usize)?;
    let column = columns.of(entity.built_in(BuiltIn::DeletedAt)?).first()?;
    Some(column.name.clone())
}

/// The parts of an entity, each with its table.
fn parts(design: &Design, table: &Table, pooled: bool) -> Vec<(Part, String)> {
    let part = |(at, to): (usize, &PartTable)| {
        let stored = sealed::stored_part(&design.model, table.entity, at);
        let part = Part::new(&design.model.schema, &stored, table, to, pooled);
        (part, name(&table.schema, &to.name))
    };
    (0..).zip(&table.parts).map(part).collect()
}

/// What PostgreSQL names when a key is violated, with the code that the model gives the key.
fn codes(design: &Design, table: &Table) -> BTreeMap<String, String> {
    let unique =
        table.indexes.iter().filter_map(|index| Some((&index.name, index.unique.as_ref()?)));
    let unique = unique.map(|(name, code)| (name.clone(), code.clone()));
    let entity = design.model.entities.get(table.entity.0 as usize);
    let exclusive = entity.into_iter().flat_map(|entity| &entity.exclusive).map(|key| {
        let code = &key.code.value;
        (emit::sql::exclusion(table, code), code.clone())
    });
    let whole = unique.chain(exclusive);
    whole.map(|(name, code)| (known_as(&name).to_owned(), code)).collect()
}

/// What PostgreSQL makes of a name: its first 63 bytes.
fn known_as(name: &str) -> &str {
    name.get(..name.floor_char_boundary(63)).unwrap_or(name)
}

/// The plan of every table; positions are entity ids.
pub(crate) fn plans(design: &Design) -> Vec<Plan> {
    let mut plans: Vec<Plan> = design.tables.iter().map(|table| Plan::new(design, table)).collect();
    references(design, &mut plans);
    plans
}

impl Plan {
    /// Whether a field may be null.
    pub fn is_optional(&self, field: FieldIndex) -> bool {
        let field = self.columns.fields.get(usize::from(field.0));
        field.is_some_and(|field| field.ty.is_optional())
    }

    /// The columns of a field, with how they travel.
    pub fn columns_of(&self, field: FieldIndex) -> impl Iterator<Item = (&Column, Wire)> {
        let range =
            self.columns.fields.get(usize::from(field.0)).map(|field| field.columns.clone());
        let range = range.unwrap_or_default();
        let columns = self.columns.all.get(range.clone()).unwrap_or_default();
        columns.iter().zip(self.wires.get(range).unwrap_or_default().iter().copied())
    }

    /// The same in the order in which rows are sorted by them.
    pub fn sorted(&self, field: FieldIndex) -> impl Iterator<Item = (&Column, Wire)> {
        let (first, second) =
            self.columns_of(field).partition::<Vec<_>, _>(|(of, _)| of.encoding.leads());
        first.into_iter().chain(second)
    }
}
