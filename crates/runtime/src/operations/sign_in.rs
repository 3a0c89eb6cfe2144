//! First sign-in: a caller whose row was created by others is linked to it by a verified login.

use std::sync::Arc;

use expression::{EntityId, FieldIndex, Value, row_id};

use model::model::{Actor, Operation};

use super::backend::Inner;
use super::failure::Failure;
use super::logins;
use super::plan::Plans;
use super::session::subject;
use super::tenancy;
use crate::call::{Caller, Identity};
use crate::problem::{Problem, code};
use crate::store::{
    Comparison, Filter, Link, PageQuery, Snapshot, Store, StoreError, Tenant, Terms, Transaction,
};

/// Refuses a caller whose proof of who it is is older than the operation's `reauth`, or who cannot
/// tell its age. Those without an identity are refused, or are everybody or `system`, elsewhere.
pub(crate) fn check_fresh(operation: &Operation, caller: &Caller, now: i64) -> Result<(), Problem> {
    let (Some(period), Some(identity)) = (operation.reauthenticate, &caller.identity) else {
        return Ok(());
    };
    let most = i64::try_from(period.to_std().as_micros()).unwrap_or(i64::MAX);
    let age = identity.authenticated_at.map(|at| now.saturating_sub(at));
    if age.is_some_and(|age| age <= most) {
        return Ok(());
    }
    let max_age = Some(u32::try_from(period.to_std().as_secs()).unwrap_or(u32::MAX));
    Err(Problem { max_age, ..Problem::new(&code::REAUTHENTICATION_REQUIRED) })
}

/// Whether a caller that is not linked as an actor may be somebody by its logins.
pub(crate) fn is_due(actor: &Actor, caller: &Caller) -> bool {
    let due = |who: &Identity| !who.logins.is_empty() && !who.sought;
    actor.login.is_some() && caller.identity.as_ref().is_some_and(due)
}

/// Whether a caller might be linked if it turns out not to be.
pub(crate) fn may_be_due(plans: &Plans, caller: &Caller) -> bool {
    let actors = caller.actors.iter().filter_map(|id| plans.model.actors.get(usize::from(id.0)));
    actors.into_iter().any(|actor| is_due(actor, caller))
}

/// Who somebody is found to be by its logins.
enum Found {
    Nobody,
    One(Link),
    /// Of several tenants: they are not chosen from.
    Several,
}

/// Links the caller as every actor that has a `login`, where it is not linked yet. Whether there
/// are several tenants where it might be.
pub(crate) async fn link<S: Store>(
    inner: &Arc<Inner<S>>,
    caller: &Caller,
) -> Result<bool, Problem> {
    let Some(identity) = caller.identity.as_ref().filter(|identity| !identity.logins.is_empty())
    else {
        return Ok(false);
    };
    let mut several = false;
    for id in &caller.actors {
        let actor = inner.plans.model.actors.get(usize::from(id.0));
        let Some((entity, login)) = actor.and_then(|actor| actor.entity.zip(actor.login)) else {
            continue;
        };
        match look(inner, caller, (entity, login)).await? {
            Found::Nobody => {}
            Found::Several => {
                several = inner.plans.tenants.is_some() && caller.tenant.asked.is_none()
            }
            Found::One(Link { row, tenant }) => {
                let asked = identity.clone();
                let linked: Result<(), StoreError> = inner
                    .store
                    .write(Terms::of(tenant.into()), move |tx| {
                        Box::pin(async move { tx.link(entity, &subject(&asked), row).await })
                    })
                    .await;
                match linked {
                    // Somebody else is that row already, or was quicker.
                    Ok(()) | Err(StoreError::Unique { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }
    Ok(several)
}

/// A refusal of somebody who has no row, where several tenants know it: another reason.
pub(crate) fn unchosen(problem: Problem, several: bool) -> Problem {
    let unlinked = problem.code == code::NOT_LINKED.code;
    if several && unlinked { Problem::new(&code::SEVERAL_TENANTS) } else { problem }
}

/// Looks for somebody in the tenants where it may be.
async fn look<S: Store>(
    inner: &Arc<Inner<S>>,
    caller: &Caller,
    (entity, login): (EntityId, FieldIndex),
) -> Result<Found, Problem> {
    let named = caller.tenant.asked.is_some();
    let places = match caller.identity.as_ref().filter(|_| !named) {
        Some(identity) => logins::tenants(inner, entity, identity).await?,
        None => None,
    };
    let Some(places) = places else {
        return look_in(inner, caller, (entity, login), None).await;
    };
    let mut found = Found::Nobody;
    for place in places {
        let here = look_in(inner, caller, (entity, login), Some(Tenant::One(place))).await?;
        found = match (found, here) {
            (found, Found::Nobody) => found,
            (Found::Nobody, here) => here,
            _ => return Ok(Found::Several),
        };
    }
    Ok(found)
}

/// Looks for somebody in one place: that of the request where none is given.
async fn look_in<S: Store>(
    inner: &Arc<Inner<S>>,
    caller: &Caller,
    (entity, login): (EntityId, FieldIndex),
    place: Option<Tenant>,
) -> Result<Found, Problem> {
    let (asked, plans) = (caller.clone(), inner.plans.clone());
    let found: Result<Found, Failure> = inner
        .store
        .read(Terms::SERVER, move |snapshot| {
            Box::pin(async move {
                let place = match place {
                    Some(place) => Some(place),
                    None => tenancy::of_newcomer(snapshot, &plans, &asked).await?,
                };
                let (Some(place), Some(identity)) = (place, &asked.identity) else {
                    return Ok(Found::Nobody);
                };
                snapshot.enter(place).await?;
                find(snapshot, entity, login, identity).await
            })
        })
        .await;
    Ok(found?)
}

/// The row that a caller without one may be. Nobody is linked by a login that several tenants have.
async fn find<X: Snapshot>(
    snapshot: &mut X,
    entity: EntityId,
    login: FieldIndex,
    identity: &Identity,
) -> Result<Found, Failure> {
    if let Some(link) = snapshot.linked(entity, &subject(identity)).await?
        && snapshot.row(entity, link.row).await?.is_some()
    {
        return Ok(Found::Nobody);
    }
    for value in &identity.logins {
        let value = Value::Text(value.clone());
        let mut query = PageQuery::new(entity, 2);
        query.filters.push(Filter { field: login, comparison: Comparison::Equal, value });
        let found = snapshot.page(&query).await?.rows;
        match found.as_slice() {
            [] => {}
            [row] => {
                let Some(row) = row_id(&Value::Row(row.clone())) else { continue };
                let tenant = snapshot.tenant_of(entity, row).await?;
                return Ok(Found::One(Link { row, tenant }));
            }
            _ => return Ok(Found::Several),
        }
    }
    Ok(Found::Nobody)
}
