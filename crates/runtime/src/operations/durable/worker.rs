//! Works jobs off: makes the call, tries again while that is harmless, then runs what follows.

use std::sync::Arc;
use std::time::{Duration, Instant};

use decide::durable;
use expression::Value;
use model::model::{Callee, OperationId};
use tokio::sync::Semaphore;

use super::external::{CallError, ExternalCall, Externals as _};
use super::guard::{Guard, Stopped};
use super::job::{Resume, target_id};
use crate::call::{Answer, IdempotencyKey, InputValues, Request};
use crate::operations::backend::Inner;
use crate::operations::clock::now;
use crate::operations::effects::Outcome;
use crate::operations::report;
use crate::operations::work::Work;
use crate::operations::write::Reply;
use crate::problem::{Problem, code};
use crate::store::{Job, Store, StoreError, Terms, Transaction as _};

/// How long a job is left to whoever took it, in microseconds, unless they say that they are still
/// at it: after a crash, another server goes on with it that much later.
pub(crate) const LEASE: i64 = 30 * 1_000_000;
/// How often those who are at jobs say so: a time may be missed.
const RENEW: Duration = Duration::from_secs(10);
/// Most jobs under way that nobody waits for.
const BATCH: u32 = 256;
/// When to look again at a job that needs an operator, in microseconds.
const STUCK: i64 = 3_600 * 1_000_000;

/// Takes due jobs until the task is aborted. Where nobody else has this store, what is under a lease
/// at the start was left behind by a crash: it is taken first. Where others may have it, they may be
/// at it, and it is taken when its lease ends.
///
/// The start is when this is called and not when it first runs: requests may have made jobs by then,
/// and are at them.
pub(crate) fn poll<S: Store>(inner: Arc<Inner<S>>) -> impl Future<Output = ()> + Send {
    let crashed = now().saturating_add(LEASE - 1);
    poll_since(inner, crashed)
}

async fn poll_since<S: Store>(inner: Arc<Inner<S>>, crashed: i64) {
    let mut recovering = !inner.store.is_shared();
    let slots = Arc::new(Semaphore::new(BATCH as usize));
    let mut renewed = Instant::now();
    loop {
        if inner.store.is_shared() && renewed.elapsed() >= RENEW {
            match renew(&inner).await {
                Ok(()) => renewed = Instant::now(),
                Err(error) => report::warning("jobs", &error.to_string()),
            }
        }
        let free = u32::try_from(slots.available_permits()).unwrap_or(0);
        let due = if recovering { crashed } else { now() };
        let taken = if free == 0 { Ok(Vec::new()) } else { take(&inner, due, free).await };
        let more = taken.as_ref().is_ok_and(|jobs| !jobs.is_empty());
        match taken {
            Ok(jobs) => jobs.into_iter().for_each(|job| start_in(&inner, &slots, job)),
            Err(StoreError::Closed) => return,
            Err(error) => report::warning("jobs", &error.to_string()),
        }
        recovering &= more || free == 0;
        if !more {
            tokio::time::sleep(durable::LOOK).await;
        }
    }
}

/// Starts a job that holds a slot until it is done or put back.
fn start_in<S: Store>(inner: &Arc<Inner<S>>, slots: &Arc<Semaphore>, job: Job) {
    let Ok(slot) = slots.clone().try_acquire_owned() else { return };
    if let Some(task) = start(inner, job) {
        tokio::spawn(async move {
            drop(task.await);
            drop(slot);
        });
    }
}

async fn take<S: Store>(inner: &Inner<S>, due: i64, limit: u32) -> Result<Vec<Job>, StoreError> {
    let lease = now().saturating_add(LEASE);
    inner
        .store
        .write(Terms::SERVER, move |tx| {
            Box::pin(async move { tx.take_jobs(due, lease, limit).await })
        })
        .await
}

/// Keeps the jobs that this process is at from others.
async fn renew<S: Store>(inner: &Inner<S>) -> Result<(), StoreError> {
    let jobs = inner.driving.lock().map(|driving| driving.iter().copied().collect::<Vec<_>>());
    let jobs = jobs.unwrap_or_default();
    if jobs.is_empty() {
        return Ok(());
    }
    let until = now().saturating_add(LEASE);
    inner
        .store
        .write(Terms::SERVER, move |tx| {
            Box::pin(async move { tx.extend_leases(&jobs, until).await })
        })
        .await
}

/// Starts a job unless this process is at it already.
pub(crate) fn start<S: Store>(
    inner: &Arc<Inner<S>>,
    job: Job,
) -> Option<tokio::task::JoinHandle<Option<Reply>>> {
    let id = job.id;
    if !inner.driving.lock().is_ok_and(|mut driving| driving.insert(id)) {
        return None;
    }
    let inner = inner.clone();
    Some(tokio::spawn(async move {
        let reply = inner.clone().until_closed(drive(&inner, Taken::new(job))).await.flatten();
        if let Ok(mut driving) = inner.driving.lock() {
            driving.remove(&id);
        }
        reply
    }))
}

/// A job that this process is at.
struct Taken {
    job: Job,
    /// Its attempts as the store has them: where it has others, somebody else took it over, when
    /// this process seemed to have crashed.
    tried: u32,
}

impl Taken {
    const fn new(job: Job) -> Self {
        Self { tried: job.attempts, job }
    }
}

/// Works on a job until it is done (its reply), put back for later or another's (`None`).
async fn drive<S: Store>(inner: &Arc<Inner<S>>, mut taken: Taken) -> Option<Reply> {
    loop {
        let Some(resume) = Resume::read(&inner.plans, taken.job.clone(), now()) else {
            let message = format!(
                "job of {}: it does not fit the model, or the key that it is encrypted under is not here",
                taken.job.operation
            );
            report::error("job-stuck", &message);
            put_back(inner, &mut taken, now().saturating_add(STUCK)).await;
            return None;
        };
        let outcome = call(inner, &resume, &mut taken).await?;
        match follow(inner, resume, outcome).await {
            Ok(Some(Reply::Pending { job: next, .. })) => taken = Taken::new(*next),
            Ok(Some(reply)) => return Some(reply),
            Ok(None) => {
                report_lost(&taken.job);
                return None;
            }
            Err(problem) => {
                let job = &mut taken.job;
                let message = format!("{}: {} {}", job.operation, problem.code, problem.detail);
                report::error("job-stuck", &message);
                job.attempts = job.attempts.saturating_add(1);
                let due = now().saturating_add(micros(pause(job.attempts)).max(1_000_000));
                put_back(inner, &mut taken, due).await;
                return None;
            }
        }
    }
}

/// Another server is at it, or was.
fn report_lost(job: &Job) {
    let message = format!("{}: another server took its call over", job.operation);
    report::warning("job-lost", &message);
}

/// The transaction that follows the call; `None` where another server has done it.
async fn follow<S: Store>(
    inner: &Inner<S>,
    resume: Resume,
    outcome: Outcome,
) -> Result<Option<Reply>, Problem> {
    let plans = inner.plans.clone();
    // It goes on in the tenant that it was made in.
    let terms = Terms::of(resume.job.tenant.into());
    let watch = inner.watch();
    let changes = watch.changes();
    let result = inner.store.write(terms, move |tx| {
        Box::pin(async move {
            let mut work = Work::new(plans, tx, now()).noting(changes);
            resume.resume(&mut work, outcome).await
        })
    });
    let result = result.await;
    watch.done().await;
    result.map_err(Problem::from)
}

/// The outcome of the call; `None` where the job was put back, or is another's.
async fn call<S: Store>(
    inner: &Arc<Inner<S>>,
    resume: &Resume,
    taken: &mut Taken,
) -> Option<Outcome> {
    let (callee, idempotent) = resume.callee(&inner.plans)?;
    let fallback = resume.call(&inner.plans)?.fallback.is_some();
    let mut tries = 0;
    if !idempotent && taken.job.attempts > 0 {
        return unknown(inner, taken, fallback).await;
    }
    loop {
        tries += 1;
        taken.job.attempts = taken.job.attempts.saturating_add(1);
        // After a crash nobody may try again: that has to be known before the call is made.
        if !idempotent && !put_back(inner, taken, now().saturating_add(LEASE)).await {
            return None;
        }
        let budget = fallback.then(|| left(&taken.job));
        let attempted = attempt(inner, resume, callee, &taken.job, budget).await;
        let (reason, ambiguous, after) = match attempted {
            Ok(value) => return Some(Outcome::Done(value)),
            Err(CallError::Refused(code)) => return Some(Outcome::Refused(code)),
            // There is something else to be done at once.
            Err(CallError::NotMade) if fallback => return Some(Outcome::Unreachable),
            Err(CallError::NotMade) => (None, false, None),
            Err(CallError::Unreachable { reason, ambiguous, after }) => {
                (Some(reason), ambiguous, after)
            }
        };
        // Of what is not even tried one line for each would say the same again and again.
        if let Some(reason) = reason {
            report::warning("call-failed", &format!("{}: {reason}", taken.job.operation));
        }
        if !idempotent && ambiguous {
            return unknown(inner, taken, fallback).await;
        }
        // Nobody who waits is made to wait for longer than it can.
        let asked = after.unwrap_or_default().min(durable::LONGEST_PAUSE);
        let late = now().saturating_add(micros(asked)) >= taken.job.deadline;
        if fallback && (tries >= durable::TRIES || late) {
            return Some(Outcome::Unreachable);
        }
        let pause = pause(taken.job.attempts).max(asked);
        if tries >= durable::TRIES || late {
            if !idempotent {
                taken.job.attempts = 0;
            }
            put_back(inner, taken, now().saturating_add(micros(pause))).await;
            return None;
        }
        tokio::time::sleep(pause).await;
    }
}

/// It is not known whether a call that must not be repeated was done.
async fn unknown<S: Store>(inner: &Inner<S>, taken: &mut Taken, fallback: bool) -> Option<Outcome> {
    if fallback {
        return Some(Outcome::Unreachable);
    }
    let message = format!(
        "{}: it is not known whether the call was done, and it must not be repeated",
        taken.job.operation
    );
    report::error("job-stuck", &message);
    put_back(inner, taken, now().saturating_add(STUCK)).await;
    None
}

async fn attempt<S: Store>(
    inner: &Arc<Inner<S>>,
    resume: &Resume,
    callee: Callee,
    job: &Job,
    budget: Option<Duration>,
) -> Result<Value, CallError> {
    match callee {
        Callee::External(external, operation) => {
            let guard = inner.guards.get(resume.task.operation, external, operation);
            let timeout = guard.timeout.min(budget.unwrap_or(Duration::MAX));
            let call = ExternalCall {
                external,
                operation,
                arguments: resume.arguments.clone(),
                key: job.key.clone(),
                timeout,
                trace: resume.task.trace.clone(),
            };
            external_call(inner, guard, call).await
        }
        Callee::Operation(operation) => {
            let request = request(inner, operation, resume, job);
            inner.clone().run(Box::new(request)).await.map_or_else(|p| Err(refused(&p)), result)
        }
    }
}

/// How long the caller still waits: then a fallback is better than the result.
fn left(job: &Job) -> Duration {
    let left = u64::try_from(job.deadline.saturating_sub(now())).unwrap_or(0);
    Duration::from_micros(left).mul_f64(durable::FALLBACK_SHARE)
}

/// One attempt at an external, as it was decided.
pub(crate) async fn external_call<S: Store>(
    inner: &Inner<S>,
    guard: &Guard,
    call: ExternalCall,
) -> Result<Value, CallError> {
    let unreachable = |reason: &str| CallError::unreachable(reason, false);
    let throttle = inner.throttles.get(usize::from(call.external.0));
    let throttle = throttle.ok_or_else(|| unreachable("there is no such external"))?;
    let mut attempt = guard.begin(call.timeout).await.map_err(|stopped| match stopped {
        Stopped::Open => CallError::NotMade,
        Stopped::Full => unreachable("too many calls are under way"),
    })?;
    let turn = throttle.pass(call.timeout).await;
    turn.ok_or_else(|| unreachable("its limit is reached"))?;
    let timeout = call.timeout;
    let answer = tokio::time::timeout(timeout, inner.externals.call(call)).await;
    let answer = answer.unwrap_or_else(|_| Err(CallError::unreachable("no answer in time", true)));
    if matches!(answer, Ok(_) | Err(CallError::Refused(_))) {
        attempt.went_well();
    }
    answer
}

fn request<S: Store>(
    inner: &Inner<S>,
    operation: OperationId,
    resume: &Resume,
    job: &Job,
) -> Request {
    let input = InputValues::of(resume.arguments.iter().cloned().map(Some).collect());
    let idempotency = IdempotencyKey { key: job.key.clone(), body_hash: [0; 32] };
    let mut caller = super::super::system_caller(&inner.plans);
    caller.tenant.claim = job.tenant;
    Request {
        caller,
        address: target_id(resume.target.as_ref()).map(Value::Uuid),
        input,
        idempotency: Some(idempotency),
        trace: resume.task.trace.clone(),
        ..Request::system(&inner.plans, operation)
    }
}

/// The result of an operation that was called: the row it was about.
fn result(answer: Answer) -> Result<Value, CallError> {
    if answer.status == 202 {
        return Err(CallError::unreachable("still under way", false));
    }
    Ok(answer.row.map_or(Value::Null, Value::Uuid))
}

fn refused(problem: &Problem) -> CallError {
    let passing = [&code::IN_PROGRESS, &code::IDEMPOTENCY_IN_PROGRESS, &code::CONFLICT];
    let unreachable = problem.status >= 500
        || problem.status == 429
        || passing.iter().any(|code| problem.is(code));
    if unreachable {
        return CallError::unreachable(problem.code.clone(), false);
    }
    CallError::Refused(problem.code.to_string())
}

/// Leaves a job for later; whether that is known to the store. If not, its lease ends some time,
/// unless it is another's already.
async fn put_back<S: Store>(inner: &Inner<S>, taken: &mut Taken, due: i64) -> bool {
    taken.job.due = due;
    let (job, tried) = (taken.job.clone(), taken.tried);
    let put = inner.store.write(Terms::SERVER, move |tx| {
        Box::pin(async move { tx.postpone_job(&job, tried).await })
    });
    match put.await {
        Ok(true) => {
            taken.tried = taken.job.attempts;
            return true;
        }
        Ok(false) => report_lost(&taken.job),
        Err(error) => report::warning("jobs", &StoreError::to_string(&error)),
    }
    false
}

/// The pause before the next attempt: doubled each time, capped, and jittered by a half so that
/// callers do not come back together.
fn pause(attempts: u32) -> Duration {
    let times = 2_u32.saturating_pow(attempts.min(20).saturating_sub(1));
    let full = durable::FIRST_PAUSE.saturating_mul(times).min(durable::LONGEST_PAUSE);
    let least = full.mul_f64(durable::PAUSE_LEAST);
    let chance = u64::try_from(full.saturating_sub(least).as_micros()).unwrap_or(u64::MAX).max(1);
    let random = u64::try_from(uuid::Uuid::new_v4().as_u128() >> 66).unwrap_or(0);
    least + Duration::from_micros(random % chance)
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
