//! Pages: conditions, filters, search, distance and the place to start, as one statement.
//!
//! A page that is sorted by a field which may be null takes two statements, rows with a value and
//! then rows without, so that both follow an index.

use expression::EntityId;
use runtime::store::area::Area;
use runtime::store::membership::{Membership, members};
use runtime::store::tables::{Column, Equality};
use runtime::store::{
    Bound, Comparison, Condition, Cursor, Filter, Near, Page, PageQuery, Sort, StoreError, Tenant,
};

use crate::catalog::Catalog;
use crate::decode;
use crate::order::Order;
use crate::plan::Plan;
use crate::search;
use crate::session::Session;
use crate::wire::{self, Bind, Wire};

/// A `WHERE` as it grows, with what it binds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clause {
    pub sql: String,
    pub binds: Vec<Bind>,
    /// Whether rows are searched for by their words.
    pub searches: bool,
}

impl Clause {
    pub fn and(&mut self, condition: &str) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
    }

    /// Binds a value and returns how the text calls it.
    pub fn bind(&mut self, value: Bind) -> String {
        self.binds.push(value);
        format!("${}", self.binds.len())
    }
}

/// Which rows of a sort by a field that may be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// The field is never null.
    None,
    /// Rows with a value.
    Without,
    /// Rows without one.
    Only,
}

impl Nulls {
    /// Where these rows of a page start.
    pub fn after(self, query: &PageQuery) -> Option<&Cursor> {
        query
            .after
            .as_ref()
            .filter(|after| self == Self::None || after.value.is_null() == (self == Self::Only))
    }
}

/// Some rows of a page, in their order.
#[derive(Debug)]
pub(crate) struct Phase<'q> {
    pub sort: Option<Sort>,
    pub nulls: Nulls,
    pub after: Option<&'q Cursor>,
    pub limit: usize,
    pub tenant: Tenant,
}

impl Phase<'_> {
    /// The statement of these rows, of those that a clause is about; `select` ends in `WHERE `.
    pub fn sql(
        &self,
        plan: &Plan,
        select: &str,
        clause: &mut Clause,
    ) -> Result<String, StoreError> {
        let column = self.sort.and_then(|sort| plan.columns_of(sort.field).next().zip(Some(sort)));
        let column = column.map(|(column, sort)| (column, sort.descending));
        let mut order = Order::by_id(&plan.id);
        match column {
            Some(((column, _), _)) if self.nulls == Nulls::Only => {
                clause.and(&format!("self.{} IS NULL", column.name));
            }
            Some(((column, _), descending)) => {
                if self.nulls == Nulls::Without {
                    clause.and(&format!("self.{} IS NOT NULL", column.name));
                }
                order = order.then(&column.name, if descending { " DESC" } else { "" });
            }
            None => {}
        }
        if let Some(after) = self.after {
            let column = column.filter(|_| self.nulls != Nulls::Only);
            start_after(plan, column, after, clause)?;
        }
        let limit = clause.bind(Bind::Int(i64::try_from(self.limit).unwrap_or(i64::MAX)));
        let live = plan.live.of(self.tenant);
        let tests = format!("{live}{}", clause.sql);
        let by = order.of_rows();
        if clause.searches {
            let first = search::first(plan, &tests, &order, &limit);
            return Ok(format!("{select}self.{} = ANY({first}){live} ORDER BY {by}", plan.id));
        }
        Ok(format!("{select}TRUE{tests} ORDER BY {by} LIMIT {limit}"))
    }
}

/// What all rows of a page have to fulfil.
pub(crate) fn base(
    catalog: &Catalog,
    tenant: Tenant,
    plan: &Plan,
    query: &PageQuery,
) -> Result<Clause, StoreError> {
    let mut base = Clause::default();
    all_of(catalog, tenant, query.entity, &query.conditions, &mut base)?;
    for filter in &query.filters {
        filter_by(plan, filter, &mut base)?;
    }
    if let Some(near) = &query.near {
        near_by(plan, near, &mut base)?;
    }
    if let Some(text) = &query.search {
        search::among(plan, text, &mut base)?;
    }
    Ok(base)
}

impl Session {
    /// Whether the row exists and all conditions hold for it.
    pub(crate) async fn holds(
        &mut self,
        entity: EntityId,
        id: u128,
        conditions: &[Condition],
    ) -> Result<bool, StoreError> {
        let mut clause = Clause { binds: vec![Bind::Uuid(id)], ..Clause::default() };
        all_of(&self.catalog, self.terms.tenant, entity, conditions, &mut clause)?;
        let plan = self.plan(entity)?;
        let sql = format!(
            "SELECT 1 FROM {} AS self WHERE self.{} = $1{}{}",
            plan.table,
            plan.id,
            plan.live.of(self.terms.tenant),
            clause.sql
        );
        let text = self.catalog.texts.get(&sql);
        Ok(!self.query(&text, &clause.binds).await?.is_empty())
    }

    /// The answer to a question about all rows of an entity.
    pub(crate) async fn answer(&mut self, question: &Bound) -> Result<Option<i64>, StoreError> {
        let mut clause = Clause::default();
        let entity = question.predicate.entity;
        let sql = alternative(&self.catalog, self.terms.tenant, entity, question, &mut clause)?;
        // A truth or a count, of one type or another.
        let text = self.catalog.texts.get(&format!(
            "SELECT CASE answer::text WHEN 'true' THEN 1 WHEN 'false' THEN 0 \
             ELSE answer::text::bigint END FROM (SELECT {sql} AS answer) AS asked"
        ));
        let rows = self.query(&text, &clause.binds).await?;
        let row = rows.first().ok_or_else(|| decode::damaged("a question has no answer"))?;
        decode::column(row, 0).ok_or_else(|| decode::damaged("an answer is none"))
    }

    /// One page of rows.
    pub(crate) async fn page_of(&mut self, query: &PageQuery) -> Result<Page, StoreError> {
        let catalog = self.catalog.clone();
        let plan = catalog.plan(query.entity)?;
        let base = base(&catalog, self.terms.tenant, plan, query)?;
        // One row more than asked for tells whether more follow.
        let wanted = query.limit as usize + 1;
        let mut rows = Vec::new();
        for &nulls in phases(plan, query) {
            let (sort, tenant) = (query.sort, self.terms.tenant);
            let limit = wanted - rows.len();
            let phase = Phase { sort, nulls, after: nulls.after(query), limit, tenant };
            let mut clause = base.clone();
            let sql = phase.sql(plan, &plan.select, &mut clause)?;
            let text = catalog.texts.get(&sql);
            rows.extend(self.many(plan.entity, &text, &clause.binds).await?);
            if rows.len() >= wanted {
                break;
            }
        }
        let more = rows.len() >= wanted;
        rows.truncate(query.limit as usize);
        Ok(Page { rows, more })
    }
}

/// All conditions, each as its alternatives.
pub(crate) fn all_of(
    catalog: &Catalog,
    tenant: Tenant,
    entity: EntityId,
    conditions: &[Condition],
    clause: &mut Clause,
) -> Result<(), StoreError> {
    for condition in conditions {
        let mut alternatives = Vec::with_capacity(condition.any.len());
        for bound in &condition.any {
            alternatives.push(alternative(catalog, tenant, entity, bound, clause)?);
        }
        match alternatives.as_slice() {
            [] => clause.and("FALSE"),
            all => clause.and(&format!("({})", all.join(" OR "))),
        }
    }
    Ok(())
}

/// All conditions over a row of this alias.
pub(crate) fn over(
    catalog: &Catalog,
    tenant: Tenant,
    (entity, alias): (EntityId, &str),
    conditions: &[Condition],
    clause: &mut Clause,
) -> Result<String, StoreError> {
    let mut sql = String::new();
    for condition in conditions {
        let mut alternatives = Vec::with_capacity(condition.any.len());
        for bound in &condition.any {
            let first = parameters(catalog, entity, bound, clause)?;
            let of_alias =
                catalog.conditions.aliased(&catalog.design, &bound.predicate, alias, tenant)?;
            alternatives.push(format!("({})", of_alias.numbered_from(first)));
        }
        match alternatives.as_slice() {
            [] => sql.push_str(" AND FALSE"),
            all => sql.push_str(&format!(" AND ({})", all.join(" OR "))),
        }
    }
    Ok(sql)
}

/// Binds the values of all conditions, in the order in which their text names them.
pub(crate) fn all_values(
    catalog: &Catalog,
    conditions: &[Condition],
    clause: &mut Clause,
) -> Result<(), StoreError> {
    for bound in conditions.iter().flat_map(|condition| &condition.any) {
        parameters(catalog, bound.predicate.entity, bound, clause)?;
    }
    Ok(())
}

fn alternative(
    catalog: &Catalog,
    tenant: Tenant,
    entity: EntityId,
    bound: &Bound,
    clause: &mut Clause,
) -> Result<String, StoreError> {
    let first = parameters(catalog, entity, bound, clause)?;
    let registered = catalog.conditions.get(&bound.predicate)?;
    Ok(format!("({})", registered.template(tenant).numbered_from(first)))
}

/// Binds the values of a condition; the number of the first.
fn parameters(
    catalog: &Catalog,
    entity: EntityId,
    bound: &Bound,
    clause: &mut Clause,
) -> Result<usize, StoreError> {
    let registered = catalog.conditions.get(&bound.predicate)?;
    if registered.entity != entity || registered.encodings.len() != bound.values.len() {
        let message = "a condition of another entity, or with too few values".to_owned();
        return Err(StoreError::Internal { message });
    }
    let first = clause.binds.len() + 1;
    for (value, encoding) in bound.values.iter().zip(&registered.encodings) {
        let wire = Wire::of_parameter(*encoding);
        clause.binds.push(wire::encode(value, *encoding, wire, "a condition's parameter")?);
    }
    Ok(first)
}

/// The statements that a page takes.
pub(crate) fn phases(plan: &Plan, query: &PageQuery) -> &'static [Nulls] {
    let sorted = query.sort.and_then(|sort| plan.columns.fields.get(usize::from(sort.field.0)));
    let past_values = query.after.as_ref().is_some_and(|after| after.value.is_null());
    match sorted {
        Some(field) if field.ty.is_optional() && past_values => &[Nulls::Only],
        Some(field) if field.ty.is_optional() => &[Nulls::Without, Nulls::Only],
        _ => &[Nulls::None],
    }
}

/// Keyset pagination: rows behind the cursor in the order of the page.
fn start_after(
    plan: &Plan,
    column: Option<((&Column, Wire), bool)>,
    after: &Cursor,
    clause: &mut Clause,
) -> Result<(), StoreError> {
    let of_id = &plan.id;
    let Some(((column, wire), descending)) = column else {
        let id = clause.bind(Bind::Uuid(after.id));
        clause.and(&format!("self.{of_id} > {id}"));
        return Ok(());
    };
    let name = &column.name;
    let value = clause.bind(wire::encode(&after.value, column.encoding, wire, name)?);
    let id = clause.bind(Bind::Uuid(after.id));
    clause.and(&if descending {
        format!("self.{name} <= {value} AND (self.{name} < {value} OR self.{of_id} > {id})")
    } else {
        format!("(self.{name}, self.{of_id}) > ({value}, {id})")
    });
    Ok(())
}

fn filter_by(plan: &Plan, filter: &Filter, clause: &mut Clause) -> Result<(), StoreError> {
    if let Comparison::AnyOf | Comparison::NoneOf = filter.comparison {
        return member_of(plan, filter, clause);
    }
    if filter.value.is_null() {
        // Nothing is greater or less than null.
        match (plan.columns_of(filter.field).next(), filter.comparison) {
            (Some((column, _)), Comparison::Equal) => {
                clause.and(&format!("self.{} IS NULL", column.name));
            }
            _ => clause.and("FALSE"),
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
    for (at, (column, wire)) in plan.columns_of(filter.field).enumerate() {
        let value =
            clause.bind(wire::encode(&equality.value, column.encoding, wire, &column.name)?);
        // Amounts compare within one currency.
        let operator = if at == 0 { operator } else { "=" };
        clause.and(&format!("{} {operator} {value}", equality.column(&column.name)));
    }
    Ok(())
}

/// Among some values, or not. PostgreSQL makes an array of what stands in `IN`, and looks each of
/// them up in an index.
fn member_of(plan: &Plan, filter: &Filter, clause: &mut Clause) -> Result<(), StoreError> {
    let columns = || plan.columns_of(filter.field);
    let (values, null) = members(&filter.value);
    let mut membership =
        Membership::new(columns().map(|(of, _)| format!("self.{}", of.name)), null);
    for value in values {
        let equality = Equality::new(&plan.folded, filter.field, value);
        let bind = |(column, wire): (&Column, Wire)| {
            let value = wire::encode(&equality.value, column.encoding, wire, &column.name)?;
            Ok::<_, StoreError>((equality.column(&column.name), clause.bind(value)))
        };
        membership.push(columns().map(bind).collect::<Result<_, _>>()?);
    }
    clause.and(&membership.sql(filter.comparison));
    Ok(())
}

/// A box that an index can find, then the exact distance.
fn near_by(plan: &Plan, near: &Near, clause: &mut Clause) -> Result<(), StoreError> {
    let mut columns = plan.columns_of(near.field).map(|(column, _)| &column.name);
    let (Some(latitude), Some(longitude)) = (columns.next(), columns.next()) else {
        return Err(StoreError::Internal { message: "`near` needs a geo field".to_owned() });
    };
    let real = |clause: &mut Clause, number: f64| clause.bind(Bind::Real(number));
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
    let (a, b) = (real(clause, near.latitude), real(clause, near.longitude));
    let most = real(clause, near.within);
    let (c, d) = (format!("self.{latitude}"), format!("self.{longitude}"));
    clause.and(&format!("{} <= {most}", distance(&a, &b, &c, &d)));
    Ok(())
}

/// Metres between two places in degrees.
fn distance(a: &str, b: &str, c: &str, d: &str) -> String {
    expression::sql::postgresql_distance(a, b, c, d)
}
