//! `get` and `list` with a selection: a row, or a page, with the rows around it.
//!
//! [`plan`] turns what is wanted into one question to the store, in which every row that a
//! reference names must satisfy the grants and the `where` of its entity's `get`. [`fill`] computes
//! what the operations compute, and [`write`] writes the answer from the rows, without a JSON tree.
//!
//! References that are computed, or lie within a value, cannot be joined: the rows that they name
//! are read by one further question for each of them, however many there are.

mod doors;
mod fill;
mod plan;
mod planned;
mod write;

use std::sync::Arc;

use expression::{FieldIndex, Value, row_id};
use model::model::{Addressed, Operation};

use super::access::Access;
use super::address_input;
use super::failure::{Failure, internal};
use super::journal::Author;
use super::read;
use super::session::Session;
use super::work::Work;
use crate::call::{Answer, Body, Request};
use crate::problem::{Problem, code};
use crate::selection::Wanted;
use crate::store::{Cursor, Root, Snapshot, Tree, TreeQuery};
use doors::{Asker, Ways};
use planned::TreePlan;

pub(crate) use planned::TreePlans;

/// The id of a row: its first field.
const ID: FieldIndex = FieldIndex(0);

/// One row.
pub(crate) async fn get<X: Snapshot>(
    work: &mut Work<'_, X>,
    request: &Request,
    wanted: &Arc<Wanted>,
) -> Result<Answer, Failure> {
    let plans = work.plans.clone();
    let operation = plans.model.operation(request.operation);
    let session = Session::open(work, &request.caller, request.operation).await?;
    let access = Access::find(work, &session, request.operation)?;
    work.author = Some(Author::of(work, &session, &access, request.operation));
    let not_found = || Failure::from(Problem::new(&code::NOT_FOUND));
    address_input::take(work, request).await?;
    let (field, value) = addressed(operation, request.address.as_ref()).ok_or_else(not_found)?;
    let conditions = access.conditions(work, request.operation).await?;
    let asker = Asker { work, session: &session, caller: &request.caller };
    let of = (request.operation, &[][..]);
    let (plan, ways) = plan::plan(asker, of, wanted, access.actor()).await?;
    let (mut tree, found) = ask(work, Root::Row { field, value, conditions }, &plan, ways).await?;
    fill::shown(work, &plan, &tree.rows, &found);
    let row = tree.rows.pop().ok_or_else(not_found)?;
    let mut body = Vec::with_capacity(512);
    let writer = write::Writer::new(&plans.model.schema, &plan.laters, &found);
    writer.row(&mut body, &plan.planned, &row);
    Ok(Answer { row: Some(row.id), ..Answer::ok(Body::Json(body)) })
}

/// A page of rows.
pub(crate) async fn list<X: Snapshot>(
    work: &mut Work<'_, X>,
    request: &Request,
    wanted: &Arc<Wanted>,
) -> Result<Answer, Failure> {
    let plans = work.plans.clone();
    let operation = plans.model.operation(request.operation);
    let session = Session::open(work, &request.caller, request.operation).await?;
    let access = Access::find(work, &session, request.operation)?;
    work.author = Some(Author::of(work, &session, &access, request.operation));
    let page = request.page.clone().unwrap_or_default();
    address_input::take(work, request).await?;
    let mut query = read::query(operation, &page)?;
    query.conditions = access.conditions(work, request.operation).await?;
    let count = read::counted(work, &query, &page).await?;
    let asker = Asker { work, session: &session, caller: &request.caller };
    let sorted: Vec<FieldIndex> = query.sort.iter().map(|sort| sort.field).collect();
    let of = (request.operation, sorted.as_slice());
    let (plan, ways) = plan::plan(asker, of, wanted, access.actor()).await?;
    let (mut tree, found) = ask(work, Root::Page(query), &plan, ways).await?;
    let mut items = Vec::with_capacity(64 + 256 * tree.rows.len());
    let writer = write::Writer::new(&plans.model.schema, &plan.laters, &found);
    let written = writer.rows(&mut items, &plan.planned, &tree.rows);
    tree.more |= written < tree.rows.len();
    tree.rows.truncate(written);
    fill::shown(work, &plan, &tree.rows, &found);
    let last = tree.rows.last().filter(|_| tree.more);
    let values = |row: &crate::store::TreeRow| {
        let value =
            |(_, at): &(FieldIndex, usize)| row.fields.get(*at).cloned().unwrap_or_default();
        plan.sorted_by.iter().map(value).collect()
    };
    let next = last.map(|row| Cursor { values: values(row), id: row.id });
    let body = Body::Page { items, next, count };
    Ok(Answer::ok(body))
}

/// Reads the rows, then those that cannot be joined, and computes what is computed of them.
async fn ask<X: Snapshot>(
    work: &mut Work<'_, X>,
    root: Root,
    plan: &TreePlan,
    ways: Ways,
) -> Result<(Tree, Vec<fill::Found>), Failure> {
    let Ways { conditions, actors } = ways;
    let query = TreeQuery { root, shape: plan.shape.clone(), doors: conditions };
    let mut tree = work.store.tree(&query).await?;
    fill::computed(work, &plan.planned, &actors, &mut tree.rows).await?;
    let found = fill::later(work, plan, (query.doors, &actors), &tree.rows).await?;
    Ok((tree, found))
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
