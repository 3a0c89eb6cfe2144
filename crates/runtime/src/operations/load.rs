//! Reads that the store is asked for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use model::model::{OperationId, OperationKind};

use super::backend::Inner;
use super::clock::now;
use super::failure::Failure;
use super::plan::Plans;
use super::work::Work;
use super::{journal, read};
use crate::call::{Answer, Request};
use crate::problem::Problem;
use crate::store::{JournalEntry, Snapshot, Store, StoreError, Tenant, Terms, Transaction as _};

/// A request, and the grants of a view through which it is answered, if it is through one.
type Asked = Arc<(Box<Request>, Option<Vec<usize>>)>;
/// The answer, and what is recorded of who saw it, by tenant.
type Looked = Result<(Answer, BTreeMap<Tenant, Vec<JournalEntry>>), Failure>;

impl<S: Store> Inner<S> {
    /// Reads from the store: as the caller, or through the grants of a view, for a tenant.
    pub(super) async fn load(
        &self,
        request: Box<Request>,
        through: Option<(Vec<usize>, Tenant)>,
    ) -> Result<Answer, Problem> {
        let list = self.plans.model.operation(request.operation).kind == OperationKind::List;
        let _span = self.store_span(&request, if list { "store.scan" } else { "store.read" });
        let _timing = self.store_timing(request.operation);
        let (tenant, through) = through.map_or_else(
            || (self.terms(&request).tenant, None),
            |(grants, tenant)| (tenant, Some(grants)),
        );
        let several = self.several.get(request.operation.0 as usize);
        let mut terms = Terms {
            tenant,
            stale: self.stale(request.operation),
            // Of no use to anybody after it: the store may end it.
            deadline: request.patience.map(|left| Instant::now() + left),
            single: several.is_some_and(|several| !several.load(Relaxed)),
            granted: false,
        };
        let asked = Arc::new((request, through));
        let (answer, read) = loop {
            match self.look(terms, list, asked.clone()).await {
                Err(failure @ (Failure::Several | Failure::Conflict)) if terms.single => {
                    if let (Failure::Several, Some(several)) = (failure, several) {
                        several.store(true, Relaxed);
                    }
                    terms.single = false;
                }
                result => break result?,
            }
        };
        for (tenant, lines) in read {
            self.record_reads(Terms { tenant, single: false, ..terms }, lines).await?;
        }
        Ok(answer)
    }

    /// Reads once.
    async fn look(&self, terms: Terms, list: bool, asked: Asked) -> Looked {
        let plans = self.plans.clone();
        if list {
            let work = self.store.scan(terms, move |store| Box::pin(looked(plans, store, asked)));
            return work.await;
        }
        self.store.read(terms, move |store| Box::pin(looked(plans, store, asked))).await
    }

    /// What was read is recorded before it is answered.
    async fn record_reads(&self, terms: Terms, read: Vec<JournalEntry>) -> Result<(), Problem> {
        let recorded: Result<(), StoreError> = self
            .store
            .write(terms, move |tx| Box::pin(async move { tx.add_to_journal(&read).await }))
            .await;
        Ok(recorded?)
    }

    /// How old an answer of an operation may be.
    fn stale(&self, operation: OperationId) -> Option<Duration> {
        if let Some(lag) = self.lags.get(&operation) {
            return Some(*lag);
        }
        let stated = self.plans.model.operation(operation).workload.stale.as_ref()?;
        Some(stated.value.to_std())
    }
}

/// The work of one look at the store.
async fn looked<X: Snapshot>(plans: Arc<Plans>, store: &mut X, asked: Asked) -> Looked {
    let (request, through) = &*asked;
    let mut work = Work::new(plans, store, now());
    let answer = read::answer(&mut work, request, through.as_ref()).await?;
    Ok((answer, journal::of_reads(&mut work).await?))
}
