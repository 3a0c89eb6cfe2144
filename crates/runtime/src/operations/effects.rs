//! What an operation does: its effects, in order, over one transaction's rows.

use std::collections::BTreeMap;

use expression::{EntityId, Type, Value, ir::VariableIndex, row_id};
use model::model::{BuiltIn, Call, Callee, Effect, EffectKind, OperationId, SetPath};

use super::event;
use super::failure::{Failure, does_not_fit, internal};
use super::fill;
use super::finish;
use super::retention;
use super::row::{self, delete, new_row};
use super::scope::Scope;
use super::states;
use super::work::{Key, Work};
use crate::problem::{Problem, code};
use crate::store::{Transaction, Work as Boxed};

/// Most calls within calls.
const DEPTH_LIMIT: u8 = 16;

/// One operation at work on one row.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) operation: OperationId,
    /// The row that `self` is.
    pub(crate) key: Key,
    /// The names in scope.
    pub(crate) scope: Scope,
    /// Results of the `safe` calls made before the transaction, by position of the effect.
    pub(crate) lookups: BTreeMap<usize, Outcome>,
    /// How many calls led here.
    pub(crate) depth: u8,
}

/// What a call led to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// Its result, of the type of the callee's output.
    Done(Value),
    /// The callee said no, with its code.
    Refused(String),
    /// The callee could not be reached, or the budget was spent.
    Unreachable,
}

/// How a run of effects ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Flow {
    /// After the last one.
    Done,
    /// By `refused` or `fallback`, with what is answered after the commit.
    Ended(Option<Problem>),
    /// At a call that needs everything before it committed.
    Suspended(Suspension),
}

/// Where effects wait for a call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Suspension {
    /// Position of the effect.
    pub(crate) step: usize,
    /// The items of its `each`, and which of them is called for.
    pub(crate) each: Option<(Vec<Value>, usize)>,
    /// The arguments, in the order of the callee's input.
    pub(crate) arguments: Vec<Value>,
    /// The row that the callee acts on.
    pub(crate) target: Option<Value>,
}

/// Where effects start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Start {
    pub(crate) step: usize,
    /// The items of the first effect's `each`, and which of them is next.
    pub(crate) each: Option<(Vec<Value>, usize)>,
}

/// Runs effects from a start. Durable calls suspend only where `durable`: not within other lists.
pub(crate) fn run<'f, X: Transaction>(
    work: &'f mut Work<'_, X>,
    frame: &'f mut Frame,
    effects: &'f [Effect],
    start: Start,
) -> Boxed<'f, Flow, Failure> {
    Box::pin(async move {
        let mut each = start.each;
        for (step, effect) in effects.iter().enumerate().skip(start.step) {
            if work.plans.asks(effect) {
                finish::flush_for_questions(work, frame.key).await?;
            }
            match run_effect(work, frame, effect, step, each.take()).await? {
                Flow::Done => {}
                other => return Ok(other),
            }
        }
        Ok(Flow::Done)
    })
}

/// One effect: once, or once for each item.
async fn run_effect<X: Transaction>(
    work: &mut Work<'_, X>,
    frame: &mut Frame,
    effect: &Effect,
    step: usize,
    resumed: Option<(Vec<Value>, usize)>,
) -> Result<Flow, Failure> {
    let Some(each) = &effect.each else {
        let holds = match &effect.when {
            Some(when) => work.holds(when, &frame.scope).await?,
            None => true,
        };
        return if holds {
            run_once(work, frame, effect, step, None).await
        } else {
            Ok(Flow::Done)
        };
    };
    let (items, first) = match resumed {
        Some(resumed) => resumed,
        None => (list(work.evaluate(&each.range, &frame.scope).await?), 0),
    };
    if let EffectKind::Call(call) = &effect.kind
        && call.inline
    {
        lock_targets(work, frame, call, (each.variable, &items)).await?;
    }
    for at in first..items.len() {
        frame.scope.set(each.variable, items.get(at).cloned().unwrap_or_default());
        if let Some(when) = &effect.when
            && !work.holds(when, &frame.scope).await?
        {
            continue;
        }
        match run_once(work, frame, effect, step, Some((&items, at))).await? {
            Flow::Done => {}
            other => return Ok(other),
        }
    }
    Ok(Flow::Done)
}

/// Locks all that a call is about to write, in the order of their keys: two that went through the
/// same rows in another order would wait for each other.
async fn lock_targets<X: Transaction>(
    work: &mut Work<'_, X>,
    frame: &mut Frame,
    call: &Call,
    (variable, items): (VariableIndex, &[Value]),
) -> Result<(), Failure> {
    let entity = match call.callee {
        Callee::Operation(callee) => work.plans.model.operation(callee).entity(),
        Callee::External(..) => None,
    };
    let Some((entity, target)) = entity.zip(call.target.as_ref()) else { return Ok(()) };
    let mut keys = Vec::with_capacity(items.len());
    for item in items {
        frame.scope.set(variable, item.clone());
        // What cannot be computed is refused when its turn comes.
        if let Ok(value) = fill::fill(work, target, &frame.scope).await {
            keys.extend(row_id(&value).map(|id| (entity, id)));
        }
    }
    work.lock(&keys).await
}

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::List(items) => items.to_vec(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

async fn run_once<X: Transaction>(
    work: &mut Work<'_, X>,
    frame: &mut Frame,
    effect: &Effect,
    step: usize,
    each: Option<(&[Value], usize)>,
) -> Result<Flow, Failure> {
    match &effect.kind {
        EffectKind::Require { condition, otherwise } => {
            if !work.holds(condition, &frame.scope).await? {
                return Err(Problem::of_model(422, otherwise, "The request is refused.").into());
            }
        }
        EffectKind::Set(assignments) => {
            for assignment in assignments {
                set(work, frame, assignment).await?;
            }
        }
        EffectKind::Move { state } => states::change(work, frame, state).await?,
        EffectKind::Create { entity, fields, parts, variable } => {
            let key = create(work, frame, *entity, fields, parts).await?;
            if let Some(variable) = variable {
                frame.scope.set(*variable, Value::Uuid(key.1));
            }
        }
        EffectKind::Delete { row } => {
            let value = work.evaluate(row, &frame.scope).await?;
            let key = fill::referenced(&row.ty, &value)?;
            lock_for_writing(work, key).await?;
            if work.row(key).await?.is_some() {
                delete(work, key)?;
            }
        }
        EffectKind::Emit { event, payload } => {
            event::emit(work, *event, payload, &frame.scope).await?;
        }
        EffectKind::Call(call) => return call_effect(work, frame, call, step, each).await,
        EffectKind::Erase { person } => {
            retention::ask_for_erasure(work, person, &frame.scope).await?;
        }
    }
    Ok(Flow::Done)
}

/// Locks a row that is about to be written; one that waits for a call is not to be touched.
pub(crate) async fn lock_for_writing<X: Transaction>(
    work: &mut Work<'_, X>,
    key: Key,
) -> Result<(), Failure> {
    work.lock(&[key]).await?;
    check_free(work, key).await
}

/// Refuses a row that waits for a call.
pub(crate) async fn check_free<X: Transaction>(
    work: &mut Work<'_, X>,
    key: Key,
) -> Result<(), Failure> {
    if work.plans.interruptible.contains(&key.0)
        && work.may_resume != Some(key)
        && work.store.job_on(key.0, key.1).await?.is_some()
    {
        return Err(Problem::new(&code::IN_PROGRESS).retry_after(1).into());
    }
    Ok(())
}

async fn set<X: Transaction>(
    work: &mut Work<'_, X>,
    frame: &Frame,
    assignment: &model::model::Assignment,
) -> Result<(), Failure> {
    let plans = work.plans.clone();
    let entity = plans.model.entity(frame.key.0);
    match assignment.path {
        SetPath::Field(field) => {
            let definition = entity.field(field);
            let (ty, name) = (&definition.ty, &definition.name);
            let value = fill::assigned(work, &assignment.value, &frame.scope, ty, name).await?;
            work.set(frame.key, field, value)
        }
        SetPath::Through { reference, field } => {
            let value = fill::fill(work, &assignment.value, &frame.scope).await?;
            let ty = &entity.field(reference).ty;
            let row = work.row(frame.key).await?;
            let row = row.ok_or_else(|| internal("an effect writes through a removed row"))?;
            let key = fill::referenced(ty, row::field(&row, reference))?;
            lock_for_writing(work, key).await?;
            let field_of_other = plans.model.entity(key.0).field(field);
            let value = convert(work, value, &field_of_other.ty, &field_of_other.name)?;
            work.set(key, field, value)
        }
        SetPath::PartField { part, field } => {
            set_part_field(work, frame, part.index, field, &assignment.value).await
        }
        SetPath::Part(part) => {
            let rows = fill::part_rows(work, &assignment.value, &frame.scope, part).await?;
            work.change(frame.key, |row| {
                if let Some(slot) = row.parts.get_mut(usize::from(part.index)) {
                    *slot = rows;
                }
            })
        }
    }
}

fn convert<X>(work: &Work<'_, X>, value: Value, ty: &Type, name: &str) -> Result<Value, Failure> {
    Ok(expression::assign(value, ty, &work.plans.model.schema)
        .map_err(|error| does_not_fit(format!("/{name}"), error))?)
}

/// One field of every row of a part; each row is seen as `each`.
async fn set_part_field<X: Transaction>(
    work: &mut Work<'_, X>,
    frame: &Frame,
    part: u16,
    field: expression::FieldIndex,
    value: &model::model::Fill,
) -> Result<(), Failure> {
    let plans = work.plans.clone();
    let Some(definition) = plans.model.entity(frame.key.0).parts.get(usize::from(part)) else {
        return Err(internal("an effect writes a part that does not exist").into());
    };
    let Some(target) = definition.fields.get(usize::from(field.0)) else {
        return Err(internal("an effect writes a field that does not exist").into());
    };
    let Some(row) = work.row(frame.key).await? else { return Ok(()) };
    let rows = row.parts.get(usize::from(part)).cloned().unwrap_or_default();
    let mut changed = Vec::with_capacity(rows.len());
    for (at, row) in rows.into_iter().enumerate() {
        let pointer = format!("{}/{at}/{}", definition.name, target.name);
        let scope = frame.scope.clone().with(VariableIndex::EACH, Value::Record(row.clone()));
        let value = fill::assigned(work, value, &scope, &target.ty, &pointer).await?;
        let mut values = row.to_vec();
        if let Some(slot) = values.get_mut(usize::from(field.0)) {
            *slot = value;
        }
        changed.push(values.into());
    }
    work.change(frame.key, |row| {
        if let Some(slot) = row.parts.get_mut(usize::from(part)) {
            *slot = changed;
        }
    })
}

/// `create`: another row of the same context.
async fn create<X: Transaction>(
    work: &mut Work<'_, X>,
    frame: &mut Frame,
    entity: EntityId,
    fields: &[(expression::FieldIndex, model::model::Fill)],
    parts: &[(u16, model::model::Fill)],
) -> Result<Key, Failure> {
    let plans = work.plans.clone();
    let key = (entity, super::clock::new_id());
    super::tenancy::created(work, key).await?;
    let tenant = work.scope().get(VariableIndex::TENANT).clone();
    frame.scope.set(VariableIndex::TENANT, tenant);
    let mut row = new_row(&plans.model, key, work.now);
    for (field, value) in fields {
        let definition = plans.model.entity(entity).field(*field);
        let (ty, name) = (&definition.ty, &definition.name);
        let value = fill::assigned(work, value, &frame.scope, ty, name).await?;
        if let Some(slot) = row.fields.get_mut(usize::from(field.0)) {
            *slot = value;
        }
    }
    for (part, value) in parts {
        let id = expression::PartId { entity, index: *part };
        let rows = fill::part_rows(work, value, &frame.scope, id).await?;
        if let Some(slot) = row.parts.get_mut(usize::from(*part)) {
            *slot = rows;
        }
    }
    work.insert(key, row);
    Ok(key)
}

async fn call_effect<X: Transaction>(
    work: &mut Work<'_, X>,
    frame: &mut Frame,
    call: &Call,
    step: usize,
    each: Option<(&[Value], usize)>,
) -> Result<Flow, Failure> {
    if call.inline {
        return inline(work, frame, call).await;
    }
    if call.safe {
        let outcome = frame.lookups.get(&step).cloned().unwrap_or(Outcome::Unreachable);
        return settle(work, frame, call, outcome).await;
    }
    let arguments = fill::all(work, &call.arguments, &frame.scope).await?;
    let target = match &call.target {
        Some(target) => Some(fill::fill(work, target, &frame.scope).await?),
        None => None,
    };
    states::check_next(work, frame, step).await?;
    let each = each.map(|(items, at)| (items.to_vec(), at));
    Ok(Flow::Suspended(Suspension { step, each, arguments, target }))
}

/// Goes on after a call: binds its result, or runs what follows refusal or silence.
pub(crate) async fn settle<X: Transaction>(
    work: &mut Work<'_, X>,
    frame: &mut Frame,
    call: &Call,
    outcome: Outcome,
) -> Result<Flow, Failure> {
    match outcome {
        Outcome::Done(value) => {
            if let Some(variable) = call.variable {
                frame.scope.set(variable, value);
            }
            Ok(Flow::Done)
        }
        Outcome::Refused(reason) => {
            let problem = refusal(call, &reason);
            if call.refused.is_empty() && (call.inline || call.safe) {
                return Err(problem.into());
            }
            run(work, frame, &call.refused, Start::default()).await?;
            Ok(Flow::Ended(Some(problem)))
        }
        Outcome::Unreachable => match &call.fallback {
            Some(fallback) => {
                run(work, frame, fallback, Start::default()).await?;
                Ok(Flow::Ended(None))
            }
            None => Err(Problem::new(&code::UNAVAILABLE).retry_after(5).into()),
        },
    }
}

/// What the caller is told when a callee said no: the model's code, else the callee's.
pub(crate) fn refusal(call: &Call, reason: &str) -> Problem {
    match &call.otherwise {
        Some(code) => Problem::of_model(422, code, "A system that this depends on refused."),
        None => Problem::new(&code::REFUSED).detail(format!("It said: {reason}.")),
    }
}

/// A call within the own context: part of the same transaction.
async fn inline<X: Transaction>(
    work: &mut Work<'_, X>,
    frame: &mut Frame,
    call: &Call,
) -> Result<Flow, Failure> {
    let model::model::Callee::Operation(callee) = call.callee else {
        return Err(internal("an external cannot be called inline").into());
    };
    if frame.depth >= DEPTH_LIMIT {
        return Err(internal("calls are nested too deeply").into());
    }
    let arguments = fill::all(work, &call.arguments, &frame.scope).await?;
    let target = match &call.target {
        Some(target) => row_id(&fill::fill(work, target, &frame.scope).await?),
        None => None,
    };
    let savepoint = work.savepoint();
    let called = super::write::inline(work, callee, target, arguments, frame.depth + 1).await;
    match called {
        Ok(key) => settle(work, frame, call, Outcome::Done(Value::Uuid(key.1))).await,
        Err(Failure::Problem(problem)) if problem.status < 500 && call.otherwise.is_some() => {
            work.undo(savepoint);
            settle(work, frame, call, Outcome::Refused(problem.code.into_owned())).await
        }
        Err(failure) => Err(failure),
    }
}

/// Whether a row can still be seen by effects and answers.
pub(crate) fn is_deleted(model: &model::Model, row: &expression::Row) -> bool {
    row::built_in(model, row, BuiltIn::DeletedAt).is_some_and(|at| !at.is_null())
}
