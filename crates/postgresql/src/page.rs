//! Pages: conditions, filters, search, distance and the place to start, as one statement.
//!
//! A page that is sorted by a field which may be null takes two statements, rows with a value and
//! then rows without, so that both follow an index.

use expression::value::Geo;
use expression::{EntityId, Value};
use runtime::store::area::Area;
use runtime::store::keyset::{Key, Nulls, nearest, start_behind};
use runtime::store::membership::{Membership, members};
use runtime::store::tables::{Column, Equality};
use runtime::store::{
    Bound, Comparison, Condition, Cursor, Filter, Near, PAGE_BYTES, Page, PageQuery, Sort,
    StoreError, Tenant,
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

/// Some rows of a page, in their order.
#[derive(Debug)]
pub(crate) struct Phase<'q> {
    pub sort: &'q [Sort],
    /// By the distance from where rows are sorted by its field.
    pub near: Option<&'q Near>,
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
        let mut order = Order::by_id(&plan.id);
        for (at, sort) in self.sort.iter().enumerate() {
            let Some((Column { name, .. }, _)) = plan.columns_of(sort.field).next() else {
                continue;
            };
            match (at, self.nulls) {
                (0, Nulls::Only) => {
                    clause.and(&format!("self.{name} IS NULL"));
                    continue;
                }
                (0, Nulls::Without) => clause.and(&format!("self.{name} IS NOT NULL")),
                _ => {}
            }
            // Nulls are greater than anything; the first field has none here, so its order is that
            // of an index from either end.
            let direction = match sort.descending {
                true if at > 0 && plan.is_optional(sort.field) => " DESC NULLS LAST",
                true => " DESC",
                false => "",
            };
            if let Some(near) = nearest(sort, self.near) {
                order = order.then(distance(plan, near, clause)?, direction);
                continue;
            }
            for Column { name, .. } in plan.columns.sorted(sort.field) {
                order = order.then(format!("self.{name}"), direction);
            }
        }
        if let Some(after) = self.after {
            self.start_after(plan, after, clause)?;
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
            for (column, wire) in plan.sorted(sort.field) {
                let encoded = wire::encode(value, column.encoding, wire, &column.name)?;
                keys.push(Key {
                    column: format!("self.{}", column.name),
                    value: (!value.is_null()).then(|| clause.bind(encoded)),
                    descending,
                    optional: at > 0 && plan.is_optional(sort.field),
                });
            }
        }
        let (of_id, id) = (format!("self.{}", plan.id), clause.bind(Bind::Uuid(after.id)));
        clause.and(&start_behind(&keys, (&of_id, &id)));
        Ok(())
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
        let (mut rows, mut left, mut more) = (Vec::new(), PAGE_BYTES, false);
        for &nulls in Nulls::phases(&plan.columns, query) {
            let (sort, tenant) = (query.sort.as_slice(), self.terms.tenant);
            let limit = wanted - rows.len();
            let (near, after) = (query.near.as_ref(), nulls.after(query));
            let phase = Phase { sort, near, nulls, after, limit, tenant };
            let mut clause = base.clone();
            let sql = phase.sql(plan, &plan.select, &mut clause)?;
            let text = catalog.texts.get(&sql);
            let (found, cut) = self.many_for(plan.entity, &text, &clause.binds, &mut left).await?;
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
}

impl Session {
    /// How many rows there are of all pages, up to so many. Planned for all of them: told of the
    /// limit, the planner would rather read the table from its beginning until it has found so many.
    pub(crate) async fn count_of(
        &mut self,
        query: &PageQuery,
        most: u32,
    ) -> Result<u32, StoreError> {
        let catalog = self.catalog.clone();
        let plan = catalog.plan(query.entity)?;
        let mut clause = base(&catalog, self.terms.tenant, plan, query)?;
        let limit = clause.bind(Bind::Int(most.into()));
        let sql = format!(
            "WITH found AS MATERIALIZED (SELECT FROM {} AS self WHERE TRUE{}{}) \
             SELECT count(*) FROM (SELECT FROM found LIMIT {limit}) AS counted",
            plan.table,
            plan.live.of(self.terms.tenant),
            clause.sql
        );
        let text = catalog.texts.get(&sql);
        let rows = self.query(&text, &clause.binds).await?;
        let row = rows.first().ok_or_else(|| decode::damaged("a count has no answer"))?;
        let counted: Option<i64> =
            decode::column(row, 0).ok_or_else(|| decode::damaged("a count is none"))?;
        Ok(u32::try_from(counted.unwrap_or_default()).unwrap_or(most))
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

fn filter_by(plan: &Plan, filter: &Filter, clause: &mut Clause) -> Result<(), StoreError> {
    if let Comparison::AnyOf | Comparison::NoneOf = filter.comparison {
        let ty = plan.columns.fields.get(usize::from(filter.field.0)).map(|field| &field.ty);
        if ty.is_some_and(|ty| ty.held().is_some()) && !members(&filter.value).0.is_empty() {
            return held(plan, filter, clause);
        }
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

/// Lists that hold one of some values, or none of them.
fn held(plan: &Plan, filter: &Filter, clause: &mut Clause) -> Result<(), StoreError> {
    let Some((column, wire)) = plan.columns_of(filter.field).next() else { return Ok(()) };
    let mut any = Vec::new();
    for value in members(&filter.value).0 {
        let list = Value::List([value.clone()].into());
        let bound = clause.bind(wire::encode(&list, column.encoding, wire, &column.name)?);
        any.push(format!("self.{} @> {bound}", column.name));
    }
    let not = if filter.comparison == Comparison::NoneOf { "NOT " } else { "" };
    clause.and(&format!("{not}coalesce({}, FALSE)", any.join(" OR ")));
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

/// How far the place of a row is from where, in metres.
fn distance(plan: &Plan, near: &Near, clause: &mut Clause) -> Result<String, StoreError> {
    let [latitude, longitude] = plan.columns.of(near.field) else { return Err(no_place()) };
    let row = (&*format!("self.{}", latitude.name), &*format!("self.{}", longitude.name));
    Ok(distance_from(row, near, clause))
}

/// How far the place of the last row of the page before is from where: computed by the database
/// like that of the rows, so that both are the same number.
fn distance_of(place: &Value, near: &Near, clause: &mut Clause) -> Result<String, StoreError> {
    let Value::Geo(Geo { latitude, longitude }) = *place else { return Err(no_place()) };
    let (latitude, longitude) = (real(clause, latitude), real(clause, longitude));
    Ok(distance_from((&latitude, &longitude), near, clause))
}

fn distance_from(place: (&str, &str), near: &Near, clause: &mut Clause) -> String {
    let (latitude, longitude) = (real(clause, near.latitude), real(clause, near.longitude));
    expression::sql::postgresql_distance(&latitude, &longitude, place.0, place.1)
}

fn real(clause: &mut Clause, number: f64) -> String {
    clause.bind(Bind::Real(number))
}

fn no_place() -> StoreError {
    StoreError::Internal { message: "`near` needs a geo field".to_owned() }
}
