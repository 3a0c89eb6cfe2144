//! `get` and `list`.

use std::sync::Arc;

use decide::filters::COUNTED;
use expression::{FieldIndex, Row, Value, row_id};
use model::model::{Addressed, Operation, OperationKind, Target};

use super::access::Access;
use super::address_input;
use super::effects::is_deleted;
use super::failure::{Failure, internal};
use super::journal::{self, Author};
use super::output;
use super::row;
use super::session::Session;
use super::tree;
use super::work::Work;
use crate::call::{Answer, Body, Count, PageRequest, Request};
use crate::problem::{Problem, code};
use crate::store::{Cursor, Near, PAGE_BYTES, PageQuery, Snapshot, Sort};

/// How far `near` looks where the caller does not say, in metres.
const NEAR_DEFAULT: f64 = 5_000.0;

/// Answers the caller, or, through the grants of a view, everybody who sees the same.
pub(crate) async fn answer<X: Snapshot>(
    work: &mut Work<'_, X>,
    request: &Request,
    through: Option<&Vec<usize>>,
) -> Result<Answer, Failure> {
    let plans = work.plans.clone();
    let operation = plans.model.operation(request.operation);
    if matches!(operation.target, Target::Audit(_) | Target::History(_)) {
        return Box::pin(journal::list(work, request)).await;
    }
    if let Some(selection) = &request.selection {
        return match operation.kind {
            OperationKind::List => Box::pin(tree::list(work, request, selection)).await,
            _ => Box::pin(tree::get(work, request, selection)).await,
        };
    }
    let access = match through {
        Some(grants) => Access::through(grants.clone()),
        None => access(work, request).await?,
    };
    address_input::take(work, request).await?;
    match operation.kind {
        OperationKind::List => list(work, request, &access).await,
        _ => get(work, request, &access).await,
    }
}

/// What the caller may see.
pub(crate) async fn access<X: Snapshot>(
    work: &mut Work<'_, X>,
    request: &Request,
) -> Result<Access, Failure> {
    let session = Session::open(work, &request.caller, request.operation).await?;
    let access = Access::find(work, &session, request.operation)?;
    work.author = Some(Author::of(work, &session, &access, request.operation));
    Ok(access)
}

/// One row.
async fn get<X: Snapshot>(
    work: &mut Work<'_, X>,
    request: &Request,
    access: &Access,
) -> Result<Answer, Failure> {
    let plans = work.plans.clone();
    let operation = plans.model.operation(request.operation);
    let not_found = || Failure::from(Problem::new(&code::NOT_FOUND));
    let row = addressed(work, operation, request.address.as_ref()).await?;
    let row = row.ok_or_else(not_found)?;
    let actor = access.actor();
    let scope = work.scope();
    let visible = access.admits(work, request.operation, &row, &scope).await?
        && Access::passes(work, request.operation, &row, &scope, actor.clone()).await?;
    if !visible {
        return Err(not_found());
    }
    let mut body = Vec::new();
    output::write(work, request.operation, &actor, &row, &mut body).await?;
    let version = row::version(&plans.model, &row);
    let row = row_id(&Value::Row(row));
    Ok(Answer { version, row, ..Answer::ok(Body::Json(body)) })
}

/// The row that the address names; soft-deleted ones do not exist.
pub(crate) async fn addressed<X: Snapshot>(
    work: &mut Work<'_, X>,
    operation: &Operation,
    address: Option<&Value>,
) -> Result<Option<Arc<Row>>, Failure> {
    let (Some(entity), Some(address)) = (operation.entity(), address) else { return Ok(None) };
    let row = match operation.addressed {
        Addressed::Key(field) => find(work, entity, field, address).await?,
        _ => match row_id(address) {
            Some(id) => work.row((entity, id)).await?,
            None => None,
        },
    };
    Ok(row.filter(|row| !is_deleted(&work.plans.model, row)))
}

/// The row with a unique value.
pub(crate) async fn find<X: Snapshot>(
    work: &mut Work<'_, X>,
    entity: expression::EntityId,
    field: FieldIndex,
    value: &Value,
) -> Result<Option<Arc<Row>>, Failure> {
    let value = row_id(value).map_or_else(|| value.clone(), Value::Uuid);
    let row = work.store.find(entity, &[(field, value)]).await?;
    if let Some(row) = &row
        && let Some(id) = row_id(&Value::Row(row.clone()))
    {
        work.seen((entity, id), row.clone());
    }
    Ok(row)
}

/// A page of rows.
async fn list<X: Snapshot>(
    work: &mut Work<'_, X>,
    request: &Request,
    access: &Access,
) -> Result<Answer, Failure> {
    let plans = work.plans.clone();
    let operation = plans.model.operation(request.operation);
    let page = request.page.clone().unwrap_or_default();
    let mut query = query(operation, &page)?;
    query.conditions = access.conditions(work, request.operation).await?;
    let count = counted(work, &query, &page).await?;
    let found = work.store.page(&query).await?;
    let actor = access.actor();
    let (mut items, mut written) = (vec![b'['], 0);
    for row in &found.rows {
        match items.len() {
            // What is larger written than stored.
            PAGE_BYTES.. => break,
            1 => {}
            _ => items.push(b','),
        }
        output::write(work, request.operation, &actor, row, &mut items).await?;
        written += 1;
    }
    items.push(b']');
    let more = found.more || written < found.rows.len();
    let last = found.rows.get(..written).and_then(|rows| rows.last()).filter(|_| more);
    let next = last.and_then(|row| cursor(row, &query.sort));
    let body = Body::Page { items, next, count };
    Ok(Answer::ok(body))
}

/// How many rows there are of all pages, where that is asked for.
pub(super) async fn counted<X: Snapshot>(
    work: &mut Work<'_, X>,
    query: &PageQuery,
    page: &PageRequest,
) -> Result<Option<Count>, Failure> {
    if !page.count {
        return Ok(None);
    }
    let rows = work.store.count(query, COUNTED + 1).await?;
    Ok(Some(if rows > COUNTED { Count::More } else { Count::Exact(rows) }))
}

/// The question to the store, conditions aside.
pub(super) fn query(operation: &Operation, page: &PageRequest) -> Result<PageQuery, Failure> {
    let entity = operation.entity().ok_or_else(|| internal("a list of no entity"))?;
    let orders = operation.sort_orders();
    let order = |at: &usize| {
        let unknown = || Problem::new(&code::INVALID_PARAMETER).detail("There is no such order.");
        orders.get(*at).copied().ok_or_else(unknown)
    };
    let of_model = |of: model::model::Sort| Sort { field: of.field, descending: of.descending };
    let sort: Vec<Sort> = match (page.sort.as_slice(), operation.near.zip(page.near)) {
        // Nearest first.
        ([], Some((field, _))) => vec![Sort { field, descending: false }],
        ([], None) => operation.sort.first().copied().map(of_model).into_iter().collect(),
        (some, _) => some.iter().map(|at| order(at).map(of_model)).collect::<Result<_, _>>()?,
    };
    let limit = match page.limit {
        0 => 50,
        limit => limit.min(1000),
    };
    let mut query = PageQuery::new(entity, limit);
    query.sort = sort;
    query.after.clone_from(&page.after);
    query.filters.clone_from(&page.filters);
    query.search.clone_from(&page.search);
    query.near = page.near.and_then(|near| {
        Some(Near {
            field: operation.near?,
            latitude: near.point.latitude,
            longitude: near.point.longitude,
            within: near.within.unwrap_or(NEAR_DEFAULT),
        })
    });
    let filterable = query.filters.iter().all(|filter| operation.filter.contains(&filter.field));
    if !filterable || (query.search.is_some() && !operation.search) {
        return Err(Problem::new(&code::UNKNOWN_PARAMETER).into());
    }
    Ok(query)
}

fn cursor(row: &Arc<Row>, sort: &[Sort]) -> Option<Cursor> {
    let id = row_id(&Value::Row(row.clone()))?;
    let values = sort.iter().map(|sort| row::field(row, sort.field).clone()).collect();
    Some(Cursor { values, id })
}
