//! `safe` calls: looked up before the transaction opens, from `input` and `actor` alone.

use std::sync::Arc;

use expression::{
    Row, Value,
    ir::{Kind, VariableIndex},
};
use model::model::{Call, Callee, Effect, EffectKind};

use super::access::Access;
use super::backend::{Inner, Lookups};
use super::clock::now;
use super::durable::external::{CallError, ExternalCall};
use super::durable::worker::external_call;
use super::effects::Outcome;
use super::failure::Failure;
use super::fill;
use super::input::{absent, sound};
use super::read;
use super::report;
use super::row;
use super::session::Session;
use super::walk::within;
use super::work::Work;
use crate::call::{IfMatch, Request};
use crate::problem::{Problem, code};
use crate::store::{Snapshot, Store};

/// Makes the operation's lookups.
///
/// # Errors
/// Who may not do the operation cannot look up either; arguments that cannot be computed.
pub(crate) async fn make<S: Store>(
    inner: &Arc<Inner<S>>,
    request: &mut Request,
) -> Result<Lookups, Problem> {
    let operation = inner.plans.model.operation(request.operation);
    if !operation.effects.iter().any(|effect| safe_call(effect).is_some()) {
        return Ok(Lookups::new());
    }
    let (plans, asked) = (inner.plans.clone(), request.clone());
    let planned: Result<(Vec<Planned>, Option<i64>), Failure> = inner
        .store
        .read(inner.terms(request), move |snapshot| {
            Box::pin(async move {
                let mut work = Work::new(plans, snapshot, now());
                arguments(&mut work, &asked).await
            })
        })
        .await;
    let mut lookups = Lookups::new();
    let (calls, version) = planned?;
    if let Some(version) = version
        && !matches!(request.if_match, Some(IfMatch::Version(_)))
    {
        // What is looked up is about the row as it was read.
        request.if_match = Some(IfMatch::Version(version));
    }
    for (step, callee, arguments) in calls {
        let outcome = look_up(inner, request, callee, arguments).await;
        lookups.insert(step, outcome);
    }
    Ok(lookups)
}

/// The row into which something is merged, for whoever is admitted to it: what it has may go into a
/// call.
async fn target<X: Snapshot>(
    work: &mut Work<'_, X>,
    request: &Request,
    access: &Access,
) -> Result<Option<Arc<Row>>, Failure> {
    if request.input.merges.is_empty() {
        return Ok(None);
    }
    let plans = work.plans.clone();
    let operation = plans.model.operation(request.operation);
    let row = read::addressed(work, operation, request.address.as_ref()).await?;
    let row = row.ok_or_else(|| Problem::new(&code::NOT_FOUND))?;
    let scope = work.scope();
    match access.admits(work, request.operation, &row, &scope).await? {
        true => Ok(Some(row)),
        false => Err(Problem::new(&code::NOT_FOUND).into()),
    }
}

/// A lookup: position of its effect, what is called, with what.
type Planned = (usize, Callee, Vec<Value>);

fn safe_call(effect: &Effect) -> Option<&Call> {
    match &effect.kind {
        EffectKind::Call(call) if call.safe => Some(call),
        _ => None,
    }
}

async fn arguments<X: Snapshot>(
    work: &mut Work<'_, X>,
    request: &Request,
) -> Result<(Vec<Planned>, Option<i64>), Failure> {
    let plans = work.plans.clone();
    let operation = plans.model.operation(request.operation);
    let session = Session::open(work, &request.caller, request.operation).await?;
    let access = Access::find(work, &session, request.operation)?;
    let row = target(work, request, &access).await?;
    let values = sound(work, &session, operation, &request.input, row.as_deref()).await?;
    let pairs = operation.input.parameters.iter().zip(values.values);
    let input = pairs.map(|(parameter, value)| {
        value.unwrap_or_else(|| absent(parameter, work.now, &plans.model.schema))
    });
    let input = Value::Record(input.collect());
    let scope =
        work.scope().with(VariableIndex::ACTOR, access.actor()).with(VariableIndex::INPUT, input);
    let mut planned = Vec::new();
    for (step, effect) in operation.effects.iter().enumerate() {
        let Some(call) = safe_call(effect) else { continue };
        let wanted = match &effect.when {
            Some(when) if !sees_self(when) => work.holds(when, &scope).await?,
            _ => true,
        };
        if wanted {
            planned.push((step, call.callee, fill::all(work, &call.arguments, &scope).await?));
        }
    }
    let version = row.and_then(|row| row::version(&plans.model, &row));
    Ok((planned, version))
}

fn sees_self(condition: &expression::ir::Expression) -> bool {
    let mut found = false;
    within(condition, &mut |inner| found |= inner.kind == Kind::Variable(VariableIndex::SELF));
    found
}

async fn look_up<S: Store>(
    inner: &Arc<Inner<S>>,
    request: &Request,
    callee: Callee,
    arguments: Vec<Value>,
) -> Outcome {
    let Callee::External(external, at) = callee else { return Outcome::Unreachable };
    let guard = inner.guards.get(request.operation, external, at);
    guard.looked_up();
    let mut attempts = 0;
    loop {
        let key = uuid::Uuid::new_v4();
        let (arguments, trace, timeout) = (arguments.clone(), request.trace.clone(), guard.timeout);
        let call = ExternalCall {
            external,
            operation: at,
            arguments,
            key: key.to_string(),
            timeout,
            trace,
        };
        let after = match external_call(inner, guard, call).await {
            Ok(value) => return Outcome::Done(value),
            Err(CallError::Refused(code)) => return Outcome::Refused(code),
            Err(CallError::NotMade) => return Outcome::Unreachable,
            Err(CallError::Unreachable { reason, after, .. }) => {
                let operation = inner.plans.model.qualified_operation(request.operation);
                report::warning("call-failed", &format!("{operation}: {reason}"));
                after.unwrap_or_default()
            }
        };
        attempts += 1;
        // The caller waits for a pause no longer than for an attempt.
        let again = (after <= guard.timeout).then(|| guard.again(attempts, chance(key)));
        let Some(wait) = again.flatten() else { return Outcome::Unreachable };
        tokio::time::sleep(wait.max(after)).await;
    }
}

/// A number between zero and one.
fn chance(random: uuid::Uuid) -> f64 {
    let [.., last] = random.into_bytes();
    f64::from(last) / f64::from(u8::MAX)
}
