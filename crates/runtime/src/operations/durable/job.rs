//! What a job remembers: enough to go on in another process.

use std::borrow::Cow;

use expression::{Value, ir::VariableIndex, row_id};
use model::model::{Call, Callee, EffectKind, OperationId};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::codec::{decode, encode};
use super::worker::LEASE;
use crate::call::Trace;
use crate::operations::clock::new_id;
use crate::operations::effects::{Flow, Frame, Outcome, Start, Suspension, run, settle};
use crate::operations::failure::{Failure, internal};
use crate::operations::finish;
use crate::operations::idempotency::Once;
use crate::operations::journal::Author;
use crate::operations::plan::Plans;
use crate::operations::work::Work;
use crate::operations::write::{Reply, Task, conclude};
use crate::store::{IdempotencyKey, Job, Snapshot, Subject, Transaction};

/// The part of a job that only the runtime reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Context {
    created: bool,
    actor: Json,
    input: Json,
    /// Names given by `as`, by slot.
    named: Vec<(u16, Json)>,
    arguments: Vec<Json>,
    target: Option<Json>,
    each: Option<(Vec<Json>, usize)>,
    once: Option<OnceText>,
    /// Issuer and subject, and the actor: the change after the call is theirs too.
    #[serde(default)]
    author: (Option<(String, String)>, String),
    /// `traceparent` and `X-Correlation-ID`.
    trace: (Option<String>, Option<String>),
}

/// The idempotency key of the request that led here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct OnceText {
    caller: String,
    operation: String,
    key: String,
    body_hash: [u8; 32],
}

/// A job, read back.
#[derive(Clone, Debug)]
pub(crate) struct Resume {
    pub(crate) job: Job,
    pub(crate) task: Task,
    pub(crate) arguments: Vec<Value>,
    pub(crate) target: Option<Value>,
    frame: Frame,
    each: Option<(Vec<Value>, usize)>,
}

/// The job of a suspension; it goes on under the id of the job that led here, if one did.
pub(crate) fn create<X: Snapshot>(
    work: &Work<'_, X>,
    task: &Task,
    frame: &Frame,
    suspension: Suspension,
    resumed: Option<&Resume>,
) -> Result<Job, Failure> {
    let list = |values: &[Value]| values.iter().map(encode).collect::<Vec<_>>();
    let text = |text: Option<&std::sync::Arc<str>>| text.map(ToString::to_string);
    let once = task.once.as_ref().map(|once| OnceText {
        caller: once.key.caller.clone(),
        operation: once.key.operation.clone(),
        key: once.key.key.clone(),
        body_hash: once.body_hash,
    });
    let context = Context {
        created: task.created,
        actor: encode(&task.actor),
        input: encode(frame.scope.get(VariableIndex::INPUT)),
        named: frame.scope.named().map(|(slot, value)| (slot.0, encode(value))).collect(),
        arguments: list(&suspension.arguments),
        target: suspension.target.as_ref().map(encode),
        each: suspension.each.as_ref().map(|(items, at)| (list(items), *at)),
        once,
        author: (
            task.author.who.as_ref().map(|who| (who.issuer.clone(), who.subject.clone())),
            task.author.actor.clone(),
        ),
        trace: (text(task.trace.parent.as_ref()), text(task.trace.correlation.as_ref())),
    };
    let id = resumed.map_or_else(new_id, |resume| resume.job.id);
    let context = serde_json::to_string(&context).map_err(|e| internal(&e.to_string()))?;
    let context = close(&work.plans, id, context)?;
    Ok(Job {
        id,
        entity: task.key.0,
        row: task.key.1,
        operation: work.plans.model.qualified_operation(task.operation),
        step: u32::try_from(suspension.step).map_err(|e| internal(&e.to_string()))?,
        context,
        key: uuid::Uuid::from_u128(new_id()).to_string(),
        attempts: 0,
        // Whoever made it is at it; others take it after a crash.
        due: work.now.saturating_add(LEASE),
        deadline: task.deadline,
        tenant: work.store.tenant().id(),
    })
}

impl Resume {
    /// Reads a job back; `None` where it does not fit the model (any more).
    pub(crate) fn read(plans: &Plans, job: Job, now: i64) -> Option<Self> {
        let named = |(id, _): &(OperationId, _)| plans.model.qualified_operation(*id);
        let (operation, _) = plans.model.operations().find(|o| named(o) == job.operation)?;
        let context: Context = serde_json::from_str(&open(plans, &job)?).ok()?;
        let list = |values: &[Json]| values.iter().map(decode).collect::<Option<Vec<_>>>();
        let actor = decode(&context.actor)?;
        let mut scope = crate::operations::scope::Scope::default()
            .with(VariableIndex::NOW, Value::Timestamp(now))
            .with(VariableIndex::SELF, Value::Uuid(job.row))
            .with(VariableIndex::ACTOR, actor.clone())
            .with(VariableIndex::INPUT, decode(&context.input)?)
            .with(VariableIndex::TENANT, job.tenant.map_or(Value::Null, Value::Uuid));
        for (slot, value) in &context.named {
            scope.set(VariableIndex(*slot), decode(value)?);
        }
        let once = context.once.map(|once| Once {
            key: IdempotencyKey { caller: once.caller, operation: once.operation, key: once.key },
            body_hash: once.body_hash,
        });
        let key = (job.entity, job.row);
        let deadline = job.deadline;
        let (parent, correlation) = context.trace;
        let trace = Trace {
            parent: parent.map(Into::into),
            correlation: correlation.map(Into::into),
            spans: None,
            address: None,
        };
        let created = context.created;
        let (who, as_actor) = context.author;
        let author = Author {
            who: who.map(|(issuer, subject)| Subject { issuer, subject }),
            actor: as_actor,
            operation: job.operation.clone(),
            erases: false,
        };
        let task = Task { operation, key, created, actor, author, once, deadline, trace };
        let frame =
            Frame { operation, key, scope, lookups: std::collections::BTreeMap::new(), depth: 0 };
        let each = match &context.each {
            Some((items, at)) => Some((list(items)?, *at)),
            None => None,
        };
        let arguments = list(&context.arguments)?;
        let target = match &context.target {
            Some(target) => Some(decode(target)?),
            None => None,
        };
        let resume = Self { job, task, arguments, target, frame, each };
        resume.call(plans).is_some().then_some(resume)
    }

    /// The call that it waits for.
    pub(crate) fn call<'p>(&self, plans: &'p Plans) -> Option<&'p Call> {
        let effects = &plans.model.operation(self.task.operation).effects;
        match &effects.get(usize::try_from(self.job.step).ok()?)?.kind {
            EffectKind::Call(call) => Some(call),
            _ => None,
        }
    }

    /// What is called, and whether repeating the call is harmless.
    pub(crate) fn callee(&self, plans: &Plans) -> Option<(Callee, bool)> {
        let call = self.call(plans)?;
        let idempotent = match call.callee {
            Callee::External(id, at) => {
                plans.model.external(id).operations.get(usize::from(at))?.idempotent
            }
            Callee::Operation(_) => true,
        };
        Some((call.callee, idempotent))
    }

    /// The transaction that follows the call; `None`, and nothing is done, where somebody else took
    /// the job over and has done it already.
    pub(crate) async fn resume<X: Transaction>(
        &self,
        work: &mut Work<'_, X>,
        outcome: Outcome,
    ) -> Result<Option<Reply>, Failure> {
        let plans = work.plans.clone();
        let call = self.call(&plans).ok_or_else(|| internal("a job without a call"))?;
        work.may_resume = Some(self.task.key);
        work.author = Some(self.task.author.clone());
        work.lock(&[self.task.key]).await?;
        let waiting = work.store.lock_job(self.job.id).await?;
        if waiting.is_none_or(|waiting| waiting.key != self.job.key) {
            return Ok(None);
        }
        let mut frame = self.frame.clone();
        frame.scope.set(VariableIndex::NOW, Value::Timestamp(work.now));
        let flow = match settle(work, &mut frame, call, outcome).await? {
            Flow::Done => self.go_on(work, &mut frame).await?,
            other => other,
        };
        finish::check(work).await?;
        finish::flush(work).await?;
        finish::check_dependents(work).await?;
        let reply = conclude(work, &self.task, &frame, flow, Some(self)).await?;
        if !matches!(reply, Reply::Pending { .. }) {
            work.store.complete_job(self.job.id).await?;
        }
        Ok(Some(reply))
    }

    async fn go_on<X: Transaction>(
        &self,
        work: &mut Work<'_, X>,
        frame: &mut Frame,
    ) -> Result<Flow, Failure> {
        let plans = work.plans.clone();
        let operation = plans.model.operation(self.task.operation);
        let step = usize::try_from(self.job.step).unwrap_or(usize::MAX);
        let start = match &self.each {
            Some((items, at)) => Start { step, each: Some((items.clone(), at + 1)) },
            None => Start { step: step.saturating_add(1), each: None },
        };
        let flow = run(work, frame, &operation.effects, start).await?;
        if operation.kind == model::model::OperationKind::Delete && flow == Flow::Done {
            crate::operations::row::delete(work, frame.key)?;
        }
        Ok(flow)
    }
}

/// Where fields are encrypted, so is what a job remembers: it may hold the value of one.
fn close(plans: &Plans, id: u128, context: String) -> Result<String, Failure> {
    let Some(keys) = &plans.keys else { return Ok(context) };
    let sealed = keys.seal(&place(id), context.as_bytes());
    Ok(sealed.map_err(|_| internal("a job cannot be encrypted"))?)
}

/// One from before there were encrypted fields is JSON as it stands.
fn open<'j>(plans: &Plans, job: &'j Job) -> Option<Cow<'j, str>> {
    match &plans.keys {
        Some(keys) if !job.context.starts_with('{') => {
            let context = keys.open_sealed(&place(job.id), &job.context).ok()?;
            Some(Cow::Owned(String::from_utf8(context).ok()?))
        }
        _ => Some(Cow::Borrowed(&job.context)),
    }
}

fn place(id: u128) -> Vec<u8> {
    format!("job\0{id:032x}").into_bytes()
}

/// The id in a value that names a row.
pub(crate) fn target_id(value: Option<&Value>) -> Option<u128> {
    value.and_then(row_id)
}
