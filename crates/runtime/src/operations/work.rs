//! The rows that one transaction has seen and changed, and evaluation over them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use base::Span;
use expression::{
    EntityId, Environment, EvaluationError, FieldIndex, Lookup, Row, Rows, Type, Value, evaluate,
    ir::{Expression, VariableIndex},
};

use super::failure::{Failure, internal};
use super::files::Contents;
use super::journal::Author;
use super::plan::Plans;
use super::scope::Scope;
use super::turns;
use crate::cache::Changes;
use crate::problem::{Problem, code};
use crate::store::{Bound, OutboxEvent, Snapshot, Tenant, Transaction};

/// A row of an entity.
pub(crate) type Key = (EntityId, u128);

/// Most rows that one transaction follows references to: more would be a model that reads the
/// whole store for one request.
const ROW_LIMIT: usize = 20_000;

/// One transaction's view: rows as they are after the effects so far.
pub(crate) struct Work<'t, X> {
    pub(crate) plans: Arc<Plans>,
    pub(crate) store: &'t mut X,
    /// Microseconds since the Unix epoch, fixed for the transaction.
    pub(crate) now: i64,
    pub(super) rows: Seen,
    /// How many rows were changed so far.
    touches: u32,
    /// The row whose durable call this transaction completes: it alone may be written though it is
    /// in progress.
    pub(crate) may_resume: Option<Key>,
    /// Who does this, once that is known.
    pub(crate) author: Option<Author>,
    /// Rows that the caller got to see and of which that is recorded.
    pub(crate) shown: Vec<Key>,
    /// What happened, to be published once it is committed.
    pub(crate) events: Vec<OutboxEvent>,
    /// What it writes, for the caches.
    pub(crate) changes: Changes,
    /// Files that it deals with.
    pub(crate) contents: Contents,
    /// What a list was asked with; null where it takes nothing.
    input: Value,
    /// Whether its operation asks about all rows of some entity.
    pub(crate) asks: bool,
    /// Turns that it has, and whether alone.
    turns: BTreeMap<String, bool>,
}

/// What effects have done so far, to go back to.
pub(crate) struct Savepoint {
    rows: BTreeMap<Key, Entry>,
    events: usize,
}

/// Rows by key, what the store said about all rows of an entity, and whether rows count only if
/// nobody else can change them.
#[derive(Debug, Default)]
pub(super) struct Seen(pub(super) BTreeMap<Key, Entry>, Questions, bool);

/// Questions that only the store can answer.
#[derive(Debug, Default)]
struct Questions {
    plans: Option<Arc<Plans>>,
    /// Asked since the last change, with what was bound.
    answered: Vec<(Span, Vec<Value>, Option<i64>)>,
    /// Asked by the evaluation that just stopped.
    open: Mutex<Option<(Span, Vec<Value>)>>,
}

/// One row; `None` where it does not exist.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    /// As it was before the transaction.
    pub(super) before: Option<Arc<Row>>,
    /// As the store has it in this transaction.
    pub(super) stored: Option<Arc<Row>>,
    /// As the effects have left it.
    pub(super) now: Option<Arc<Row>>,
    /// Whether others are kept from writing it.
    pub(super) locked: bool,
    /// Whether they are, but this transaction may not write it either.
    held: bool,
    /// Order of the first change; 0 where there was none.
    pub(super) touched: u32,
    /// Whom the work was for when it was read or made.
    pub(super) tenant: Tenant,
}

impl Entry {
    pub(super) fn read(row: Option<Arc<Row>>, locked: bool, tenant: Tenant) -> Self {
        let (before, stored) = (row.clone(), row.clone());
        Self { before, stored, now: row, locked, held: false, touched: 0, tenant }
    }

    /// Whether nobody else changes it before the transaction ends.
    const fn is_steady(&self) -> bool {
        self.locked || self.held || self.touched > 0
    }
}

impl Rows for Seen {
    fn row(&self, entity: EntityId, id: u128) -> Lookup {
        match self.0.get(&(entity, id)) {
            None => Lookup::NotLoaded,
            Some(entry) if self.2 && !entry.is_steady() => Lookup::NotLoaded,
            Some(Entry { now: None, .. }) => Lookup::Absent,
            Some(Entry { now: Some(row), .. }) => Lookup::Loaded(row.clone()),
        }
    }

    fn query(
        &self,
        query: &Expression,
        environment: &Environment<'_>,
    ) -> Result<Value, EvaluationError> {
        self.answer(query, environment)
    }
}

impl Seen {
    /// Answers a question from what is known, or notes it.
    fn answer(
        &self,
        query: &Expression,
        environment: &Environment<'_>,
    ) -> Result<Value, EvaluationError> {
        let needs = EvaluationError::NeedsQuery { span: query.span };
        let predicate = self.1.plans.as_ref().and_then(|plans| plans.questions.get(&query.span));
        let Some(predicate) = predicate else { return Err(needs) };
        let values = predicate.parameters.iter().map(|value| evaluate(value, environment));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        let known =
            |(span, bound, _): &&(Span, Vec<Value>, _)| *span == query.span && *bound == values;
        match self.1.answered.iter().find(known) {
            Some((_, _, Some(answer))) if query.ty == Type::Bool => Ok(Value::Bool(*answer != 0)),
            Some((_, _, Some(answer))) => Ok(Value::Int(*answer)),
            Some((_, _, None)) => {
                Err(EvaluationError::Failed { code: "missing-value", span: query.span })
            }
            None => {
                if let Ok(mut open) = self.1.open.lock() {
                    *open = Some((query.span, values));
                }
                Err(needs)
            }
        }
    }
}

impl<'t, X: Snapshot> Work<'t, X> {
    pub(crate) fn new(plans: Arc<Plans>, store: &'t mut X, now: i64) -> Self {
        let questions = Questions { plans: Some(plans.clone()), ..Questions::default() };
        Self {
            plans,
            store,
            now,
            rows: Seen(BTreeMap::new(), questions, false),
            touches: 0,
            may_resume: None,
            author: None,
            shown: Vec::new(),
            events: Vec::new(),
            changes: Changes::default(),
            contents: Contents::default(),
            input: Value::Null,
            asks: false,
            turns: BTreeMap::new(),
        }
    }

    /// The same, with somebody who wants to know what it writes.
    pub(crate) fn noting(mut self, changes: Changes) -> Self {
        self.changes = changes;
        self
    }

    /// Makes the inputs of a read visible to every expression.
    pub(crate) fn see(&mut self, input: Value) {
        self.input = input;
    }

    /// The names that every expression may use.
    pub(crate) fn scope(&self) -> Scope {
        let mut scope = Scope::default().with(VariableIndex::NOW, Value::Timestamp(self.now));
        if !self.input.is_null() {
            scope.set(VariableIndex::INPUT, self.input.clone());
        }
        match self.store.tenant() {
            Tenant::One(id) => scope.with(VariableIndex::TENANT, Value::Uuid(id)),
            Tenant::None | Tenant::All => scope,
        }
    }

    /// A row as it is now, soft-deleted or not.
    pub(crate) async fn row(&mut self, key: Key) -> Result<Option<Arc<Row>>, Failure> {
        if let Some(entry) = self.rows.0.get(&key) {
            return Ok(entry.now.clone());
        }
        if self.rows.0.len() >= ROW_LIMIT {
            return Err(internal("a request reads more rows than one transaction may").into());
        }
        let row = self.store.referred(key.0, key.1).await?;
        self.rows.0.insert(key, Entry::read(row.clone(), false, self.store.tenant()));
        Ok(row)
    }

    /// Loads many rows of one entity at once; what is known already stays.
    pub(crate) async fn load(&mut self, entity: EntityId, ids: &[u128]) -> Result<(), Failure> {
        let unknown: Vec<u128> =
            ids.iter().copied().filter(|id| !self.rows.0.contains_key(&(entity, *id))).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let tenant = self.store.tenant();
        let rows = self.store.rows(entity, &unknown).await?;
        for (id, row) in unknown.into_iter().zip(rows) {
            self.rows.0.insert((entity, id), Entry::read(row, false, tenant));
        }
        Ok(())
    }

    /// A row with these values among those that this transaction wrote: the store may not know it
    /// yet.
    pub(crate) fn find_changed(
        &self,
        entity: EntityId,
        key: &[(FieldIndex, Value)],
    ) -> Option<u128> {
        let fits = |row: &Row| {
            key.iter().all(|(field, value)| row.fields.get(usize::from(field.0)) == Some(value))
        };
        let range = (entity, 0)..=(entity, u128::MAX);
        let mut entries = self.rows.0.range(range).filter(|(_, entry)| entry.touched > 0);
        entries.find(|(_, entry)| entry.now.as_deref().is_some_and(fits)).map(|(key, _)| key.1)
    }

    /// For which one tenant a row was read or made, if for one.
    pub(crate) fn tenant_of(&self, key: Key) -> Option<Tenant> {
        let tenant = self.rows.0.get(&key)?.tenant;
        tenant.id().map(Tenant::One)
    }

    /// Takes a row that was read elsewhere in the same transaction.
    pub(crate) fn seen(&mut self, key: Key, row: Arc<Row>) {
        let tenant = self.store.tenant();
        self.rows.0.entry(key).or_insert_with(|| Entry::read(Some(row), false, tenant));
    }

    /// The value of an expression; rows that it follows references to are loaded as needed.
    pub(crate) async fn evaluate(
        &mut self,
        expression: &Expression,
        scope: &Scope,
    ) -> Result<Value, Failure> {
        loop {
            let (entity, id) = match self.attempt(expression, scope) {
                Err(EvaluationError::NeedsRow { entity, id }) => (entity, id),
                Err(EvaluationError::NeedsQuery { .. }) => {
                    Box::pin(turns::before_asking(self, expression, scope)).await?;
                    self.ask().await?;
                    continue;
                }
                result => return Ok(result?),
            };
            let key = (entity, id);
            match self.rows.0.get(&key) {
                Some(entry) if !self.rows.2 || entry.is_steady() => {
                    return Err(internal("evaluation asked twice for the same row").into());
                }
                _ if self.rows.2 => self.hold(&[key]).await?,
                _ => drop(self.row(key).await?),
            }
        }
    }

    /// Asks the store what the evaluation that just stopped needs to know.
    async fn ask(&mut self) -> Result<(), Failure> {
        let open = self.rows.1.open.get_mut().ok().and_then(Option::take);
        let Some((span, values)) = open.filter(|_| self.rows.1.answered.len() < ROW_LIMIT) else {
            return Err(internal("a question about all rows that nobody compiled").into());
        };
        let Some(predicate) = self.plans.questions.get(&span).cloned() else {
            return Err(internal("a question about all rows that nobody compiled").into());
        };
        let bound = Bound { predicate, values: values.clone() };
        let answer = self.store.ask(&bound).await?;
        self.rows.1.answered.push((span, values, answer));
        Ok(())
    }

    /// Waits for its turn, which lasts until the transaction ends.
    pub(crate) async fn take_turn(&mut self, name: &str, alone: bool) -> Result<(), Failure> {
        if self.turns.get(name).is_some_and(|known| *known || !alone) {
            return Ok(());
        }
        self.store.take_turn(name, alone).await?;
        self.turns.insert(name.to_owned(), alone);
        Ok(())
    }

    /// A row as the store has it, and as it is to be stored.
    pub(crate) fn versions_of(&self, key: Key) -> [Option<&Row>; 2] {
        let entry = self.rows.0.get(&key);
        [
            entry.and_then(|entry| entry.stored.as_deref()),
            entry.and_then(|entry| entry.now.as_deref()),
        ]
    }

    /// What the store said may no longer be so.
    pub(crate) fn forget_answers(&mut self) {
        self.rows.1.answered.clear();
    }

    fn attempt(&self, expression: &Expression, scope: &Scope) -> Result<Value, EvaluationError> {
        let environment = scope.environment(&self.plans.model.schema, &self.rows);
        evaluate(expression, &environment)
    }

    /// Reads rows that nobody else changes before this transaction ends, in the order of their keys.
    pub(crate) async fn hold(&mut self, keys: &[Key]) -> Result<(), Failure> {
        let steady = |key: &Key| self.rows.0.get(key).is_some_and(Entry::is_steady);
        let mut wanted: Vec<Key> = keys.iter().copied().filter(|key| !steady(key)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return Ok(());
        }
        if self.rows.0.len().saturating_add(wanted.len()) > ROW_LIMIT {
            return Err(internal("a request reads more rows than one transaction may").into());
        }
        let tenant = self.store.tenant();
        let rows = self.store.hold(&wanted).await?;
        for (key, row) in wanted.into_iter().zip(rows) {
            self.rows.0.insert(key, Entry { held: true, ..Entry::read(row, false, tenant) });
        }
        Ok(())
    }

    /// As [`Self::holds`], by rows that nobody else changes before this transaction ends.
    pub(crate) async fn holds_still(
        &mut self,
        condition: &Expression,
        scope: &Scope,
    ) -> Result<bool, Failure> {
        self.rows.2 = self.store.takes_turns();
        let holds = self.holds(condition, scope).await;
        self.rows.2 = false;
        holds
    }

    /// Whether a condition holds; one that cannot be evaluated is an error.
    pub(crate) async fn holds(
        &mut self,
        condition: &Expression,
        scope: &Scope,
    ) -> Result<bool, Failure> {
        Ok(self.evaluate(condition, scope).await? == Value::Bool(true))
    }
}

impl<X: Transaction> Work<'_, X> {
    /// Reads rows and keeps others from writing them, in the order of their keys.
    pub(crate) async fn lock(&mut self, keys: &[Key]) -> Result<(), Failure> {
        let held = |key: &Key| self.rows.0.get(key).is_some_and(|e| e.locked || e.touched > 0);
        let mut wanted: Vec<Key> = keys.iter().copied().filter(|key| !held(key)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return Ok(());
        }
        let tenant = self.store.tenant();
        let rows = self.store.lock(&wanted).await?;
        for (key, row) in wanted.into_iter().zip(rows) {
            self.rows.0.insert(key, Entry::read(row, true, tenant));
        }
        Ok(())
    }

    /// A row that is not stored yet.
    pub(crate) fn insert(&mut self, key: Key, row: Row) {
        let touched = self.next_touch();
        let tenant = self.store.tenant();
        let now = Some(Arc::new(row));
        let entry = Entry { now, locked: true, touched, tenant, ..Entry::default() };
        self.rows.0.insert(key, entry);
    }

    /// Changes a row that was locked or inserted before.
    pub(crate) fn change(
        &mut self,
        key: Key,
        change: impl FnOnce(&mut Row),
    ) -> Result<(), Failure> {
        let touch = self.next_touch();
        let writable = |entry: &&mut Entry| entry.locked && entry.now.is_some();
        let Some(entry) = self.rows.0.get_mut(&key).filter(writable) else {
            return Err(match self.rows.0.get(&key) {
                // Deleted rows are outside every operation.
                Some(entry) if entry.locked => Problem::new(&code::EVALUATION_FAILED)
                    .detail("missing value: a row that an effect writes is deleted"),
                _ => internal("an effect writes a row that is not locked"),
            }
            .into());
        };
        if let Some(row) = &mut entry.now {
            change(Arc::make_mut(row));
        }
        if entry.touched == 0 {
            entry.touched = touch;
        }
        Ok(())
    }

    /// Sets one field.
    pub(crate) fn set(&mut self, key: Key, field: FieldIndex, value: Value) -> Result<(), Failure> {
        self.change(key, |row| {
            if let Some(slot) = row.fields.get_mut(usize::from(field.0)) {
                *slot = value;
            }
        })
    }

    /// Removes a row that was locked or inserted before.
    pub(crate) fn remove(&mut self, key: Key) {
        let touch = self.next_touch();
        if let Some(entry) = self.rows.0.get_mut(&key) {
            entry.now = None;
            if entry.touched == 0 {
                entry.touched = touch;
            }
        }
    }

    /// Remembers what was done so far.
    pub(crate) fn savepoint(&self) -> Savepoint {
        Savepoint { rows: self.rows.0.clone(), events: self.events.len() }
    }

    /// Undoes what was done since.
    pub(crate) fn undo(&mut self, savepoint: Savepoint) {
        let left = std::mem::replace(&mut self.rows.0, savepoint.rows);
        // What a question has had stored meanwhile is stored still.
        for (key, entry) in left.into_iter().filter(|(_, entry)| entry.touched > 0) {
            let restored = self.rows.0.entry(key).or_insert_with(|| Entry {
                now: entry.before.clone(),
                before: entry.before.clone(),
                tenant: entry.tenant,
                ..Entry::default()
            });
            restored.stored = entry.stored;
            restored.touched = restored.touched.max(entry.touched);
            restored.locked = true;
        }
        self.forget_answers();
        self.events.truncate(savepoint.events);
    }

    fn next_touch(&mut self) -> u32 {
        self.touches = self.touches.saturating_add(1);
        self.touches
    }
}
