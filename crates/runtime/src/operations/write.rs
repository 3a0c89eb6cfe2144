//! `create`, `update`, `delete` and `act`: one transaction, from the lock on the target to the
//! answer that is recorded with the change.

use std::collections::BTreeMap;
use std::sync::Arc;

use expression::{Row, Value, ir::VariableIndex, row_id};
use model::model::{Addressed, Assigns, Operation, OperationId, OperationKind};

use super::access::Access;
use super::clock::new_id;
use super::durable::job::{self, Resume};
use super::effects::{self, Flow, Frame, Outcome, Start, check_free};
use super::failure::{Failure, internal};
use super::idempotency::{self, Once};
use super::input;
use super::journal::Author;
use super::plan::Plans;
use super::row::{self, delete, new_row};
use super::scope::Scope;
use super::session::{Session, subject};
use super::work::{Key, Work};
use super::{files, finish, output, own_login, read, tenancy};
use crate::call::{Answer, Body, IfMatch, InputValues, Request, Trace};
use crate::problem::{Problem, code};
use crate::store::{Job, Transaction};

/// A request with what was found out before its transaction.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) request: Box<Request>,
    pub(crate) once: Option<Once>,
    /// Results of `safe` calls, by position of the effect.
    pub(crate) lookups: BTreeMap<usize, Outcome>,
    /// When the caller stops waiting for durable calls, in microseconds since the Unix epoch.
    pub(crate) deadline: i64,
}

/// What a committed transaction led to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reply {
    /// The answer.
    Answer(Answer),
    /// A refusal after something was changed.
    Refused(Problem),
    /// A durable call is under way.
    Pending {
        /// The call.
        job: Box<Job>,
        /// Path of the row.
        location: Option<String>,
    },
}

impl From<Result<Answer, Problem>> for Reply {
    fn from(result: Result<Answer, Problem>) -> Self {
        match result {
            Ok(answer) => Self::Answer(answer),
            Err(problem) => Self::Refused(problem),
        }
    }
}

/// What the end of an operation needs to know, now or after a durable call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Task {
    pub(crate) operation: OperationId,
    pub(crate) key: Key,
    /// Whether the target is new.
    pub(crate) created: bool,
    /// The caller's row, as `fields` see it.
    pub(crate) actor: Value,
    /// Who the change is by, as it is recorded.
    pub(crate) author: Author,
    pub(crate) once: Option<Once>,
    pub(crate) deadline: i64,
    pub(crate) trace: Trace,
}

/// The whole transaction of a request.
pub(crate) async fn transact<X: Transaction>(
    work: &mut Work<'_, X>,
    asked: &Asked,
) -> Result<Reply, Failure> {
    Session::expect(work, &asked.request.caller).await?;
    if let Some(once) = &asked.once
        && let Some(answer) = idempotency::replay(work, once).await?
    {
        return Ok(answer.into());
    }
    let plans = work.plans.clone();
    let request = &asked.request;
    let operation = plans.model.operation(request.operation);
    work.asks = plans.turns.asks(request.operation);
    let session = Session::open(work, &request.caller, request.operation).await?;
    let access = Access::find(work, &session, request.operation)?;
    let author = Author::of(work, &session, &access, request.operation);
    work.author = Some(author.clone());
    let target = target(work, operation, request.address.as_ref()).await?;
    if let Target::Old(row) = &target {
        tenancy::settle(work, operation.entity(), Some(key_of(row)?), None).await?;
        let mut scope = work.scope();
        if plans.plan(request.operation).is_some_and(|plan| plan.admits_by_input) {
            // What is sent has a say in who is admitted, so it is looked at first.
            let old = Some(row.as_ref());
            let values = input::sound(work, &session, operation, &request.input, old).await?;
            let seen = input::seen(work, key_of(row)?, operation, &values).await?;
            scope.set(VariableIndex::INPUT, seen);
        }
        // Whether a row is in progress is told only to those who may know that it exists.
        admit(work, request, &access, row, &scope).await?;
        check_free(work, key_of(row)?).await?;
    }
    let created = matches!(target, Target::New(_));
    let old = target.row().map(AsRef::as_ref);
    let values = input::sound(work, &session, operation, &request.input, old).await?;
    let values = files::take(work, &request.caller, operation, values, old).await?;
    check_address(&plans, operation, request.address.as_ref(), &values)?;
    tenancy::check_host(&plans, operation, &values)?;
    let before = target.row().cloned();
    let key = begin(work, &session, operation, target, request.address.as_ref()).await?;
    let actor = match access.actor() {
        Value::Null if access.becomes.is_some() => Value::Uuid(key.1),
        actor => actor,
    };
    let mut frame = frame(work, request.operation, key, actor.clone());
    frame.lookups.clone_from(&asked.lookups);
    let flow = perform(work, &mut frame, &values, created).await?;
    let who = (&access, session.identity.as_ref());
    own_login::check(work, who, request.operation, (key, before.as_ref())).await?;
    check_and_store(work, &access, &frame, operation).await?;
    if let (Some(entity), Some(identity)) = (access.becomes, &session.identity) {
        work.store.link(entity, &subject(identity), key.1).await?;
    }
    let once = asked.once.clone();
    let deadline = asked.deadline;
    let trace = request.trace.clone();
    let operation = request.operation;
    let task = Task { operation, key, created, actor, author, once, deadline, trace };
    conclude(work, &task, &frame, flow, None).await
}

/// Whether somebody else created the row of an upsert after it was looked for: then it is there to
/// be updated.
pub(crate) fn came_meanwhile(plans: &Plans, asked: &Asked, failure: &Failure) -> bool {
    let operation = plans.model.operation(asked.request.operation);
    let (true, Addressed::Key(field)) = (operation.upsert, operation.addressed) else {
        return false;
    };
    let Failure::Problem(problem) = failure else { return false };
    let entity = operation.entity().map(|entity| plans.model.entity(entity));
    let mut keys = entity.into_iter().flat_map(|entity| &entity.unique);
    keys.any(|key| key.fields == [field] && problem.code == key.code.value)
}

/// The row that is written.
enum Target {
    New(u128),
    Old(Arc<Row>),
}

impl Target {
    fn row(&self) -> Option<&Arc<Row>> {
        match self {
            Self::New(_) => None,
            Self::Old(row) => Some(row),
        }
    }
}

/// Finds and locks the target.
async fn target<X: Transaction>(
    work: &mut Work<'_, X>,
    operation: &Operation,
    address: Option<&Value>,
) -> Result<Target, Failure> {
    if operation.kind == OperationKind::Create {
        return Ok(Target::New(new_id()));
    }
    let entity = operation.entity().ok_or_else(|| internal("a write to no entity"))?;
    let id = match operation.addressed {
        Addressed::Id => address.and_then(row_id),
        _ => {
            let row = read::addressed(work, operation, address).await?;
            row.and_then(|row| row_id(&Value::Row(row)))
        }
    };
    let found = match id {
        None => None,
        Some(id) => {
            work.lock(&[(entity, id)]).await?;
            work.row((entity, id)).await?
        }
    };
    match found.filter(|row| !effects::is_deleted(&work.plans.model, row)) {
        Some(row) => Ok(Target::Old(row)),
        None if operation.upsert => Ok(Target::New(new_id())),
        None => Err(Problem::new(&code::NOT_FOUND).into()),
    }
}

fn key_of(row: &Arc<Row>) -> Result<Key, Failure> {
    let id = row_id(&Value::Row(row.clone())).ok_or_else(|| internal("a row has no id"))?;
    Ok((row.entity, id))
}

/// `PUT` writes the row at its address (RFC 9110, section 9.3.4): an upsert does not move it.
fn check_address(
    plans: &Plans,
    operation: &Operation,
    address: Option<&Value>,
    values: &InputValues,
) -> Result<(), Problem> {
    let (true, Addressed::Key(key), Some(address)) =
        (operation.upsert, operation.addressed, address)
    else {
        return Ok(());
    };
    for (parameter, value) in operation.input.parameters.iter().zip(&values.values) {
        let addressed = matches!(parameter.assigns, Assigns::Field(field) if field == key);
        let Some(value) = value.as_ref().filter(|_| addressed) else { continue };
        let ty = &parameter.ty;
        let address = expression::assign(address.clone(), ty, &plans.model.schema);
        if !address.is_ok_and(|address| input::same(ty, &address, value)) {
            let detail = "Expected the value that the address has.";
            let pointer = format!("/{}", parameter.name);
            return Err(Problem::invalid(pointer, "differs-from-address", detail));
        }
    }
    Ok(())
}

/// What must hold before an existing row is touched.
async fn admit<X: Transaction>(
    work: &mut Work<'_, X>,
    request: &Request,
    access: &Access,
    row: &Arc<Row>,
    scope: &Scope,
) -> Result<(), Failure> {
    let actor = access.actor();
    let admitted = access.admits(work, request.operation, row, scope).await?
        && Access::passes(work, request.operation, row, scope, actor).await?;
    if !admitted {
        return Err(Problem::new(&code::NOT_FOUND).into());
    }
    match request.if_match {
        Some(IfMatch::Version(version))
            if row::version(&work.plans.model, row) != Some(version) =>
        {
            Err(Problem::new(&code::PRECONDITION_FAILED).into())
        }
        _ => Ok(()),
    }
}

/// Puts the new row in place, with the key that an upsert is addressed by.
async fn begin<X: Transaction>(
    work: &mut Work<'_, X>,
    session: &Session,
    operation: &Operation,
    target: Target,
    address: Option<&Value>,
) -> Result<Key, Failure> {
    let entity = operation.entity().ok_or_else(|| internal("a write to no entity"))?;
    let id = match target {
        Target::Old(row) => return key_of(&row),
        Target::New(id) => id,
    };
    let key = (entity, id);
    tenancy::created(work, key).await?;
    let row = new_row(&work.plans.model, key, work.now);
    work.insert(key, row);
    if let (Addressed::Key(field), Some(address)) = (operation.addressed, address) {
        let plans = work.plans.clone();
        let ty = &plans.model.entity(entity).field(field).ty;
        let value = expression::assign(address.clone(), ty, &plans.model.schema);
        let value = value.map_err(|_| Problem::new(&code::NOT_FOUND))?;
        if let (expression::Type::Reference(other), Some(id)) = (ty.required(), row_id(&value))
            && !input::visible(work, session, (*other, id)).await?
        {
            return Err(Problem::new(&code::NOT_FOUND).into());
        }
        work.set(key, field, value)?;
    }
    Ok(key)
}

fn frame<X: Transaction>(
    work: &Work<'_, X>,
    operation: OperationId,
    key: Key,
    actor: Value,
) -> Frame {
    let scope = work
        .scope()
        .with(VariableIndex::SELF, Value::Uuid(key.1))
        .with(VariableIndex::ACTOR, actor);
    Frame { operation, key, scope, lookups: BTreeMap::new(), depth: 0 }
}

/// Assigns the inputs and runs the effects.
async fn perform<X: Transaction>(
    work: &mut Work<'_, X>,
    frame: &mut Frame,
    values: &InputValues,
    created: bool,
) -> Result<Flow, Failure> {
    let plans = work.plans.clone();
    let operation = plans.model.operation(frame.operation);
    input::assign_all(work, frame, values, created).await?;
    if created {
        require_inputs(work, frame, operation, values).await?;
        finish::number(work, frame.key).await?;
    }
    if let Some(plan) = plans.plan(frame.operation) {
        finish::lock_referenced(work, frame.key, &plan.locks).await?;
    }
    let flow = effects::run(work, frame, &operation.effects, Start::default()).await?;
    if operation.kind == OperationKind::Delete && flow == Flow::Done {
        delete(work, frame.key)?;
    }
    Ok(flow)
}

/// An upsert that creates needs what a create would.
async fn require_inputs<X: Transaction>(
    work: &mut Work<'_, X>,
    frame: &Frame,
    operation: &Operation,
    values: &InputValues,
) -> Result<(), Failure> {
    if !operation.upsert {
        return Ok(());
    }
    let row = work.row(frame.key).await?;
    let plans = work.plans.clone();
    for (parameter, value) in operation.input.parameters.iter().zip(&values.values) {
        let Assigns::Field(field) = parameter.assigns else { continue };
        let definition = plans.model.entity(frame.key.0).field(field);
        let empty = row.as_ref().is_none_or(|row| row::field(row, field).is_null());
        if value.is_none() && empty && !definition.ty.is_optional() {
            let pointer = format!("/{}", parameter.name);
            return Err(Problem::invalid(pointer, "required", "The property is required.").into());
        }
    }
    Ok(())
}

/// Checks what was written against the model and the grants, and stores it.
async fn check_and_store<X: Transaction>(
    work: &mut Work<'_, X>,
    access: &Access,
    frame: &Frame,
    operation: &Operation,
) -> Result<(), Failure> {
    finish::check(work).await?;
    let after = matches!(operation.kind, OperationKind::Create | OperationKind::Update);
    let needs_store = access.needs_store(work, frame.operation);
    if after && !needs_store {
        admit_finished(work, access, frame).await?;
    }
    finish::flush(work).await?;
    finish::check_dependents(work).await?;
    if after && needs_store {
        admit_finished(work, access, frame).await?;
    }
    Ok(())
}

/// `create` and `update`: the grant must hold on the finished row.
async fn admit_finished<X: Transaction>(
    work: &mut Work<'_, X>,
    access: &Access,
    frame: &Frame,
) -> Result<(), Failure> {
    let Some(row) = work.row(frame.key).await? else { return Ok(()) };
    if access.admits(work, frame.operation, &row, &frame.scope).await? {
        return Ok(());
    }
    Err(Problem::new(&code::FORBIDDEN).into())
}

/// Turns the end of the effects into a reply, recorded for the same key. `resumed` is the job whose
/// call led here.
pub(crate) async fn conclude<X: Transaction>(
    work: &mut Work<'_, X>,
    task: &Task,
    frame: &Frame,
    flow: Flow,
    resumed: Option<&Resume>,
) -> Result<Reply, Failure> {
    let reply = match flow {
        Flow::Suspended(suspension) => {
            let job = job::create(work, task, frame, suspension, resumed)?;
            work.store.put_job(&job).await?;
            let location = location(work, task);
            Reply::Pending { job: Box::new(job), location }
        }
        Flow::Ended(Some(problem)) => Reply::Refused(problem),
        Flow::Done | Flow::Ended(None) => Reply::Answer(answer(work, task).await?),
    };
    if let Some(once) = &task.once {
        let answer = match &reply {
            Reply::Answer(answer) => Some(Ok(answer)),
            Reply::Refused(problem) => Some(Err(problem)),
            Reply::Pending { .. } => None,
        };
        idempotency::record(work, once, answer).await?;
    }
    Ok(reply)
}

async fn answer<X: Transaction>(work: &mut Work<'_, X>, task: &Task) -> Result<Answer, Failure> {
    let plans = work.plans.clone();
    let operation = plans.model.operation(task.operation);
    let row = work.row(task.key).await?;
    let row = row.filter(|row| !effects::is_deleted(&plans.model, row));
    let Some(row) = row.filter(|_| operation.kind != OperationKind::Delete) else {
        return Ok(Answer { status: 204, row: Some(task.key.1), ..Answer::ok(Body::Empty) });
    };
    let mut body = Vec::new();
    output::write(work, task.operation, &task.actor, &row, &mut body).await?;
    Ok(Answer {
        status: if task.created { 201 } else { 200 },
        version: row::version(&plans.model, &row),
        location: task.created.then(|| location(work, task)).flatten(),
        row: Some(task.key.1),
        ..Answer::ok(Body::Json(body))
    })
}

fn location<X>(work: &Work<'_, X>, task: &Task) -> Option<String> {
    let path = work.plans.plan(task.operation)?.location.as_ref()?;
    Some(format!("{path}{}", uuid::Uuid::from_u128(task.key.1)))
}

/// An operation of the own context, called by an effect: part of the caller's transaction, done as
/// `system`. The row it was about.
pub(crate) async fn inline<X: Transaction>(
    work: &mut Work<'_, X>,
    callee: OperationId,
    target_id: Option<u128>,
    arguments: Vec<Value>,
    depth: u8,
) -> Result<Key, Failure> {
    let plans = work.plans.clone();
    let operation = plans.model.operation(callee);
    let session = Session::open(work, &super::system_caller(&plans), callee).await?;
    let access = Access::find(work, &session, callee)?;
    let address = target_id.map(Value::Uuid);
    let target = target_inline(work, operation, address.as_ref()).await?;
    let input = InputValues::of(arguments.into_iter().map(Some).collect());
    let values = input::check(operation, &input, &plans.model.schema)?;
    if let Target::Old(row) = &target {
        let seen = input::seen(work, key_of(row)?, operation, &values).await?;
        let scope = work.scope().with(VariableIndex::INPUT, seen);
        if !access.admits(work, callee, row, &scope).await? {
            return Err(Problem::new(&code::NOT_FOUND).into());
        }
        check_free(work, key_of(row)?).await?;
    }
    let created = matches!(target, Target::New(_));
    input::check_references(work, &session, operation, &values, &BTreeMap::new()).await?;
    let key = begin(work, &session, operation, target, address.as_ref()).await?;
    let mut frame = frame(work, callee, key, Value::Null);
    frame.depth = depth;
    match perform(work, &mut frame, &values, created).await? {
        Flow::Done | Flow::Ended(None) => {}
        Flow::Ended(Some(problem)) => return Err(problem.into()),
        Flow::Suspended(_) => return Err(internal("a durable call within an inline one").into()),
    }
    if matches!(operation.kind, OperationKind::Create | OperationKind::Update) {
        admit_finished(work, &access, &frame).await?;
    }
    Ok(key)
}

/// As [`target`], but rows of this transaction that are not stored yet are found by their id.
async fn target_inline<X: Transaction>(
    work: &mut Work<'_, X>,
    operation: &Operation,
    address: Option<&Value>,
) -> Result<Target, Failure> {
    if operation.kind != OperationKind::Create
        && let (Some(entity), Some(id)) = (operation.entity(), address.and_then(row_id))
        && let Some(row) = work.row((entity, id)).await?
        && !effects::is_deleted(&work.plans.model, &row)
    {
        work.lock(&[(entity, id)]).await?;
        return Ok(Target::Old(work.row((entity, id)).await?.unwrap_or(row)));
    }
    target(work, operation, address).await
}
