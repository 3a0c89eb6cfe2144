//! `kill -9` in the middle of a burst: what was acknowledged is there, nothing is half done.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use runtime::store::sqlite::{Limits, SqliteStore};
use runtime::store::{OutboxEvent, Snapshot, Store, StoreError, Transaction};

use crate::killed::killed;
use crate::small::{self, CUSTOMER, ORDER};
use crate::store_support::{Folder, customer, design, insert, now, open, order, product, write};

const DIRECTORY: &str = "FIRMITAS_TEST_CRASH_DIRECTORY";
const ROUNDS: u64 = 8;

/// The process that is killed: eight clients place orders and say which ones were answered.
#[test]
fn child() {
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    let store =
        SqliteStore::open(Path::new(&directory), design(small::shop()), Limits::default()).unwrap();
    let store = Arc::new(store);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let clients: Vec<_> = (0..8u128)
        .map(|_| {
            let store = store.clone();
            runtime.spawn(async move {
                loop {
                    let id = uuid::Uuid::now_v7().as_u128();
                    write(&store, move |session| place(session, id)).await.unwrap();
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "placed {id}").unwrap();
                    out.flush().unwrap();
                }
            })
        })
        .collect();
    // No client ever ends: this waits to be killed.
    for client in clients {
        let _: Result<(), _> = runtime.block_on(client);
    }
}

fn place(session: &mut runtime::store::sqlite::Session, id: u128) -> Result<(), StoreError> {
    now(session.insert(&order(id, 1, 1, &[(2, 1), (2, 2), (2, 3)])))?;
    let event = OutboxEvent {
        id,
        event: "sales.OrderPlaced".into(),
        key: id.to_string(),
        payload: "{}".into(),
        at: 1,
        tenant: None,
    };
    now(session.append(&event))
}

#[test]
fn acknowledged_writes_survive_kill_9_and_nothing_is_half_done() {
    let folder = Folder::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = open(&folder, small::shop()).unwrap();
    let rows = vec![customer(1, "a@example.org"), product(2, "lamp", "Lamp", 1)];
    runtime.block_on(insert(&store, rows)).unwrap();
    drop(store);
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        let seen = acknowledged.len();
        acknowledged.extend(burst(folder.path(), Duration::from_millis(20 + round * 37)));
        assert!(acknowledged.len() > seen, "the child did nothing in round {round}");
        let store = open(&folder, small::shop()).unwrap();
        runtime.block_on(verify(&store, &acknowledged));
    }
}

/// What a child acknowledged that was killed so long after its first answer.
fn burst(directory: &Path, time: Duration) -> Vec<u128> {
    let counts = |line: String| line.split_once("placed ")?.1.parse::<u128>().ok();
    killed("store_crash::child", (DIRECTORY, directory), time, counts)
}

async fn verify(store: &SqliteStore, acknowledged: &[u128]) {
    let expected = acknowledged.to_vec();
    let counts: Result<_, StoreError> = store
        .read(runtime::store::Terms::SERVER, move |session| {
            Box::pin(async move {
                for row in session.rows(ORDER, &expected).await? {
                    let row = row.expect("an acknowledged order is gone");
                    assert_eq!(row.parts[0].len(), 3, "an order lost lines");
                }
                assert!(session.row(CUSTOMER, 1).await?.is_some());
                let events = session.outbox(0, u32::MAX).await?;
                let ids: Vec<u128> = events.iter().map(|(_, event)| event.id).collect();
                let orders = session.rows(ORDER, &ids).await?;
                assert!(orders.iter().all(Option::is_some), "an event without its order");
                Ok(events.len())
            })
        })
        .await;
    assert!(counts.unwrap() >= acknowledged.len(), "an order without its event");
}
