//! Durable jobs, for those who look after a backend: what waits, and what becomes of what is stuck.

use accounts::{Asking, Unserved};
use runtime::store::{Job, Snapshot as _, Store, Terms, Transaction as _};

/// What becomes of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Its call is made (again) at once, as if it had never been tried.
    Retry,
    /// It is forgotten: the row stays as it is and may be written again.
    Abandon,
}

/// An id as people write it.
#[must_use]
pub fn written_id(id: u128) -> String {
    uuid::Uuid::from_u128(id).to_string()
}

/// The durable jobs of a store.
pub trait Jobs: Send + Sync {
    /// At most so many, the oldest first.
    fn list(&self, limit: u32) -> Asking<'_, Vec<Job>>;

    /// Decides about one, by its id as it is written; `false` where there is none (any more).
    fn decide(&self, id: &str, decision: Decision) -> Asking<'_, bool>;
}

impl<S: Store> Jobs for Unserved<S> {
    fn list(&self, limit: u32) -> Asking<'_, Vec<Job>> {
        Box::pin(self.0.read(Terms::SERVER, move |snapshot| {
            Box::pin(async move { snapshot.jobs(limit).await })
        }))
    }

    fn decide(&self, id: &str, decision: Decision) -> Asking<'_, bool> {
        let Ok(id) = uuid::Uuid::parse_str(id).map(|id| id.as_u128()) else {
            return Box::pin(std::future::ready(Ok(false)));
        };
        Box::pin(self.0.write(Terms::SERVER, move |tx| {
            Box::pin(async move {
                let Some(job) = tx.lock_job(id).await? else { return Ok(false) };
                if decision == Decision::Abandon {
                    tx.complete_job(id).await?;
                    return Ok(true);
                }
                let tried = job.attempts;
                tx.postpone_job(&Job { attempts: 0, due: 0, ..job }, tried).await
            })
        }))
    }
}
