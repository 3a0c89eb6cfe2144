//! What people write about themselves has an address that is known to be theirs.
//!
//! Rows of an actor with `login` are found by it at the first sign-in. Whoever could write an
//! address of somebody else would keep them out, or have them linked to a row that it has filled.
//! Those who were given a role, or whom a condition of a grant admits, write rows of others: that is
//! how people are invited.

use std::sync::Arc;

use expression::{EntityId, FieldIndex, Row, Value, row_id};
use model::model::{Actor, OperationId};

use super::access::Access;
use super::failure::Failure;
use super::plan::{GrantPlan, Plans};
use super::row::field;
use super::session::Standing;
use super::work::{Key, Work};
use crate::call::Identity;
use crate::identity::ISSUER;
use crate::problem::Problem;
use crate::store::Transaction;

/// Refuses a finished row by which its writer claims an address of somebody else.
///
/// # Errors
/// 422 that names the field.
pub(super) async fn check<X: Transaction>(
    work: &mut Work<'_, X>,
    (access, identity): (&Access, Option<&Identity>),
    operation: OperationId,
    (key, before): (Key, Option<&Arc<Row>>),
) -> Result<(), Failure> {
    let plans = work.plans.clone();
    let Some(identity) = identity else { return Ok(()) };
    let claimed = claimed(&plans, access, operation, (key, before.is_none()));
    if claimed.is_empty() || is_anybody(identity) {
        return Ok(());
    }
    let Some(row) = work.row(key).await? else { return Ok(()) };
    for login in claimed {
        let now = field(&row, login);
        let Value::Text(address) = now else { continue };
        if before.is_some_and(|before| field(before, login) == now) {
            continue;
        }
        // Case never counts in an address, wherever it is looked for.
        let address = address.to_lowercase();
        if !identity.logins.iter().any(|own| own.to_lowercase() == address) {
            let name = &plans.model.entity(key.0).field(login).name;
            let detail = "Expected an address that is known to be the caller's: whoever vouches \
                          for the caller does not say so of this one.";
            return Err(Problem::invalid(format!("/{name}"), "not-yours", detail).into());
        }
    }
    Ok(())
}

/// Tokens that are made with the key of this backend itself are for whoever has that.
fn is_anybody(identity: &Identity) -> bool {
    identity.logins.is_empty() && &*identity.issuer == ISSUER
}

/// The fields by which the row would be found as the caller's; none where somebody may be trusted
/// with rows of others.
fn claimed(
    plans: &Plans,
    access: &Access,
    operation: OperationId,
    target: (Key, bool),
) -> Vec<FieldIndex> {
    let Some(plan) = plans.plan(operation) else { return Vec::new() };
    let newcomers = admits_newcomers(plans, target.0.0);
    let mut claimed = Vec::new();
    for (at, standing) in access.standings() {
        let grant = plan.grants.get(at);
        let actor = grant.and_then(|of| plans.model.actors.get(usize::from(of.actor.0)));
        let Some((grant, actor)) = grant.zip(actor) else { continue };
        match actor.login.filter(|_| is_own(grant, actor, standing, (target, newcomers))) {
            Some(login) => claimed.push(login),
            // The row will stand for the caller, whoever else could make it.
            None if access.becomes == Some(target.0.0) => {}
            None => return Vec::new(),
        }
    }
    claimed
}

/// Whether somebody who has no row yet can make one: not where rows belong to tenants and the caller's
/// row says to which.
fn admits_newcomers(plans: &Plans, entity: EntityId) -> bool {
    let tenants = plans.tenants.as_ref();
    !tenants.is_some_and(|tenants| tenants.owns(entity) && tenants.come_from_callers())
}

/// Whether what is written through a grant is about the caller itself: its row, or one by which
/// others sign up.
fn is_own(
    grant: &GrantPlan,
    actor: &Actor,
    standing: &Standing,
    (((entity, id), new), newcomers): ((Key, bool), bool),
) -> bool {
    match standing {
        Standing::Itself => false,
        Standing::Unlinked(of) => *of == entity,
        Standing::Linked(row) if row.entity != entity => false,
        Standing::Linked(_) if new => {
            newcomers && actor.role.is_none() && grant.condition.is_none()
        }
        Standing::Linked(row) => row_id(&Value::Row(row.clone())) == Some(id),
    }
}
