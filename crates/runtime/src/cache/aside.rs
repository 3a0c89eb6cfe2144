//! Cache-aside: look, miss, read the store, keep, answer. A write fills nothing, it makes old.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use decide::Design;
use expression::{EntityId, FieldIndex, Row};
use model::Model;
use model::model::OperationId;

use super::entry::{Entry, Outcome};
use super::flight::{Flights, Lead, Turn};
use super::generations::Stamp;
use super::local::Local;
use super::plan::{self, CachePlan};
use super::shared::{Looked, Shared, State};
use super::{Generations, Key, Memory, Options, Tag};
use crate::call::Answer;
use crate::problem::Problem;
use crate::store::Tenant;
use crate::telemetry::Sample;

/// For which it is kept that a row is not there.
const MISSING: Duration = Duration::from_secs(1);
/// Bytes of an answer above which it is not handed to other replicas.
const LARGEST_SHARED: usize = 1024 * 1024;

/// Everything that is kept of a design.
pub(crate) struct Caches {
    plans: BTreeMap<OperationId, CachePlan>,
    local: Local,
    flights: Flights,
    generations: Arc<Generations>,
    shared: Option<Arc<dyn Shared>>,
    model: Arc<Model>,
    /// Entities whose rows are a part of what is kept, with the unique fields that they are asked
    /// for by.
    watched: BTreeMap<EntityId, BTreeSet<FieldIndex>>,
    started: Instant,
}

/// A question, ready to be looked up.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) key: Key,
    pub(crate) tags: Vec<Tag>,
}

impl fmt::Debug for Caches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caches").field("plans", &self.plans).finish_non_exhaustive()
    }
}

impl Caches {
    /// The caches of a design, if it keeps anything; and for operations of which something is kept
    /// anywhere, how old what is read may be.
    pub(crate) fn of(
        design: &Design,
        options: Options,
    ) -> (Option<Arc<Self>>, BTreeMap<OperationId, Duration>) {
        let planned = plan::plans(design);
        let lags = planned.iter().map(|of| {
            (of.kept.operation, Duration::try_from_secs_f64(of.kept.lag).unwrap_or_default())
        });
        let lags = lags.collect();
        let plans: BTreeMap<OperationId, CachePlan> =
            planned.into_iter().filter_map(|of| Some((of.kept.operation, of.plan?))).collect();
        let computed = plans.values().map(|plan| plan.bytes).sum::<f64>();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let bytes = match options.memory {
            Memory::Off => return (None, lags),
            Memory::Bytes(bytes) => bytes,
            Memory::Designed => (computed.min(1e12) as u64).clamp(4 << 20, 256 << 20),
        };
        if plans.is_empty() {
            return (None, lags);
        }
        let mut watched: BTreeMap<EntityId, BTreeSet<FieldIndex>> = BTreeMap::new();
        for plan in plans.values() {
            plan.entities().for_each(|entity| {
                watched.entry(entity).or_default();
            });
            if let Some((entity, field)) = plan.asked_by() {
                watched.entry(entity).or_default().insert(field);
            }
        }
        let longest = plans.values().map(|plan| plan.life).max().unwrap_or_default();
        let generations = Arc::new(Generations::default());
        if let Some(shared) = &options.shared {
            shared.listen(generations.clone(), longest);
        }
        let caches = Self {
            plans,
            local: Local::new(bytes, longest),
            flights: Flights::default(),
            generations,
            shared: options.shared,
            model: design.model.clone(),
            watched,
            started: Instant::now(),
        };
        (Some(Arc::new(caches)), lags)
    }

    /// How an operation's answers are kept, if they are.
    pub(crate) fn plan(&self, operation: OperationId) -> Option<&CachePlan> {
        self.plans.get(&operation)
    }

    /// Answers from what is kept, or loads. `load` asks the store; it is called at most once, but
    /// for a popular answer a second time in the background.
    pub(crate) async fn answer<L, F>(
        self: Arc<Self>,
        operation: OperationId,
        asked: Asked,
        load: L,
    ) -> Result<Answer, Problem>
    where
        L: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<Answer, Problem>> + Send,
    {
        let Some(plan) = self.plan(operation) else { return load().await };
        let stamp = self.generations.stamp(&asked.tags);
        if let Some(entry) = self.fresh(&asked.key, stamp) {
            plan.counts.hits.fetch_add(1, Relaxed);
            let age = self.age(&entry);
            if plan.refresh.is_some_and(|from| age >= from) {
                self.clone().refresh(operation, asked, stamp, load);
            }
            return entry.outcome.answer(age);
        }
        plan.counts.misses.fetch_add(1, Relaxed);
        match self.flights.turn(asked.key, stamp).await {
            Turn::Lead(lead) => self.load(plan, lead, &asked, stamp, &load).await,
            Turn::Loaded(entry) => {
                plan.counts.coalesced.fetch_add(1, Relaxed);
                entry.outcome.answer(self.age(&entry))
            }
            Turn::Alone => {
                plan.counts.loads.fetch_add(1, Relaxed);
                load().await
            }
        }
    }

    /// What is kept in this process, unless it is old.
    fn fresh(&self, key: &Key, stamp: Stamp) -> Option<Arc<Entry>> {
        let entry = self.local.get(key)?;
        (entry.stamp == stamp && self.age(&entry) < entry.life).then_some(entry)
    }

    /// Loads a popular answer before it ends, unless somebody does already.
    fn refresh<L, F>(self: Arc<Self>, operation: OperationId, asked: Asked, stamp: Stamp, load: L)
    where
        L: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<Answer, Problem>> + Send,
    {
        tokio::spawn(async move {
            let Some(plan) = self.plan(operation) else { return };
            let Some(lead) = self.flights.try_lead(asked.key, stamp) else { return };
            plan.counts.refreshed.fetch_add(1, Relaxed);
            // Whoever asks next meets a failure as well and is told.
            drop(self.load(plan, lead, &asked, stamp, &load).await);
        });
    }

    /// Asks the other replicas' cache, then the store, and keeps what came of it.
    async fn load<L, F>(
        &self,
        plan: &CachePlan,
        lead: Lead<'_>,
        asked: &Asked,
        stamp: Stamp,
        load: &L,
    ) -> Result<Answer, Problem>
    where
        L: Fn() -> F + Send + Sync,
        F: Future<Output = Result<Answer, Problem>> + Send,
    {
        let shared = self.shared.as_ref().filter(|_| plan.shared);
        let mut state = None;
        if let Some(shared) = shared
            && let Some(Looked { found, state: known }) = shared.look(&asked.key, &asked.tags).await
        {
            if let Some((outcome, age)) =
                found.and_then(|(value, left)| Outcome::decode(&value, left))
                && age < plan.life
            {
                plan.counts.shared_hits.fetch_add(1, Relaxed);
                let read_at = self.now().saturating_sub(age);
                let entry = Arc::new(Entry { outcome, read_at, life: plan.life, stamp });
                let answer = entry.outcome.answer(age);
                lead.land(Some(entry));
                return answer;
            }
            state = Some(known);
        }
        let read_at = self.now();
        plan.counts.loads.fetch_add(1, Relaxed);
        let result = load().await;
        let Some(outcome) = Outcome::of(&result) else {
            plan.counts.failures.fetch_add(1, Relaxed);
            lead.land(None);
            return result;
        };
        let life = match outcome {
            Outcome::Missing => plan.life.min(MISSING),
            Outcome::Read { .. } => spread(plan.life, &asked.key, read_at),
        };
        let entry = Arc::new(Entry { outcome, read_at, life, stamp });
        // While the others cannot be reached, it is kept here.
        if state.is_none() {
            self.local.keep(asked.key, entry.clone());
        }
        lead.land(Some(entry.clone()));
        if let (Some(shared), Some(state)) = (shared, state) {
            self.hand_over(shared.as_ref(), asked.key, state, &entry).await;
        }
        result
    }

    /// Gives an answer to the other replicas.
    async fn hand_over(&self, shared: &dyn Shared, key: Key, state: State, entry: &Entry) {
        let age = self.age(entry);
        let left = entry.life.saturating_sub(age);
        if !left.is_zero() && entry.outcome.size() <= LARGEST_SHARED {
            shared.keep(key, state, entry.outcome.encode(age, entry.life), left).await;
        }
    }

    /// The tags that a write to a row makes old.
    pub(super) fn tags_of_write(
        &self,
        entity: EntityId,
        id: u128,
        tenant: Tenant,
        versions: [Option<&Row>; 2],
        tags: &mut BTreeSet<Tag>,
    ) {
        let Some(keys) = self.watched.get(&entity) else { return };
        let belongs = |of| decide::tenancy::belongs(self.model.entity(entity), entity, of);
        let untenanted = !self.model.system.tenancy.as_ref().is_some_and(belongs);
        tags.insert(Tag::rows(entity, if untenanted { Tenant::None } else { tenant }));
        tags.insert(Tag::row(entity, id));
        for row in versions.into_iter().flatten() {
            let values =
                keys.iter().filter_map(|at| Some((*at, row.fields.get(usize::from(at.0))?)));
            tags.extend(values.map(|(field, value)| Tag::key(entity, field, value)));
        }
    }

    /// Makes old what is made of these, in this process.
    pub(super) fn bump(&self, tags: &[Tag]) {
        self.generations.bump(tags);
    }

    /// The same in all others.
    pub(super) async fn tell(&self, tags: Vec<Tag>) {
        if let Some(shared) = &self.shared {
            shared.forget(tags).await;
        }
    }

    /// Since this process began to keep answers: a clock that nobody sets.
    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn age(&self, entry: &Entry) -> Duration {
        self.now().saturating_sub(entry.read_at)
    }

    /// How often what was kept has helped.
    pub(crate) fn samples(&self) -> Vec<Sample> {
        type Count = fn(&CachePlan) -> u64;
        let counters: [(&'static str, &'static str, Count); 7] = [
            ("cache_hits_total", "Answers that were kept in this process.", |of| {
                of.counts.hits.load(Relaxed)
            }),
            ("cache_shared_hits_total", "Answers that were kept for all replicas.", |of| {
                of.counts.shared_hits.load(Relaxed)
            }),
            ("cache_misses_total", "Questions whose answer was not kept in this process.", |of| {
                of.counts.misses.load(Relaxed)
            }),
            ("cache_loads_total", "Answers read from the store.", |of| {
                of.counts.loads.load(Relaxed)
            }),
            ("cache_coalesced_total", "Questions that waited for another's load.", |of| {
                of.counts.coalesced.load(Relaxed)
            }),
            ("cache_refreshed_total", "Answers loaded anew before their end.", |of| {
                of.counts.refreshed.load(Relaxed)
            }),
            ("cache_load_failures_total", "Loads that led to nothing that can be kept.", |of| {
                of.counts.failures.load(Relaxed)
            }),
        ];
        let mut samples = Vec::new();
        for (name, help, count) in counters {
            samples.extend(self.plans.values().map(|plan| {
                #[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
                let value = count(plan) as f64;
                Sample::new(name, help, value).with("operation", &plan.name)
            }));
        }
        let (bytes, entries) = self.local.size();
        #[expect(clippy::cast_precision_loss, reason = "bytes of one process")]
        samples.extend([
            Sample::new("cache_bytes", "Bytes of the answers kept in this process.", bytes as f64),
            Sample::new("cache_entries", "Answers kept in this process.", entries as f64),
        ]);
        samples.extend(self.shared.iter().flat_map(|shared| shared.samples()));
        samples
    }
}

/// Up to a tenth less, so that answers do not end together.
fn spread(life: Duration, key: &Key, now: Duration) -> Duration {
    let first = key.0.first().copied().unwrap_or_default();
    let share = f64::from(first ^ now.subsec_micros().to_le_bytes()[0]) / 255.0;
    life.mul_f64(1.0 - 0.1 * share)
}
