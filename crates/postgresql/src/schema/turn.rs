//! Whose turn it is to change the tables.

use std::time::{Duration, Instant};

use runtime::store::StoreError;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::address::Address;
use crate::failure;

/// What all servers of this program that start on one database lock: "Firm".
const LOCK: i64 = 0x4669_726D;
/// The same of those that make a database for the next new tenant: "Firn".
const DATABASES: i64 = 0x4669_726E;
/// How long a server waits for its turn. Indexes of large tables take minutes.
const WAIT: Duration = Duration::from_secs(30 * 60);
/// Between two attempts.
const EVERY: Duration = Duration::from_millis(100);

/// The turn of this server, until it is dropped.
///
/// It is a lock of a transaction on a connection of its own, which does nothing else: so it holds
/// behind a pooler as well, and no index that is built beside it waits for it. Whoever has to wait
/// asks again instead of waiting inside a statement, whose snapshot an index would wait for.
#[derive(Debug)]
pub(crate) struct Turn(Client);

impl Turn {
    /// The turn, as soon as nobody else has it.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`]; [`StoreError::Unusable`] after half an hour.
    pub async fn wait(address: &Address) -> Result<Self, StoreError> {
        Self::wait_for(address, LOCK).await
    }

    /// The turn to make a database for the next new tenant.
    ///
    /// # Errors
    /// As [`Self::wait`].
    pub async fn to_make_a_database(address: &Address) -> Result<Self, StoreError> {
        Self::wait_for(address, DATABASES).await
    }

    async fn wait_for(address: &Address, lock: i64) -> Result<Self, StoreError> {
        let client = address.connect().await?;
        let started = Instant::now();
        loop {
            let asked = ask(&client, lock).await.map_err(|error| failure::plain(&error))?;
            if asked {
                return Ok(Self(client));
            }
            if started.elapsed() > WAIT {
                return Err(StoreError::Unusable {
                    message: format!(
                        "another server has been changing the tables for {} min; pg_locks says \
                         which session holds the advisory lock {lock}",
                        WAIT.as_secs() / 60
                    ),
                });
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Whether it is still this server's turn.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] where its connection was lost.
    pub fn holds(&self) -> Result<(), StoreError> {
        if self.0.is_closed() {
            let message = "the connection that kept others from changing the tables was lost";
            return Err(StoreError::Unreachable { message: message.to_owned() });
        }
        Ok(())
    }
}

async fn ask(client: &Client, lock: i64) -> Result<bool, tokio_postgres::Error> {
    client.batch_execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0").await?;
    // In the simple protocol: the extended one keeps a portal, and its snapshot, for the next
    // statement, which does not come.
    let asked = client.simple_query(&format!("SELECT pg_try_advisory_xact_lock({lock})")).await?;
    let mine = asked.iter().any(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0) == Some("t"),
        _ => false,
    });
    if !mine {
        client.batch_execute("ROLLBACK").await?;
    }
    Ok(mine)
}
