//! What requests that run operations beside the routes share with those of the routes: places,
//! limits, numbers, and the log of refusals.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use model::model::OperationId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::endpoint::Endpoint;
use super::gate::{Gate, Place};
use super::rate::Rates;
use crate::call::{Caller, Trace};
use crate::operations::audit;
use crate::problem::{Problem, code};
use crate::telemetry::{AuditLog, Metrics};

/// How one request that runs operations is let in and counted. Cheap to clone.
#[derive(Clone)]
pub struct Admission {
    shared: Arc<Shared>,
    address: IpAddr,
    sampled: Option<u128>,
}

pub(super) struct Shared {
    pub(super) gate: Arc<Gate>,
    pub(super) rates: Arc<Rates>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) large: Arc<Semaphore>,
    pub(super) audit: AuditLog,
    pub(super) operations: BTreeMap<OperationId, Known>,
}

/// What is known of an operation.
pub(super) struct Known {
    position: usize,
    name: String,
    critical: bool,
}

impl Shared {
    /// What is known of the operations behind these endpoints.
    pub(super) fn known(endpoints: &[Endpoint]) -> BTreeMap<OperationId, Known> {
        let known = |(position, of): (usize, &Endpoint)| {
            (of.operation, Known { position, name: of.name.clone(), critical: of.critical })
        };
        endpoints.iter().enumerate().map(known).collect()
    }

    /// The position of the endpoint of an operation.
    pub(super) fn position(&self, operation: OperationId) -> Option<usize> {
        self.operations.get(&operation).map(|known| known.position)
    }
}

impl std::fmt::Debug for Admission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admission").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Admission {
    pub(super) const fn new(shared: Arc<Shared>, address: IpAddr, sampled: Option<u128>) -> Self {
        Self { shared, address, sampled }
    }

    /// Takes a token for a request for an operation from the bucket of whoever asks; whoever shows
    /// what is worth nothing (`caller` is absent) is counted by its address.
    ///
    /// # Errors
    /// 429 `rate-limited`.
    pub async fn take(
        &self,
        operation: OperationId,
        caller: Option<&Caller>,
    ) -> Result<(), Problem> {
        let Some(known) = self.shared.operations.get(&operation) else { return Ok(()) };
        let rates = &self.shared.rates;
        let taken = rates.take(Some(known.position), caller, self.address, &mut None).await;
        taken.inspect_err(|_| _ = self.shared.metrics.limited.fetch_add(1, Relaxed))
    }

    /// A place among the requests that are worked on, when this one is complete: those who send
    /// slowly hold nobody up. `operation` is what it is for, where it is for one.
    ///
    /// # Errors
    /// 503 `overloaded`.
    pub async fn enter(&self, operation: Option<OperationId>) -> Result<Place<'_>, Problem> {
        let known = operation.and_then(|id| self.shared.operations.get(&id));
        let critical = known.is_some_and(|known| known.critical);
        self.shared.gate.enter(critical).await.ok_or_else(|| {
            self.shared.metrics.shed.fetch_add(1, Relaxed);
            Problem::new(&code::OVERLOADED).retry_after(1)
        })
    }

    /// Leave to hold a large body, more than 16 KiB, until it is dropped.
    ///
    /// # Errors
    /// 503 `overloaded`: too many are being read.
    pub fn large(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let taken = Arc::clone(&self.shared.large).try_acquire_owned();
        taken.map_err(|_| Problem::new(&code::OVERLOADED).retry_after(1))
    }

    /// Learns from a read how the store is doing, see [`Gate::learn`].
    pub fn learn(&self, time: Duration, budget: Duration) {
        self.shared.gate.learn(time, budget);
    }

    /// Counts a request for an operation that ended with a status (of HTTP).
    pub fn record(&self, operation: OperationId, status: u16, duration: Duration) {
        let known = self.shared.operations.get(&operation);
        if let Some(numbers) = known.and_then(|of| self.shared.metrics.operation(of.position)) {
            numbers.record(status, duration, self.sampled);
        }
    }

    /// Writes down that an operation was refused before it was asked.
    pub fn refused(
        &self,
        operation: OperationId,
        caller: Option<&Caller>,
        problem: &Problem,
        trace: &Trace,
    ) {
        if let Some(known) = self.shared.operations.get(&operation) {
            audit::refused(&self.shared.audit, &known.name, caller, problem, trace);
        }
    }
}
