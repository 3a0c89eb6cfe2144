//! The connection, which is there or not: nobody waits for it.
//!
//! A task of its own connects, again and again while there is no connection. Requests use what is
//! there; after some questions in a row without an answer in time, or one broken connection, there
//! is none, until Redis answers that task again. So a Redis that hangs costs a few requests some
//! milliseconds, and one that is gone costs nothing.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use redis::aio::{ConnectionLike as _, MultiplexedConnection};
use redis::{AsyncConnectionConfig, FromRedisValue, Pipeline};
use runtime::telemetry::Sample;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::Address;

/// For which a request waits.
const ANSWER: Duration = Duration::from_millis(25);
/// For a connection, its greeting included.
const CONNECT: Duration = Duration::from_secs(2);
/// Between attempts to connect.
const PAUSE: Duration = Duration::from_millis(250);
/// Between looks whether an idle connection still answers.
const IDLE: Duration = Duration::from_secs(5);
/// Questions in a row without an answer after which there is no connection.
const SILENT: u32 = 3;

/// A connection to Redis that comes and goes. Dropping it ends its task.
pub struct Link {
    state: Arc<State>,
    keeper: JoinHandle<()>,
}

/// Redis answers, but not with what was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused;

#[derive(Default)]
struct State {
    connection: watch::Sender<Option<MultiplexedConnection>>,
    broken: Notify,
    /// Questions in a row without an answer.
    silent: AtomicU32,
    asked: AtomicU64,
    timed_out: AtomicU64,
    failed: AtomicU64,
    /// Not asked, as there was no connection.
    skipped: AtomicU64,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("up", &self.is_up()).finish_non_exhaustive()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Link {
    /// Begins to connect, and waits a moment for the first connection: whether there is one can be
    /// asked afterwards, and the link is of use either way. Needs a Tokio runtime.
    pub async fn open(address: &Address) -> Self {
        let state = Arc::new(State::default());
        let keeper = tokio::spawn(keep(address.clone(), state.clone()));
        let mut connected = state.connection.subscribe();
        drop(tokio::time::timeout(CONNECT, connected.wait_for(Option::is_some)).await);
        Self { state, keeper }
    }

    /// Whether Redis answered last time.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.state.connection.borrow().is_some()
    }

    /// Asks, and gets the answers within some milliseconds or not at all.
    pub(crate) async fn ask<T: FromRedisValue>(&self, pipeline: &Pipeline) -> Option<T> {
        self.try_ask(pipeline).await?.ok()
    }

    /// The same, where it makes a difference whether Redis refuses or does not answer.
    pub(crate) async fn try_ask<T: FromRedisValue>(
        &self,
        pipeline: &Pipeline,
    ) -> Option<Result<T, Refused>> {
        let state = &self.state;
        let Some(mut connection) = state.connection.borrow().clone() else {
            state.skipped.fetch_add(1, Relaxed);
            return None;
        };
        state.asked.fetch_add(1, Relaxed);
        let asking = tokio::time::timeout(ANSWER, pipeline.query_async::<T>(&mut connection));
        match asking.await {
            Ok(Ok(answer)) => {
                state.silent.store(0, Relaxed);
                Some(Ok(answer))
            }
            Ok(Err(error)) if error.is_unrecoverable_error() || error.is_io_error() => {
                state.failed.fetch_add(1, Relaxed);
                state.lose();
                None
            }
            Ok(Err(_)) => {
                state.failed.fetch_add(1, Relaxed);
                Some(Err(Refused))
            }
            Err(_) => {
                state.timed_out.fetch_add(1, Relaxed);
                if state.silent.fetch_add(1, Relaxed) + 1 >= SILENT {
                    state.lose();
                }
                None
            }
        }
    }

    /// How well it answers.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        #[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
        let count = |of: &AtomicU64| of.load(Relaxed) as f64;
        let (state, up) = (&self.state, f64::from(u8::from(self.is_up())));
        let help = "Questions to Redis without an answer.";
        let without = |reason: &str, of: &AtomicU64| {
            Sample::new("redis_errors_total", help, count(of)).with("reason", reason)
        };
        vec![
            Sample::new("redis_up", "Whether Redis answered last time.", up),
            Sample::new("redis_requests_total", "Questions to Redis.", count(&state.asked)),
            without("away", &state.skipped),
            without("failed", &state.failed),
            without("timeout", &state.timed_out),
        ]
    }
}

impl State {
    fn lose(&self) {
        if self.connection.send_replace(None).is_some() {
            self.broken.notify_one();
        }
    }
}

/// Keeps a connection for as long as the link lives.
async fn keep(address: Address, state: Arc<State>) {
    loop {
        if let Ok(Ok(connection)) = tokio::time::timeout(CONNECT, connect(&address)).await {
            state.silent.store(0, Relaxed);
            state.connection.send_replace(Some(connection.clone()));
            watch_over(connection, &state).await;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// A connection that has answered.
async fn connect(address: &Address) -> redis::RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT))
        .set_response_timeout(None);
    let client = address.client();
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    connection.req_packed_command(&redis::cmd("PING")).await?;
    Ok(connection)
}

/// Until it is lost.
async fn watch_over(mut connection: MultiplexedConnection, state: &State) {
    loop {
        if tokio::time::timeout(IDLE, state.broken.notified()).await.is_ok() {
            return;
        }
        let ping = redis::cmd("PING");
        let pinged = connection.req_packed_command(&ping);
        if !matches!(tokio::time::timeout(CONNECT, pinged).await, Ok(Ok(_))) {
            state.connection.send_replace(None);
            return;
        }
    }
}
