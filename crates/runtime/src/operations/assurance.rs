//! How well people prove who they are: those below the level that an operation asks for count as
//! nobody in particular there.

use model::Model;
use model::model::{ActorId, Authentication, Operation};

use super::plan::Plans;
use crate::call::{Caller, Request};
use crate::problem::{Problem, code};

/// Whether a person is below the level that an operation asks of people. Whoever does not say how
/// well it was proven is at the lowest; programs prove themselves otherwise.
fn is_below(asked: u8, caller: &Caller) -> bool {
    asked > 1 && caller.identity.as_ref().is_some_and(|who| who.assurance.unwrap_or(1) < asked)
}

fn is_person(model: &Model, actor: ActorId) -> bool {
    let actor = model.actors.get(usize::from(actor.0));
    actor.is_some_and(|actor| actor.authentication == Authentication::User)
}

/// Whether an operation admits a caller as a person who is below the level that it asks for.
pub(crate) fn is_short(plans: &Plans, operation: &Operation, asked: u8, caller: &Caller) -> bool {
    let as_person = |id: &ActorId| {
        is_person(&plans.model, *id) && operation.by.iter().any(|grant| grant.actor == *id)
    };
    is_below(asked, caller) && caller.actors.iter().any(as_person)
}

/// Refuses a person below the level that the operation asks for, unless others than people may do
/// it as well: then with what those may.
///
/// # Errors
/// 401 that names the level, and the age where the operation has one (RFC 9470, section 3).
pub(crate) fn check(plans: &Plans, request: &mut Request) -> Result<(), Problem> {
    let asked = plans.plan(request.operation).map_or(1, |plan| plan.assurance);
    let operation = plans.model.operation(request.operation);
    if !is_short(plans, operation, asked, &request.caller) {
        return Ok(());
    }
    request.caller.actors.retain(|id| !is_person(&plans.model, *id));
    let admitted = |id: &ActorId| operation.by.iter().any(|grant| grant.actor == *id);
    if request.caller.actors.iter().any(admitted) {
        return Ok(());
    }
    let seconds = |period: base::Duration| u32::try_from(period.to_std().as_secs()).ok();
    let max_age = operation.reauthenticate.and_then(seconds);
    let problem = Problem::new(&code::INSUFFICIENT_AUTHENTICATION);
    Err(Problem { max_age, assurance: Some(asked), ..problem })
}
