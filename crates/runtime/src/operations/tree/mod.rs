//! `get` and `list` with a selection: a row, or a page, with the rows around it.
//!
//! [`plan`] turns what is wanted into one question to the store, in which every row that a
//! reference names must satisfy the grants and the `where` of its entity's `get`. [`fill`] computes
//! what the operations compute, and [`write`] writes the answer from the rows, without a JSON tree.
//!
//! References that are computed, or lie within a value, cannot be joined: the rows that they name
//! are read by one further question for each of them, however many there are.

mod fill;
mod plan;
mod write;

use std::sync::Arc;

use expression::{FieldIndex, Value, row_id};
use model::model::{Addressed, Operation};

use super::access::Access;
use super::failure::{Failure, internal};
use super::journal::Author;
use super::read;
use super::session::Session;
use super::work::Work;
use crate::call::{Answer, Body, Request};
use crate::problem::{Problem, code};
use crate::selection::Selection;
use crate::store::{Cursor, PageQuery, Root, Snapshot, Tree, TreeQuery};
use plan::{Planned, Planner};

/// The id of a row: its first field.
const ID: FieldIndex = FieldIndex(0);

/// One row.
pub(crate) async fn get<X: Snapshot>(
    work: &mut Work<'_, X>,
    request: &Request,
    selection: &Arc<Selection>,
) -> Result<Answer, Failure> {
    let plans = work.plans.clone();
    let operation = plans.model.operation(request.operation);
    let session = Session::open(work, &request.caller, request.operation).await?;
    let access = Access::find(work, &session, request.operation)?;
    work.author = Some(Author::of(work, &session, &access, request.operation));
    let not_found = || Failure::from(Problem::new(&code::NOT_FOUND));
    let (field, value) = addressed(operation, request.address.as_ref()).ok_or_else(not_found)?;
    let conditions = access.conditions(work, request.operation).await?;
    let mut planner = Planner::new(work, &session, &request.caller);
    let mut planned = planner.row(request.operation, selection, access.actor()).await?;
    let mut laters = planner.laters;
    let root = Root::Row { field, value, conditions };
    let query = TreeQuery { root, level: planned.take() };
    let mut tree = ask(work, &query, &planned).await?;
    fill::later(work, &planned, &tree.rows, &mut laters).await?;
    fill::shown(work, &planned, &tree.rows, &laters);
    let row = tree.rows.pop().ok_or_else(not_found)?;
    let mut body = Vec::with_capacity(512);
    write::Writer::new(&plans.model.schema, &laters).row(&mut body, &planned, &row);
    Ok(Answer { row: Some(row.id), ..Answer::ok(Body::Json(body)) })
}

/// A page of rows.
pub(crate) async fn list<X: Snapshot>(
    work: &mut Work<'_, X>,
    request: &Request,
    selection: &Arc<Selection>,
) -> Result<Answer, Failure> {
    let plans = work.plans.clone();
    let operation = plans.model.operation(request.operation);
    let session = Session::open(work, &request.caller, request.operation).await?;
    let access = Access::find(work, &session, request.operation)?;
    work.author = Some(Author::of(work, &session, &access, request.operation));
    let page = request.page.clone().unwrap_or_default();
    let mut query = read::query(operation, &page)?;
    query.conditions = access.conditions(work, request.operation).await?;
    let mut planner = Planner::new(work, &session, &request.caller);
    let mut planned = planner.row(request.operation, selection, access.actor()).await?;
    let mut laters = planner.laters;
    let sorted_by = query.sort.map(|sort| planned.level.field(sort.field));
    let root = Root::Page(PageQuery { ..query });
    let query = TreeQuery { root, level: planned.take() };
    let tree = ask(work, &query, &planned).await?;
    fill::later(work, &planned, &tree.rows, &mut laters).await?;
    fill::shown(work, &planned, &tree.rows, &laters);
    let mut items = Vec::with_capacity(64 + 256 * tree.rows.len());
    write::Writer::new(&plans.model.schema, &laters).rows(&mut items, &planned, &tree.rows);
    let last = tree.rows.last().filter(|_| tree.more);
    let value = |row: &crate::store::TreeRow| {
        sorted_by.and_then(|at| row.fields.get(at)).cloned().unwrap_or_default()
    };
    let next = last.map(|row| Cursor { value: value(row), id: row.id });
    let body = Body::Page { items, next };
    Ok(Answer::ok(body))
}

/// Reads the rows, and computes what is computed of them.
async fn ask<X: Snapshot>(
    work: &mut Work<'_, X>,
    query: &TreeQuery,
    planned: &Planned<'_>,
) -> Result<Tree, Failure> {
    let mut tree = work.store.tree(query).await?;
    fill::computed(work, planned, &mut tree.rows).await?;
    Ok(tree)
}

/// The field by which the row is found, with its value.
fn addressed(operation: &Operation, address: Option<&Value>) -> Option<(FieldIndex, Value)> {
    let address = address?;
    match operation.addressed {
        Addressed::Key(field) => {
            Some((field, row_id(address).map_or_else(|| address.clone(), Value::Uuid)))
        }
        _ => Some((ID, Value::Uuid(row_id(address)?))),
    }
}

/// What a plan and its operation disagree about.
fn misplaced() -> Failure {
    internal("a selection names what its operation does not answer").into()
}
