//! A database that says nothing any more.
//!
//! A firewall that forgets a connection, or a machine that is switched off, tells nobody: without an
//! end, work would wait for ever, hold its connection, and keep whoever repeats the request out.

use std::future::Future;
use std::time::Duration;

use runtime::store::StoreError;
use tokio_postgres::Config;

/// How long one piece of work may take. The database itself ends statements earlier.
const WORK: Duration = Duration::from_secs(35);
/// After which silence a connection is asked whether its other end is there.
const IDLE: Duration = Duration::from_secs(20);
/// Between such questions.
const AGAIN: Duration = Duration::from_secs(5);
/// Questions without an answer after which it is not.
const QUESTIONS: u32 = 3;
/// How long what was sent may be on its way.
const UNDER_WAY: Duration = Duration::from_secs(15);
/// How long connecting to one host may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Work with an end. Whoever drops its connection undoes what was not committed.
///
/// # Errors
/// [`StoreError::Unreachable`] when it took too long.
pub(crate) async fn bounded<T>(work: impl Future<Output = T>) -> Result<T, StoreError> {
    tokio::time::timeout(WORK, work).await.map_err(|_| StoreError::Unreachable {
        message: format!("it has not answered within {} s", WORK.as_secs()),
    })
}

/// Lets the system notice that the other end is gone; what the address says counts more.
pub(crate) fn notice(config: &mut Config) {
    config.keepalives_idle(IDLE).keepalives_interval(AGAIN).keepalives_retries(QUESTIONS);
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(UNDER_WAY);
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
}
