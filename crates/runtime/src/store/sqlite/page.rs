//! Pages: conditions, filters, search, distance and the place to start, as one statement.
//!
//! The text is put together from pieces that are compiled once; the statement behind each text is
//! kept prepared. A page that is sorted by a field which may be null takes two statements, rows
//! with a value and then rows without, so that both follow an index.

use std::sync::Arc;

use expression::sql::{DISTANCE, SqlValue};
use expression::value::Geo;
use expression::{EntityId, Value};

use super::codec::{self, Bind};
use super::plan::{Column, Plan};
use super::search;
use super::session::Session;
use crate::store::area::Area;
use crate::store::keyset::{Key, Nulls, nearest, start_behind};
use crate::store::membership::{Membership, members};
use crate::store::tables::Equality;
use crate::store::{
    Bound, Comparison, Condition, Cursor, Filter, Near, PAGE_BYTES, Page, PageQuery, Sort,
    StoreError, Tenant,
};

/// A `WHERE` as it grows, with what it binds.
#[derive(Debug, Default)]
pub(super) struct Clause {
    pub sql: String,
    pub binds: Vec<Bind>,
}

impl Clause {
    pub fn and(&mut self, condition: &str) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
    }

    /// Binds a value and returns how the text calls it.
    pub fn bind(&mut self, value: Bind) -> String {
        self.binds.push(value);
        format!("?{}", self.binds.len())
    }
}

/// Some rows of a page, in their order.
#[derive(Debug)]
pub(super) struct Phase<'q> {
    pub sort: &'q [Sort],
    /// By the distance from where rows are sorted by its field.
    pub near: Option<&'q Near>,
    pub nulls: Nulls,
    pub after: Option<&'q Cursor>,
    pub limit: usize,
    pub tenant: Tenant,
}

impl Phase<'_> {
    /// The statement that selects a list of columns of these rows, of those that a clause is about.
    pub fn sql(&self, plan: &Plan, list: &str, clause: &mut Clause) -> Result<String, StoreError> {
        let mut order = String::new();
        for (at, sort) in self.sort.iter().enumerate() {
            let Some(Column { name, .. }) = plan.columns.of(sort.field).first() else { continue };
            match (at, self.nulls) {
                (0, Nulls::Only) => {
                    clause.and(&format!("self.{name} IS NULL"));
                    continue;
                }
                (0, Nulls::Without) => clause.and(&format!("self.{name} IS NOT NULL")),
                _ => {}
            }
            // Nulls are less than anything; the first field has none here.
            let direction = match sort.descending {
                true => " DESC",
                false if at > 0 => " NULLS LAST",
                false => "",
            };
            if let Some(near) = nearest(sort, self.near) {
                order.push_str(&format!("{}{direction}, ", distance(plan, near, clause)?));
                continue;
            }
            for Column { name, .. } in plan.columns.sorted(sort.field) {
                order.push_str(&format!("self.{name}{direction}, "));
            }
        }
        order.push_str("self.\"id\"");
        if let Some(after) = self.after {
            self.start_after(plan, after, clause)?;
        }
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        let limit = clause.bind(Bind(SqlValue::Integer(limit)));
        Ok(format!(
            "SELECT {list} FROM {} AS self WHERE 1{}{} ORDER BY {order} LIMIT {limit}",
            plan.table,
            plan.live.of(self.tenant),
            clause.sql,
        ))
    }
}

impl Phase<'_> {
    /// Keyset pagination: rows behind the cursor in the order of the page.
    fn start_after(
        &self,
        plan: &Plan,
        after: &Cursor,
        clause: &mut Clause,
    ) -> Result<(), StoreError> {
        let skipped = usize::from(self.nulls == Nulls::Only);
        let mut keys = Vec::with_capacity(self.sort.len());
        for (at, (sort, value)) in self.sort.iter().zip(&after.values).enumerate().skip(skipped) {
            let descending = sort.descending;
            if let Some(near) = nearest(sort, self.near) {
                let column = distance(plan, near, clause)?;
                let value = Some(distance_of(value, near, clause)?);
                keys.push(Key { column, value, descending, optional: false });
                continue;
            }
            let field = plan.columns.fields.get(usize::from(sort.field.0));
            for column in plan.columns.sorted(sort.field) {
                let encoded = codec::encode_as(value, column.encoding, &column.name)?;
                keys.push(Key {
                    column: format!("self.{}", column.name),
                    value: (!value.is_null()).then(|| clause.bind(encoded)),
                    descending,
                    optional: at > 0 && field.is_some_and(|field| field.ty.is_optional()),
                });
            }
        }
        let id = clause.bind(Bind::id(after.id));
        clause.and(&start_behind(&keys, ("self.\"id\"", &id)));
        Ok(())
    }
}

/// How far the place of a row is from where.
fn distance(plan: &Plan, near: &Near, clause: &mut Clause) -> Result<String, StoreError> {
    let [latitude, longitude] = plan.columns.of(near.field) else { return Err(no_place()) };
    let row = (&*format!("self.{}", latitude.name), &*format!("self.{}", longitude.name));
    Ok(distance_from(row, near, clause))
}

/// How far the place of the last row of the page before is from where: computed by the same
/// function as that of the rows, so that both are the same number.
fn distance_of(place: &Value, near: &Near, clause: &mut Clause) -> Result<String, StoreError> {
    let Value::Geo(Geo { latitude, longitude }) = *place else { return Err(no_place()) };
    let (latitude, longitude) = (real(clause, latitude), real(clause, longitude));
    Ok(distance_from((&latitude, &longitude), near, clause))
}

fn distance_from(place: (&str, &str), near: &Near, clause: &mut Clause) -> String {
    let (latitude, longitude) = (real(clause, near.latitude), real(clause, near.longitude));
    format!("{DISTANCE}({}, {}, {latitude}, {longitude})", place.0, place.1)
}

fn real(clause: &mut Clause, number: f64) -> String {
    clause.bind(Bind(SqlValue::Real(number)))
}

fn no_place() -> StoreError {
    StoreError::Internal { message: "`near` needs a geo field".to_owned() }
}

impl Session {
    /// Whether the row exists and all conditions hold for it.
    pub(super) fn satisfies(
        &mut self,
        entity: EntityId,
        id: u128,
        conditions: &[Condition],
    ) -> Result<bool, StoreError> {
        let mut clause = Clause { sql: String::new(), binds: vec![Bind::id(id)] };
        self.conditions(entity, conditions, &mut clause)?;
        let plan = self.plan(entity)?;
        let sql = format!(
            "SELECT 1 FROM {} AS self WHERE self.\"id\" = ?1{}{}",
            plan.table,
            plan.live.of(self.terms.tenant),
            clause.sql
        );
        Ok(self.prepare(&sql)?.exists(rusqlite::params_from_iter(&clause.binds))?)
    }

    /// The answer to a question about all rows of an entity.
    pub(super) fn ask(&mut self, question: &Bound) -> Result<Option<i64>, StoreError> {
        let mut clause = Clause::default();
        let sql = self.alternative(question.predicate.entity, question, &mut clause)?;
        let mut statement = self.prepare(&format!("SELECT {sql}"))?;
        Ok(statement.query_row(rusqlite::params_from_iter(&clause.binds), |row| row.get(0))?)
    }

    /// One page of rows.
    pub(super) fn page(&mut self, query: &PageQuery) -> Result<Page, StoreError> {
        let base = self.base(query)?;
        let plan = self.plan(query.entity)?;
        // One row more than asked for tells whether more follow.
        let wanted = query.limit as usize + 1;
        let (mut rows, mut left, mut more) = (Vec::new(), PAGE_BYTES, false);
        for &nulls in Nulls::phases(&plan.columns, query) {
            let (sort, tenant) = (query.sort.as_slice(), self.terms.tenant);
            let limit = wanted - rows.len();
            let (near, after) = (query.near.as_ref(), nulls.after(query));
            let phase = Phase { sort, near, nulls, after, limit, tenant };
            let mut clause = Clause { sql: base.sql.clone(), binds: base.binds.clone() };
            let sql = phase.sql(plan, &plan.columns.list("self."), &mut clause)?;
            let (found, cut) = self.many_for(plan, &sql, &clause.binds, &mut left)?;
            rows.extend(found);
            more |= cut;
            if more || rows.len() >= wanted {
                break;
            }
        }
        more |= rows.len() >= wanted;
        rows.truncate(query.limit as usize);
        Ok(Page { rows, more })
    }

    /// How many rows there are of all pages, up to so many.
    pub(super) fn count(&mut self, query: &PageQuery, most: u32) -> Result<u32, StoreError> {
        let mut clause = self.base(query)?;
        let plan = self.plan(query.entity)?;
        let limit = clause.bind(Bind(SqlValue::Integer(most.into())));
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {} AS self WHERE 1{}{} LIMIT {limit})",
            plan.table,
            plan.live.of(self.terms.tenant),
            clause.sql
        );
        let mut statement = self.prepare(&sql)?;
        Ok(statement.query_row(rusqlite::params_from_iter(&clause.binds), |row| row.get(0))?)
    }

    /// Which rows a page is among: conditions, filters, search and distance.
    pub(super) fn base(&mut self, query: &PageQuery) -> Result<Clause, StoreError> {
        let mut base = Clause::default();
        self.conditions(query.entity, &query.conditions, &mut base)?;
        let plan = self.plan(query.entity)?;
        for filter in &query.filters {
            filter_by(plan, filter, &mut base)?;
        }
        if let Some(near) = &query.near {
            near_by(plan, near, &mut base)?;
        }
        if let Some(text) = &query.search {
            search_for(plan, text, &mut base)?;
        }
        Ok(base)
    }

    /// All conditions, each as its alternatives.
    pub(super) fn conditions(
        &mut self,
        entity: EntityId,
        conditions: &[Condition],
        clause: &mut Clause,
    ) -> Result<(), StoreError> {
        for condition in conditions {
            let mut alternatives = Vec::with_capacity(condition.any.len());
            for bound in &condition.any {
                alternatives.push(self.alternative(entity, bound, clause)?);
            }
            match alternatives.as_slice() {
                [] => clause.and("0"),
                all => clause.and(&format!("({})", all.join(" OR "))),
            }
        }
        Ok(())
    }

    /// All conditions over a row of another alias than [`super::catalog::ALIAS`].
    pub(super) fn conditions_over(
        &mut self,
        (entity, alias): (EntityId, &str),
        conditions: &[Condition],
        clause: &mut Clause,
    ) -> Result<String, StoreError> {
        let mut sql = String::new();
        for condition in conditions {
            let mut alternatives = Vec::with_capacity(condition.any.len());
            for bound in &condition.any {
                let first = self.bound(entity, bound, clause)?;
                let template = self.catalog.aliased(&bound.predicate, alias, self.terms.tenant)?;
                alternatives.push(format!("({})", template.numbered_from(first)));
            }
            sql.push_str(" AND ");
            match alternatives.as_slice() {
                [] => sql.push('0'),
                all => sql.push_str(&format!("({})", all.join(" OR "))),
            }
        }
        Ok(sql)
    }

    /// Binds the values of a condition; the number of the first.
    fn bound(
        &self,
        entity: EntityId,
        bound: &Bound,
        clause: &mut Clause,
    ) -> Result<usize, StoreError> {
        let registered = self.catalog.registered(&bound.predicate)?;
        if registered.entity != entity || registered.encodings.len() != bound.values.len() {
            let message = "a condition of another entity, or with too few values".to_owned();
            return Err(StoreError::Internal { message });
        }
        if registered.depends_on_tenants() && self.is_apart() && self.everywhere() {
            return Err(StoreError::Apart);
        }
        let first = clause.binds.len() + 1;
        for (value, encoding) in bound.values.iter().zip(&registered.encodings) {
            clause.binds.push(codec::encode_as(value, *encoding, "a condition's parameter")?);
        }
        Ok(first)
    }

    fn alternative(
        &mut self,
        entity: EntityId,
        bound: &Bound,
        clause: &mut Clause,
    ) -> Result<Arc<str>, StoreError> {
        let registered = self.catalog.registered(&bound.predicate)?;
        let first = self.bound(entity, bound, clause)?;
        let everybody = self.everybody();
        let key = (bound.predicate.number, first, everybody);
        if let Some(sql) = self.fragments.get(&key) {
            return Ok(sql.clone());
        }
        let sql: Arc<str> =
            format!("({})", registered.template(self.terms.tenant).numbered_from(first)).into();
        self.fragments.insert(key, sql.clone());
        Ok(sql)
    }
}

fn filter_by(plan: &Plan, filter: &Filter, clause: &mut Clause) -> Result<(), StoreError> {
    let columns = plan.columns.of(filter.field);
    if let Comparison::AnyOf | Comparison::NoneOf = filter.comparison {
        let ty = plan.columns.fields.get(usize::from(filter.field.0)).map(|field| &field.ty);
        if ty.is_some_and(|ty| ty.held().is_some()) && !members(&filter.value).0.is_empty() {
            return held(plan, filter, clause);
        }
        return member_of(plan, columns, filter, clause);
    }
    if filter.value.is_null() {
        // Nothing is greater or less than null.
        match (columns.first(), filter.comparison) {
            (Some(column), Comparison::Equal) => {
                clause.and(&format!("self.{} IS NULL", column.name))
            }
            _ => clause.and("0"),
        }
        return Ok(());
    }
    let operator = match filter.comparison {
        Comparison::Equal | Comparison::AnyOf | Comparison::NoneOf => "=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
    };
    let folded = if filter.comparison == Comparison::Equal { &plan.folded[..] } else { &[] };
    let equality = Equality::new(folded, filter.field, &filter.value);
    for (at, column) in columns.iter().enumerate() {
        let value = clause.bind(codec::encode_as(&equality.value, column.encoding, &column.name)?);
        // Amounts compare within one currency.
        let operator = if at == 0 { operator } else { "=" };
        clause.and(&format!("{} {operator} {value}", equality.column(&column.name)));
    }
    Ok(())
}

/// Lists that hold one of some values, or none of them.
fn held(plan: &Plan, filter: &Filter, clause: &mut Clause) -> Result<(), StoreError> {
    let Some(column) = plan.columns.of(filter.field).first() else { return Ok(()) };
    let mut any = Vec::new();
    for value in members(&filter.value).0 {
        let list = Value::List([value.clone()].into());
        let bound = clause.bind(codec::encode_as(&list, column.encoding, &column.name)?);
        any.push(format!("json_extract({bound}, '$[0]')"));
    }
    let not = if filter.comparison == Comparison::NoneOf { "NOT " } else { "" };
    clause.and(&format!(
        "{not}EXISTS (SELECT 1 FROM json_each(self.{}) AS item WHERE item.value IN ({}))",
        column.name,
        any.join(", ")
    ));
    Ok(())
}

/// Among some values, or not.
fn member_of(
    plan: &Plan,
    columns: &[Column],
    filter: &Filter,
    clause: &mut Clause,
) -> Result<(), StoreError> {
    let (values, null) = members(&filter.value);
    let mut membership =
        Membership::new(columns.iter().map(|of| format!("self.{}", of.name)), null);
    for value in values {
        let equality = Equality::new(&plan.folded, filter.field, value);
        let bind = |column: &Column| {
            let value = codec::encode_as(&equality.value, column.encoding, &column.name)?;
            Ok::<_, StoreError>((equality.column(&column.name), clause.bind(value)))
        };
        membership.push(columns.iter().map(bind).collect::<Result<_, _>>()?);
    }
    clause.and(&membership.sql(filter.comparison));
    Ok(())
}

fn search_for(plan: &Plan, text: &str, clause: &mut Clause) -> Result<(), StoreError> {
    let Some(index) = &plan.search else {
        return Err(StoreError::Unsupported {
            message: format!("{} has no full-text search", plan.qualified),
        });
    };
    match search::words(text) {
        Some(words) => {
            let words = clause.bind(Bind(SqlValue::Text(words.into())));
            clause.and(&format!(
                "self.rowid IN (SELECT rowid FROM {index} WHERE {index} MATCH {words})"
            ));
        }
        None => clause.and("0"),
    }
    Ok(())
}

/// A box that an index can find, then the exact distance.
fn near_by(plan: &Plan, near: &Near, clause: &mut Clause) -> Result<(), StoreError> {
    let [latitude, longitude] = plan.columns.of(near.field) else { return Err(no_place()) };
    let (latitude, longitude) = (&latitude.name, &longitude.name);
    let area = Area::around(near);
    let (south, north) = (real(clause, area.south), real(clause, area.north));
    clause.and(&format!("self.{latitude} BETWEEN {south} AND {north}"));
    let within = |clause: &mut Clause, (west, east): (f64, f64)| {
        let (west, east) = (real(clause, west), real(clause, east));
        format!("self.{longitude} BETWEEN {west} AND {east}")
    };
    let bands = area.bands.iter().map(|band| within(clause, *band)).collect::<Vec<_>>();
    if !bands.is_empty() {
        clause.and(&format!("({})", bands.join(" OR ")));
    }
    let (distance, most) = (distance(plan, near, clause)?, real(clause, near.within));
    clause.and(&format!("{distance} <= {most}"));
    Ok(())
}
