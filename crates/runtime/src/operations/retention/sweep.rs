//! Goes through the rows and ends those whose time is over.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use decide::retention::Ending;
use expression::{EntityId, Row, Value, row_id};
use model::model::BuiltIn;

use super::empty::emptied;
use super::plan::Retention;
use super::{erasure, lease};
use crate::operations::backend::Inner;
use crate::operations::clock::now;
use crate::operations::failure::Failure;
use crate::operations::journal::Author;
use crate::operations::work::{Entry, Key, Work};
use crate::operations::{finish, report, tenancy};
use crate::problem::{Problem, code};
use crate::store::{Record, Snapshot as _, Store, Terms, Transaction, Walk};
use crate::telemetry::Sample;

/// Rows that are looked at together.
const LOOKED_AT: u32 = 500;
/// Rows that are ended in one transaction: others wait for it.
pub(crate) const TOGETHER: usize = 50;
/// How often rows are gone through that live for minutes or hours.
const OFTEN: Duration = Duration::from_secs(60);
/// How often all are, in microseconds.
const PASS: i64 = 3_600_000_000;

/// What one process knows about its sweeping.
#[derive(Debug)]
pub(crate) struct Sweeper {
    /// What it is called in the record of who sweeps.
    pub(super) holder: String,
    /// One pass at a time within the process.
    at_it: tokio::sync::Mutex<()>,
    /// Rows by entity and what became of them.
    counts: Mutex<BTreeMap<(EntityId, &'static str), u64>>,
}

impl Default for Sweeper {
    fn default() -> Self {
        Self {
            holder: uuid::Uuid::new_v4().to_string(),
            at_it: tokio::sync::Mutex::default(),
            counts: Mutex::default(),
        }
    }
}

impl Sweeper {
    pub(super) fn count(&self, entity: EntityId, what: &'static str) {
        if let Ok(mut counts) = self.counts.lock() {
            *counts.entry((entity, what)).or_default() += 1;
        }
    }

    /// As `/metrics` shows it.
    #[expect(clippy::cast_precision_loss, reason = "counts, far below 2^53")]
    pub(crate) fn samples(&self, model: &model::Model) -> Vec<Sample> {
        let Ok(counts) = self.counts.lock() else { return Vec::new() };
        let sample = |((entity, what), count): (&(EntityId, &str), &u64)| {
            let name = "retention_rows_total";
            let help = "Rows whose time was over, or whose person asked for erasure.";
            let sample = Sample::new(name, help, *count as f64);
            sample.with("entity", &qualified(model, *entity)).with("ending", what)
        };
        counts.iter().map(sample).collect()
    }
}

/// Sweeps now and then until the backend is closed.
pub(crate) async fn run<S: Store>(inner: Arc<Inner<S>>) {
    loop {
        if let Err(problem) = sweep(&inner, now(), false).await {
            report::warning("retention", &format!("{}: {}", problem.code, problem.detail));
        }
        let asked = inner.plans.erasures.notified();
        if tokio::time::timeout(OFTEN, asked).await.is_ok() {
            // What asked has to be committed first; others may follow.
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// Goes through the rows as of a time, and through open requests for erasure: those of entities
/// with short lives always, the others if `all`, or once an hour.
///
/// # Errors
/// Where the store fails; the next one goes on where this one stopped.
pub(crate) async fn sweep<S: Store>(
    inner: &Arc<Inner<S>>,
    at: i64,
    all: bool,
) -> Result<(), Problem> {
    let _alone = inner.sweeper.at_it.lock().await;
    let holder = inner.sweeper.holder.clone();
    let held = inner.store.write(Terms::SERVER, move |tx| {
        Box::pin(async move { Ok(lease::hold(tx, &holder).await?) })
    });
    let held: Result<_, Failure> = held.await;
    let Some(progress) = held? else { return Ok(()) };
    let pending = !progress.entity.is_empty();
    let all = all || pending || at.saturating_sub(progress.complete) >= PASS;
    // Entities in front of the one where the last pass stopped are done.
    let mut skip = pending.then(|| progress.entity.clone());
    for retention in &inner.plans.retentions.0 {
        if retention.period.is_none() || !(all || retention.short) {
            continue;
        }
        let name = qualified(&inner.plans.model, retention.entity);
        let resumed = skip.as_ref().is_some_and(|entity| *entity == name);
        if skip.is_some() && !resumed {
            continue;
        }
        skip = None;
        let after = if resumed { progress.after.as_str() } else { "" };
        let after = u128::from_str_radix(after, 16).unwrap_or(0);
        let rounds = tenancy::rounds(inner, retention.entity);
        // Whose rows the last pass stopped at is not known: all are looked at again.
        let after = if rounds.len() == 1 { after } else { 0 };
        for terms in rounds {
            entity(inner, retention, after, at, terms).await?;
        }
    }
    erasure::go_on(inner, at).await?;
    let holder = inner.sweeper.holder.clone();
    let done = inner.store.write(Terms::SERVER, move |tx| {
        Box::pin(async move {
            if let Some(mut progress) = lease::hold(tx, &holder).await? {
                progress.entity.clear();
                progress.after.clear();
                progress.complete = if all { at } else { progress.complete };
                lease::keep(tx, &mut progress).await?;
            }
            Ok(lease::release(tx, &holder).await?)
        })
    });
    let done: Result<(), Failure> = done.await;
    Ok(done?)
}

/// Goes through the rows of an entity.
async fn entity<S: Store>(
    inner: &Arc<Inner<S>>,
    retention: &Retention,
    mut after: u128,
    at: i64,
    terms: Terms,
) -> Result<(), Problem> {
    let until = newest_due(retention, at);
    loop {
        let walk = Walk { entity: retention.entity, only: None, after, until, limit: LOOKED_AT };
        let rows = walk_rows(inner, walk, terms).await?;
        let Some(last) = rows.last().and_then(id_of) else { return Ok(()) };
        let due =
            |row: &&Arc<Row>| retention.due(&inner.plans.model, row).is_some_and(|due| due <= at);
        let due: Vec<u128> = rows.iter().filter(due).filter_map(id_of).collect();
        for (terms, ids) in tenancy::together(inner, retention.entity, &due, terms) {
            end(inner, retention, &ids, at, terms).await?;
        }
        if !step(inner, retention.entity, last).await? {
            return Err(Problem::new(&code::CONFLICT).detail("another process sweeps now"));
        }
        after = last;
        if rows.len() < LOOKED_AT as usize {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}

/// The greatest id that a row which is due can have: ids of rows that live from their creation, or
/// longer, tell when that was (RFC 9562, section 5.7).
fn newest_due(retention: &Retention, at: i64) -> u128 {
    let Some(period) = retention.period.filter(|_| !retention.counts_from_field()) else {
        return u128::MAX;
    };
    let millisecond = at.saturating_sub(period).div_euclid(1000).saturating_add(1);
    u128::try_from(millisecond).map_or(0, |millisecond| millisecond.saturating_mul(1 << 80))
}

/// Rows as they are committed.
pub(super) async fn walk_rows<S: Store>(
    inner: &Inner<S>,
    walk: Walk,
    terms: Terms,
) -> Result<Vec<Arc<Row>>, Problem> {
    let found: Result<_, Failure> = inner
        .store
        .scan(terms, move |snapshot| Box::pin(async move { Ok(snapshot.walk(&walk).await?) }))
        .await;
    Ok(found?)
}

pub(super) fn id_of(row: &Arc<Row>) -> Option<u128> {
    row_id(&Value::Row(row.clone()))
}

/// Remembers how far it is; whether it may go on.
async fn step<S: Store>(inner: &Inner<S>, entity: EntityId, after: u128) -> Result<bool, Problem> {
    let (holder, name) = (inner.sweeper.holder.clone(), qualified(&inner.plans.model, entity));
    let step: Result<bool, Failure> = inner
        .store
        .write(Terms::SERVER, move |tx| {
            Box::pin(async move {
                let Some(mut progress) = lease::hold(tx, &holder).await? else {
                    return Ok(false);
                };
                (progress.entity, progress.after) = (name, format!("{after:032x}"));
                lease::keep(tx, &mut progress).await?;
                Ok(true)
            })
        })
        .await;
    Ok(step?)
}

/// Ends rows together; one by one where some are still referred to.
async fn end<S: Store>(
    inner: &Arc<Inner<S>>,
    retention: &Retention,
    ids: &[u128],
    at: i64,
    terms: Terms,
) -> Result<(), Problem> {
    match end_together(inner, retention, ids, (at, terms), false).await {
        Err(problem) if problem.is(&code::STILL_REFERENCED) => {}
        other => return other,
    }
    for id in ids {
        match end_together(inner, retention, &[*id], (at, terms), false).await {
            Err(problem) if problem.is(&code::STILL_REFERENCED) => {
                end_together(inner, retention, &[*id], (at, terms), true).await?;
            }
            other => other?,
        }
    }
    Ok(())
}

async fn end_together<S: Store>(
    inner: &Arc<Inner<S>>,
    retention: &Retention,
    ids: &[u128],
    (at, terms): (i64, Terms),
    referenced: bool,
) -> Result<(), Problem> {
    let (plans, ids, holder) = (inner.plans.clone(), ids.to_vec(), inner.sweeper.holder.clone());
    let entity = retention.entity;
    let watch = inner.watch();
    let changes = watch.changes();
    let ended: Result<Vec<&'static str>, Failure> = inner
        .store
        .write(terms, move |tx| {
            Box::pin(async move {
                let Some(retention) = plans.retentions.0.get(entity.0 as usize) else {
                    return Ok(Vec::new());
                };
                if lease::hold(tx, &holder).await?.is_none() {
                    return Ok(Vec::new());
                }
                let mut work = Work::new(plans.clone(), tx, now()).noting(changes);
                work.author = Some(Author::system("retention", true));
                let mut ended = Vec::new();
                for id in ids {
                    let key = (entity, id);
                    let Some(row) = take(&mut work, key).await? else { continue };
                    if retention.due(&plans.model, &row).is_some_and(|due| due <= at) {
                        ended.extend(end_row(&mut work, retention, key, &row, referenced).await?);
                    }
                }
                finish::flush(&mut work).await?;
                Ok(ended)
            })
        })
        .await;
    watch.done().await;
    for what in ended? {
        inner.sweeper.count(entity, what);
    }
    Ok(())
}

/// Locks a row, soft-deleted or not, for its tenant; none if it is gone, or waits for a call.
pub(super) async fn take<X: Transaction>(
    work: &mut Work<'_, X>,
    key: Key,
) -> Result<Option<Arc<Row>>, Failure> {
    tenancy::enter_of(work, key).await?;
    work.lock(&[key]).await?;
    if work.store.job_on(key.0, key.1).await?.is_some() {
        return Ok(None);
    }
    if let Some(row) = work.row(key).await? {
        return Ok(Some(row));
    }
    // Nobody else writes rows that are soft-deleted: there is nothing to lock them against.
    let (entity, after, until) = (key.0, key.1.wrapping_sub(1), key.1);
    let walk = Walk { entity, only: None, after, until, limit: 1 };
    let row = work.store.walk(&walk).await?.into_iter().next();
    work.rows.0.insert(key, Entry::read(row.clone(), true, work.store.tenant()));
    Ok(row)
}

async fn end_row<X: Transaction>(
    work: &mut Work<'_, X>,
    retention: &Retention,
    key: Key,
    row: &Arc<Row>,
    referenced: bool,
) -> Result<Option<&'static str>, Failure> {
    let plans = work.plans.clone();
    if referenced || retention.ending == Ending::Anonymise {
        let emptied = empty(work, key, row).await?;
        let hidden = referenced && hide(work, key, row)?;
        return Ok((emptied || hidden).then_some("emptied"));
    }
    forget(work, key).await?;
    let archived = retention.ending == Ending::Archive;
    if archived {
        let tenant = work.store.tenant();
        let record = erasure::archived(&plans.model, retention, key, row, tenant);
        work.store.put_record(&record).await?;
        work.contents.moves(key);
    }
    work.remove(key);
    Ok(Some(if archived { "archived" } else { "deleted" }))
}

/// A row that is due and still referred to is at least outside of every operation, where rows can
/// be.
fn hide<X: Transaction>(work: &mut Work<'_, X>, key: Key, row: &Arc<Row>) -> Result<bool, Failure> {
    let model = work.plans.model.clone();
    let Some(field) = model.entity(key.0).built_in(BuiltIn::DeletedAt) else { return Ok(false) };
    if crate::operations::effects::is_deleted(&model, row) {
        return Ok(false);
    }
    let now = work.now;
    work.set(key, field, Value::Timestamp(now))?;
    Ok(true)
}

/// Empties what a row says about a person, here and in what was recorded; whether it said anything.
pub(super) async fn empty<X: Transaction>(
    work: &mut Work<'_, X>,
    key: Key,
    row: &Arc<Row>,
) -> Result<bool, Failure> {
    let Some(empty) = emptied(&work.plans.model, row) else { return Ok(false) };
    forget(work, key).await?;
    work.change(key, |row| *row = empty)?;
    Ok(true)
}

/// Takes personal data out of what was recorded about a row.
async fn forget<X: Transaction>(work: &mut Work<'_, X>, key: Key) -> Result<(), Failure> {
    if work.plans.journals.any() {
        work.store.forget_in_journal(key.0, key.1).await?;
    }
    Ok(())
}

pub(super) fn qualified(model: &model::Model, entity: EntityId) -> String {
    let shape = model.shape(entity);
    format!("{}.{}", shape.context, shape.name)
}

/// The record of a row that was moved out of its table.
pub(super) fn record(kind: &str, key: String, owner: String, value: &serde_json::Value) -> Record {
    Record { kind: kind.to_owned(), key, owner, value: value.to_string(), expires: None }
}
