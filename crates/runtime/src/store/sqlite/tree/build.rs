//! The statement of a tree.

use crate::store::{Level, PartLevel, Reference, Root, StoreError, TreeQuery};
use expression::{EntityId, FieldIndex};

use super::super::catalog::Catalog;
use super::super::codec::{self, Bind};
use super::super::page::{Clause, Phase};
use super::super::plan::{Column, Columns, Plan};
use super::super::session::Session;
use super::super::tenants;
use crate::store::keyset::Nulls;
use crate::store::tenants::own;

/// The rows of the root, which the rest of the statement is about.
const ROOT: &str = "\"root\"";

/// Where the values of a row are among the columns of its `SELECT`.
#[derive(Debug)]
pub(super) struct Shape<'c> {
    /// How they are stored.
    pub columns: &'c Columns,
    /// The column of the id; rows of a part have none.
    pub id: Option<usize>,
    /// Fields, each with the first of its columns.
    pub fields: Vec<(FieldIndex, usize)>,
    /// Of the rows that references name.
    pub references: Vec<Self>,
    /// The `SELECT`s that hold the rows of its parts.
    pub parts: Vec<usize>,
}

/// All `SELECT`s of a statement; the first is that of the root. Each row says first of which it is,
/// rows of parts then the id of their owner and their position.
#[derive(Debug, Default)]
pub(super) struct Shapes<'c>(pub Vec<Option<Shape<'c>>>);

/// Rows of which something is asked, by a text that can stand behind `SELECT column`.
#[derive(Clone, Debug)]
struct Rows {
    alias: String,
    from: String,
}

/// A statement as it grows.
struct Builder<'s, 'c> {
    session: &'s mut Session,
    query: &'s TreeQuery,
    catalog: &'c Catalog,
    clause: Clause,
    aliases: usize,
    selects: Vec<Select>,
    shapes: Shapes<'c>,
}

/// A `SELECT` as it grows.
#[derive(Debug, Default)]
struct Select {
    columns: Vec<String>,
    from: String,
    end: String,
}

impl Select {
    fn add<'n>(&mut self, alias: &str, columns: impl Iterator<Item = &'n str>) -> usize {
        let start = self.columns.len();
        self.columns.extend(columns.map(|column| format!("{alias}.{column}")));
        start
    }
}

/// The text of the statement, what it binds, and where the values are in its rows.
pub(super) fn statement<'c>(
    session: &mut Session,
    catalog: &'c Catalog,
    query: &TreeQuery,
) -> Result<(String, Vec<Bind>, Shapes<'c>), StoreError> {
    let (clause, shapes) = (Clause::default(), Shapes::default());
    let mut builder =
        Builder { session, query, catalog, clause, aliases: 0, selects: Vec::new(), shapes };
    let root = builder.root(query)?;
    builder.open();
    let mut select = Select { columns: vec!["0".to_owned()], ..Select::default() };
    select.from = format!(" FROM {ROOT}");
    let rows = Rows { alias: ROOT.to_owned(), from: format!("FROM {ROOT}") };
    let shape = builder.level(query.level(), &rows, ROOT, &mut select)?;
    builder.close(0, select, shape);
    let width = builder.selects.iter().map(|select| select.columns.len()).max().unwrap_or(0);
    let text = |select: &Select| {
        let padding = std::iter::repeat_n("NULL".to_owned(), width - select.columns.len());
        let columns: Vec<String> = select.columns.iter().cloned().chain(padding).collect();
        format!("SELECT {}{}{}", columns.join(", "), select.from, select.end)
    };
    let selects: Vec<String> = builder.selects.iter().map(text).collect();
    let sql = format!("WITH {ROOT} AS MATERIALIZED ({root}) {}", selects.join(" UNION ALL "));
    Ok((sql, builder.clause.binds, builder.shapes))
}

impl<'c> Builder<'_, 'c> {
    fn plan(&self, entity: EntityId) -> Result<&'c Plan, StoreError> {
        self.catalog.plan(entity)
    }

    /// A place for a `SELECT`: they have their numbers in the order in which they are opened.
    fn open(&mut self) -> usize {
        self.selects.push(Select::default());
        self.shapes.0.push(None);
        self.selects.len() - 1
    }

    fn close(&mut self, at: usize, select: Select, shape: Shape<'c>) {
        if let (Some(place), Some(known)) = (self.selects.get_mut(at), self.shapes.0.get_mut(at)) {
            *place = select;
            *known = Some(shape);
        }
    }

    fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("\"r{}\"", self.aliases)
    }

    /// Selects the rows of the root, with the columns that the rest of the statement reads.
    fn root(&mut self, query: &TreeQuery) -> Result<String, StoreError> {
        let plan = self.plan(query.level().entity)?;
        let tenant = self.session.terms.tenant;
        let list = needed(plan, query.level());
        let select = format!("SELECT {list} FROM {} AS self WHERE ", plan.table);
        match &query.root {
            Root::Row { field, value, conditions } => {
                let mut tests = Vec::new();
                for column in plan.columns.of(*field) {
                    let value = codec::encode_as(value, column.encoding, &column.name)?;
                    tests.push(format!("self.{} = {}", column.name, self.clause.bind(value)));
                }
                self.session.conditions(plan.entity, conditions, &mut self.clause)?;
                let (tests, sql) = (tests.join(" AND "), std::mem::take(&mut self.clause.sql));
                Ok(format!("{select}{tests}{}{sql} LIMIT 1", plan.live.of(tenant)))
            }
            Root::Rows { ids, conditions } => {
                let ids = self.clause.bind(Bind::ids(ids));
                self.session.conditions(plan.entity, conditions, &mut self.clause)?;
                let sql = std::mem::take(&mut self.clause.sql);
                Ok(format!(
                    "{select}self.\"id\" IN (SELECT unhex(value) FROM json_each({ids})){}{sql}",
                    plan.live.of(tenant)
                ))
            }
            Root::Page(page) => {
                self.clause = self.session.base(page)?;
                let base = self.clause.sql.clone();
                // One row more than asked for tells whether more follow.
                let limit = page.limit as usize + 1;
                let mut all = Vec::new();
                for &nulls in Nulls::phases(&plan.columns, page) {
                    self.clause.sql.clone_from(&base);
                    let (sort, near) = (page.sort.as_slice(), page.near.as_ref());
                    let after = nulls.after(page);
                    let phase = Phase { sort, near, nulls, after, limit, tenant };
                    all.push(phase.sql(plan, &list, &mut self.clause)?);
                }
                self.clause.sql.clear();
                Ok(match all.as_slice() {
                    [only] => only.clone(),
                    all => {
                        let each = |phase: &String| format!("SELECT * FROM ({phase})");
                        let all: Vec<String> = all.iter().map(each).collect();
                        format!("{} LIMIT {limit}", all.join(" UNION ALL "))
                    }
                })
            }
        }
    }

    /// Adds what is asked of the rows that `alias` stands for in a `SELECT`; `rows` are all of them.
    fn level(
        &mut self,
        level: &Level,
        rows: &Rows,
        alias: &str,
        select: &mut Select,
    ) -> Result<Shape<'c>, StoreError> {
        let plan = self.plan(level.entity)?;
        let id = Some(select.add(alias, std::iter::once("\"id\"")));
        let fields = fields(&plan.columns, &level.fields, alias, select);
        let references = self.references(&level.references, &plan.columns, rows, alias, select)?;
        let mut parts = Vec::with_capacity(level.parts.len());
        for part in &level.parts {
            parts.push(self.part(plan, part, rows)?);
        }
        Ok(Shape { columns: &plan.columns, id, fields, references, parts })
    }

    fn references(
        &mut self,
        references: &[Reference],
        columns: &Columns,
        rows: &Rows,
        alias: &str,
        select: &mut Select,
    ) -> Result<Vec<Shape<'c>>, StoreError> {
        let mut shapes = Vec::with_capacity(references.len());
        for reference in references {
            let column = columns.of(reference.field).first().map_or("\"id\"", name);
            let target = self.plan(reference.level.entity)?;
            let joined = self.alias();
            let tests = self.tests(reference, target, &joined)?;
            select.from += &format!(
                " LEFT JOIN {} AS {joined} ON {joined}.\"id\" = {alias}.{column}{tests}",
                target.table
            );
            let rows = if reference.level.reads_parts() {
                self.named(reference, target, column, rows)?
            } else {
                rows.clone()
            };
            shapes.push(self.level(&reference.level, &rows, &joined, select)?);
        }
        Ok(shapes)
    }

    /// What must hold for a row that a reference names.
    fn tests(
        &mut self,
        reference: &Reference,
        target: &Plan,
        alias: &str,
    ) -> Result<String, StoreError> {
        let live = target.deleted_at.as_ref();
        let live = live.map_or_else(String::new, |at| format!(" AND {alias}.{at} IS NULL"));
        let row = (target.entity, alias.trim_matches('"'));
        let tests =
            self.session.conditions_over(row, self.query.door(reference)?, &mut self.clause)?;
        let pooled = target.pooled && !self.session.everybody();
        let mine = own(pooled, &format!("{alias}."), tenants::CURRENT);
        Ok(live + &mine + &tests)
    }

    /// All rows that a reference of all these rows names.
    fn named(
        &mut self,
        reference: &Reference,
        target: &Plan,
        column: &str,
        of: &Rows,
    ) -> Result<Rows, StoreError> {
        let alias = self.alias();
        let tests = self.tests(reference, target, &alias)?;
        let from = format!(
            "FROM {} AS {alias} WHERE {alias}.\"id\" IN (SELECT {}.{column} {}){tests}",
            target.table, of.alias, of.from
        );
        Ok(Rows { alias, from })
    }

    /// Adds the `SELECT` of the rows of a part; its number.
    fn part(&mut self, owner: &'c Plan, level: &PartLevel, of: &Rows) -> Result<usize, StoreError> {
        let Some(part) = owner.parts.get(usize::from(level.part)) else {
            let message = "a part that its entity does not have".to_owned();
            return Err(StoreError::Internal { message });
        };
        let at = self.open();
        let alias = self.alias();
        let owners = format!("IN (SELECT {}.\"id\" {})", of.alias, of.from);
        let columns =
            [at.to_string(), format!("{alias}.\"owner_id\""), format!("{alias}.\"position\"")];
        let mut select = Select {
            columns: columns.to_vec(),
            from: format!(" FROM {} AS {alias}", part.table),
            end: format!(" WHERE {alias}.\"owner_id\" {owners}"),
        };
        let rows = Rows {
            from: format!("FROM {} AS {alias} WHERE {alias}.\"owner_id\" {owners}", part.table),
            alias: alias.clone(),
        };
        let fields = fields(&part.columns, &level.fields, &alias, &mut select);
        let references =
            self.references(&level.references, &part.columns, &rows, &alias, &mut select)?;
        let columns = &part.columns;
        let shape = Shape { columns, id: None, fields, references, parts: Vec::new() };
        self.close(at, select, shape);
        Ok(at)
    }
}

/// Adds the columns of fields; where each begins.
fn fields(
    columns: &Columns,
    fields: &[FieldIndex],
    alias: &str,
    select: &mut Select,
) -> Vec<(FieldIndex, usize)> {
    let add = |field: &FieldIndex| {
        let names = columns.of(*field).iter().map(name);
        (*field, select.add(alias, names))
    };
    fields.iter().map(add).collect()
}

fn name(column: &Column) -> &str {
    &column.name
}

/// The columns of the root's rows that anything reads.
fn needed(plan: &Plan, level: &Level) -> String {
    let references = level.references.iter().map(|reference| reference.field);
    let mut names = vec!["\"id\""];
    for field in level.fields.iter().copied().chain(references) {
        for column in plan.columns.of(field) {
            if !names.contains(&name(column)) {
                names.push(name(column));
            }
        }
    }
    names.into_iter().map(|name| format!("self.{name}")).collect::<Vec<_>>().join(", ")
}

impl Level {
    /// Whether a part is read at this level or below.
    fn reads_parts(&self) -> bool {
        !self.parts.is_empty()
            || self.references.iter().any(|reference| reference.level.reads_parts())
    }
}
