//! Read replicas: how fresh each is, by positions in the log of the primary.
//!
//! Twice a second the primary is asked where its log is; a replica that has replayed that far shows
//! everything that was committed when it was asked. No clock of another machine is trusted, and an
//! idle primary makes no replica look old.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio_postgres::Client;

use crate::address::Address;
use crate::pool::Pool;

/// How often positions are asked for.
const EVERY: Duration = Duration::from_millis(500);
/// Positions that are remembered: of one minute.
const MOST: usize = 120;

/// A replica.
#[derive(Debug)]
pub(crate) struct Replica {
    pub pool: Arc<Pool>,
    started: Instant,
    /// Microseconds after the start at which it was as fresh as the primary; 0 for never.
    fresh: AtomicU64,
}

impl Replica {
    pub fn new(pool: Arc<Pool>) -> Arc<Self> {
        Arc::new(Self { pool, started: Instant::now(), fresh: AtomicU64::new(0) })
    }

    /// How old its rows are at most; nothing while it cannot be used.
    pub fn age(&self) -> Option<Duration> {
        let fresh = self.fresh.load(Ordering::Relaxed);
        let age = self.started.elapsed().checked_sub(Duration::from_micros(fresh))?;
        (fresh > 0).then_some(age)
    }

    fn fresh_at(&self, at: Instant) {
        let micros = at.saturating_duration_since(self.started).as_micros();
        self.fresh.store(u64::try_from(micros).unwrap_or(0).max(1), Ordering::Relaxed);
    }
}

/// Measures a replica until its store is gone.
pub(crate) async fn watch(replica: Weak<Replica>, primary: Address, address: Address) {
    let mut clients: (Option<Client>, Option<Client>) = (None, None);
    let mut known: VecDeque<(Instant, u64)> = VecDeque::with_capacity(MOST);
    loop {
        let Some(replica) = replica.upgrade() else { return };
        let asked = Instant::now();
        if let Some(at) = position(&mut clients.0, &primary, PRIMARY).await {
            if known.len() >= MOST {
                known.pop_front();
            }
            known.push_back((asked, at));
        }
        match position(&mut clients.1, &address, REPLICA).await {
            Some(replayed) => {
                let shown = known.iter().rev().find(|(_, at)| *at <= replayed);
                if let Some((at, _)) = shown {
                    replica.fresh_at(*at);
                }
            }
            None => replica.fresh.store(0, Ordering::Relaxed),
        }
        drop(replica);
        tokio::time::sleep(EVERY).await;
    }
}

const PRIMARY: &str = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint";
/// Null where it is no replica (any more).
const REPLICA: &str = "SELECT pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() \
                       THEN pg_last_wal_replay_lsn() END, '0/0')::bigint";

async fn position(client: &mut Option<Client>, address: &Address, sql: &str) -> Option<u64> {
    if client.as_ref().is_none_or(Client::is_closed) {
        *client = address.connect().await.ok();
    }
    let asking = client.as_ref()?.query_typed(sql, &[]);
    let rows = tokio::time::timeout(EVERY * 4, asking).await;
    let row = rows.ok().and_then(Result::ok)?;
    let at: Option<i64> = row.first()?.try_get(0).ok()?;
    u64::try_from(at?).ok()
}
