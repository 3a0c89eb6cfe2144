//! What the audit log says about operations: who was allowed what and as which actors, who was not.

use model::Model;
use model::model::{ActorId, Authentication, OperationId};

use super::plan::Plans;
use crate::call::{Answer, Caller, Identity, Request, Trace};
use crate::problem::Problem;
use crate::telemetry::{AuditEvent, AuditKind, AuditLog};

/// A request, as far as the log names it.
pub(crate) struct Asked {
    operation: OperationId,
    identity: Option<Identity>,
    /// The actors among the caller's that the operation names: whose condition was asked.
    grants: Vec<ActorId>,
    trace: Trace,
}

impl Asked {
    pub(crate) fn of(request: &Request, plans: &Plans) -> Self {
        let grants = plans.plan(request.operation).map_or(&[][..], |plan| &plan.grants);
        let held = |actor: &ActorId| request.caller.actors.contains(actor);
        Self {
            operation: request.operation,
            identity: request.caller.identity.clone(),
            grants: grants.iter().map(|grant| grant.actor).filter(held).collect(),
            trace: request.trace.clone(),
        }
    }

    /// Writes down how a request ended.
    pub(crate) fn write(&self, log: &AuditLog, model: &Model, result: Result<&Answer, &Problem>) {
        let name = model.qualified_operation(self.operation);
        let (outcome, reason) = match result {
            Ok(_) => ("allowed", None),
            Err(problem) => (outcome(problem), Some(&*problem.code)),
        };
        let actors = self.grants.iter().filter_map(|id| model.actors.get(usize::from(id.0)));
        let mut actors = actors.collect::<Vec<_>>();
        actors.sort_by_key(|actor| actor.authentication == Authentication::None);
        let names: Vec<&str> = actors.iter().map(|actor| actor.name.value.as_str()).collect();
        let names = names.join(" ");
        log.write(&AuditEvent {
            reason,
            identity: self.identity.as_ref(),
            actor: (!names.is_empty()).then_some(&*names),
            proof: actors.first().map(|actor| proof(actor.authentication)),
            ..AuditEvent::new(AuditKind::Authorisation, &name, outcome, &self.trace)
        });
    }
}

/// Writes down that nobody's grant fits a caller, which no operation was asked for.
pub(crate) fn refused(
    log: &AuditLog,
    name: &str,
    caller: Option<&Caller>,
    problem: &Problem,
    trace: &Trace,
) {
    let kind = if caller.is_some() { AuditKind::Authorisation } else { AuditKind::Authentication };
    log.write(&AuditEvent {
        reason: Some(&problem.code),
        identity: caller.and_then(|caller| caller.identity.as_ref()),
        ..AuditEvent::new(kind, name, outcome(problem), trace)
    });
}

/// Refused for who asks (a row that may not be seen is not found), or failed for another reason.
const fn outcome(problem: &Problem) -> &'static str {
    if matches!(problem.status, 401 | 403 | 404) { "denied" } else { "failed" }
}

const fn proof(authentication: Authentication) -> &'static str {
    match authentication {
        Authentication::None => "none",
        Authentication::User => "user",
        Authentication::Service => "service",
        Authentication::Key => "key",
        Authentication::Certificate => "certificate",
        Authentication::System => "system",
    }
}
