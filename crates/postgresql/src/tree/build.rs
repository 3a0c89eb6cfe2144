//! The statement of a tree.

use std::sync::Arc;

use expression::FieldIndex;
use runtime::store::keyset::Nulls;
use runtime::store::tables::{Column, Columns};
use runtime::store::tenants::own;
use runtime::store::{Level, PageQuery, PartLevel, Reference, Root, StoreError, Tenant, TreeQuery};

use crate::catalog::Catalog;
use crate::page::{Clause, Phase, all_of, all_values, base, over};
use crate::plan::Plan;
use crate::tenants;
use crate::text::Text;
use crate::wire::{self, Bind};

/// The rows of the root.
const ROOT: &str = "\"root\"";

/// What a record holds, in this order: an id, fields, records of rows that references name, arrays
/// of records of parts.
#[derive(Debug)]
pub(super) struct Shape {
    pub columns: Arc<Columns>,
    /// Rows of parts have no id of their own.
    pub id: bool,
    pub fields: Vec<FieldIndex>,
    pub references: Vec<Self>,
    pub parts: Vec<Self>,
}

/// A statement as it grows.
struct Builder<'c> {
    catalog: &'c Catalog,
    query: &'c TreeQuery,
    tenant: Tenant,
    clause: Clause,
    aliases: usize,
    /// The doors whose values were bound, in this order.
    bound: Vec<usize>,
}

/// A statement of a tree, without values.
#[derive(Debug)]
pub(super) struct Statement {
    pub text: Arc<Text>,
    /// Of its rows.
    pub shape: Shape,
    /// The doors whose values are bound, in this order, behind those of the root.
    bound: Vec<usize>,
}

/// The statement of a question, with what it binds.
pub(super) fn statement(
    catalog: &Catalog,
    tenant: Tenant,
    query: &TreeQuery,
) -> Result<(Arc<Statement>, Vec<Bind>), StoreError> {
    let kind = query.kind(tenant == Tenant::All);
    let known = kind.as_ref().and_then(|kind| query.shape.kept::<Statement>(kind));
    if let Some(known) = known {
        let binds = binds(catalog, query, &known)?;
        return Ok((known, binds));
    }
    let (clause, bound) = (Clause::default(), Vec::new());
    let mut builder = Builder { catalog, query, tenant, clause, aliases: 0, bound };
    let (root, order) = builder.root(query)?;
    let (list, shape) = builder.level(query.level(), ROOT)?;
    let sql = format!("SELECT {} FROM ({root}) AS {ROOT}{order}", list.join(", "));
    let Builder { clause, bound, .. } = builder;
    let text = catalog.texts.get(&sql);
    let statement = Arc::new(Statement { text, shape, bound });
    if let Some(kind) = kind {
        query.shape.keep(kind, statement.clone());
    }
    Ok((statement, clause.binds))
}

/// What a known statement binds: the same values in the same order as when it was written.
fn binds(
    catalog: &Catalog,
    query: &TreeQuery,
    statement: &Statement,
) -> Result<Vec<Bind>, StoreError> {
    let entity = query.level().entity;
    let mut clause = Clause::default();
    if let Root::Row { field, value, conditions } = &query.root {
        for (column, wire) in catalog.plan(entity)?.columns_of(*field) {
            clause.binds.push(wire::encode(value, column.encoding, wire, &column.name)?);
        }
        all_values(catalog, conditions, &mut clause)?;
    }
    for door in &statement.bound {
        let conditions = query.doors.get(*door).map(Vec::as_slice).unwrap_or_default();
        all_values(catalog, conditions, &mut clause)?;
    }
    Ok(clause.binds)
}

impl<'c> Builder<'c> {
    fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("r{}", self.aliases)
    }

    /// The text that selects the rows of the root, and what has to follow the whole.
    fn root(&mut self, query: &TreeQuery) -> Result<(String, String), StoreError> {
        let plan = self.catalog.plan(query.level().entity)?;
        let sort = match &query.root {
            Root::Page(page) => page.sort.as_slice(),
            Root::Row { .. } | Root::Rows { .. } => &[],
        };
        let list = needed(plan, query.level(), sort.iter().map(|sort| sort.field));
        let select = format!("SELECT {list} FROM {} AS self WHERE ", plan.table);
        let live = plan.live.of(self.tenant);
        match &query.root {
            Root::Row { field, value, conditions } => {
                let mut tests = Vec::new();
                for (column, wire) in plan.columns_of(*field) {
                    let value = wire::encode(value, column.encoding, wire, &column.name)?;
                    tests.push(format!("self.{} = {}", column.name, self.clause.bind(value)));
                }
                all_of(self.catalog, self.tenant, plan.entity, conditions, &mut self.clause)?;
                let tests = tests.join(" AND ");
                Ok((format!("{select}{tests}{live}{} LIMIT 1", self.clause.sql), String::new()))
            }
            Root::Rows { ids, conditions } => {
                let ids = self.clause.bind(Bind::ids(ids.iter().copied()));
                all_of(self.catalog, self.tenant, plan.entity, conditions, &mut self.clause)?;
                let sql = &self.clause.sql;
                Ok((format!("{select}self.{} = ANY({ids}){live}{sql}", plan.id), String::new()))
            }
            Root::Page(page) => self.page(plan, page, &select),
        }
    }

    fn page(
        &mut self,
        plan: &Plan,
        page: &PageQuery,
        select: &str,
    ) -> Result<(String, String), StoreError> {
        self.clause = base(self.catalog, self.tenant, plan, page)?;
        let common = self.clause.sql.clone();
        // One row more than asked for tells whether more follow.
        let limit = page.limit as usize + 1;
        let mut all = Vec::new();
        for &nulls in Nulls::phases(&plan.columns, page) {
            self.clause.sql.clone_from(&common);
            let (sort, tenant) = (page.sort.as_slice(), self.tenant);
            let (near, after) = (page.near.as_ref(), nulls.after(page));
            let phase = Phase { sort, near, nulls, after, limit, tenant };
            all.push(phase.sql(plan, select, &mut self.clause)?);
        }
        if let [only] = all.as_slice() {
            return Ok((only.clone(), String::new()));
        }
        // Nothing says in which order rows of both come.
        let sorted = page.sort.iter().flat_map(|sort| {
            let direction = if sort.descending { " DESC" } else { "" };
            let by =
                move |column: &Column| format!("{ROOT}.{}{direction} NULLS LAST, ", column.name);
            plan.columns.sorted(sort.field).map(by)
        });
        let order = sorted.collect::<String>() + &format!("{ROOT}.{}", plan.id);
        let each = |phase: &String| format!("({phase})");
        let all: Vec<String> = all.iter().map(each).collect();
        Ok((all.join(" UNION ALL "), format!(" ORDER BY {order} LIMIT {limit}")))
    }

    /// What is asked of the row that `alias` stands for.
    fn level(&mut self, level: &Level, alias: &str) -> Result<(Vec<String>, Shape), StoreError> {
        let plan = self.catalog.plan(level.entity)?;
        let columns = plan.columns.clone();
        let mut list = vec![format!("{alias}.{}", plan.id)];
        fields(&columns, &level.fields, alias, &mut list);
        let references = self.references(&level.references, &columns, alias, &mut list)?;
        let mut parts = Vec::with_capacity(level.parts.len());
        for part in &level.parts {
            let (array, shape) = self.part(plan, part, alias)?;
            list.push(array);
            parts.push(shape);
        }
        Ok((list, Shape { columns, id: true, fields: level.fields.clone(), references, parts }))
    }

    fn references(
        &mut self,
        references: &[Reference],
        columns: &Columns,
        alias: &str,
        list: &mut Vec<String>,
    ) -> Result<Vec<Shape>, StoreError> {
        let mut shapes = Vec::with_capacity(references.len());
        for reference in references {
            let column = columns.of(reference.field).first();
            let column = column.ok_or_else(|| internal("a reference without a column"))?;
            let (record, shape) = self.named(reference, &format!("{alias}.{}", column.name))?;
            list.push(record);
            shapes.push(shape);
        }
        Ok(shapes)
    }

    /// The row that a reference names, as a record; null where there is none for whoever asks.
    fn named(
        &mut self,
        reference: &Reference,
        column: &str,
    ) -> Result<(String, Shape), StoreError> {
        let target = self.catalog.plan(reference.level.entity)?;
        let alias = self.alias();
        let live = target.deleted_at.as_ref();
        let live = live.map_or_else(String::new, |at| format!(" AND {alias}.{at} IS NULL"));
        let pooled = target.pooled && self.tenant != Tenant::All;
        let mine = own(pooled, &format!("{alias}."), tenants::CURRENT);
        let row = (target.entity, alias.as_str());
        let conditions = self.query.door(reference)?;
        self.bound.push(reference.door);
        let tests = over(self.catalog, self.tenant, row, conditions, &mut self.clause)?;
        let (list, shape) = self.level(&reference.level, &alias)?;
        let record = format!(
            "(SELECT ROW({}) FROM {} AS {alias} WHERE {alias}.{} = {column}{live}{mine}{tests})",
            list.join(", "),
            target.table,
            target.id
        );
        Ok((record, shape))
    }

    /// The rows of a part of the row that `owner` stands for, as an array of records.
    fn part(
        &mut self,
        plan: &'c Plan,
        level: &PartLevel,
        owner: &str,
    ) -> Result<(String, Shape), StoreError> {
        let part = plan.parts.get(usize::from(level.part));
        let part = part.ok_or_else(|| internal("a part that its entity does not have"))?;
        let alias = self.alias();
        let columns = part.columns.clone();
        let mut list = Vec::new();
        fields(&columns, &level.fields, &alias, &mut list);
        let references = self.references(&level.references, &columns, &alias, &mut list)?;
        let array = format!(
            "ARRAY(SELECT ROW({}) FROM {} AS {alias} WHERE {alias}.\"owner_id\" = {owner}.{} \
             ORDER BY {alias}.\"position\")",
            list.join(", "),
            part.table,
            plan.id
        );
        let fields = level.fields.clone();
        Ok((array, Shape { columns, id: false, fields, references, parts: Vec::new() }))
    }
}

/// Adds the columns of fields.
fn fields(columns: &Columns, fields: &[FieldIndex], alias: &str, list: &mut Vec<String>) {
    let all = fields.iter().flat_map(|field| columns.of(*field));
    list.extend(all.map(|column| format!("{alias}.{}", column.name)));
}

/// The columns of the root's rows that anything reads.
fn needed(plan: &Plan, level: &Level, sort: impl Iterator<Item = FieldIndex>) -> String {
    let references = level.references.iter().map(|reference| reference.field);
    let mut names = vec![plan.id.as_str()];
    for field in level.fields.iter().copied().chain(references).chain(sort) {
        for column in plan.columns.of(field) {
            if !names.contains(&column.name.as_str()) {
                names.push(&column.name);
            }
        }
    }
    names.into_iter().map(|name| format!("self.{name}")).collect::<Vec<_>>().join(", ")
}

fn internal(message: &str) -> StoreError {
    StoreError::Internal { message: message.to_owned() }
}
