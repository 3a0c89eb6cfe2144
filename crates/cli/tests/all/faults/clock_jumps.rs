//! The clock of the machine jumps, by hours and in both directions.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::backend::Backend;
use super::cluster::Cluster;
use super::ledger::Ledger;
use crate::acceptance::server::Folder;

/// A clock that says what a file says.
struct Clock {
    folder: Folder,
    library: PathBuf,
}

impl Clock {
    fn new() -> Option<Self> {
        let Some(library) = std::env::var_os("FIRMITAS_TEST_FAKETIME") else {
            eprintln!("SKIPPED: FIRMITAS_TEST_FAKETIME is not set (run `cargo xtask test`)");
            return None;
        };
        let this = Self { folder: Folder::new("clock"), library: library.into() };
        this.jump("+0");
        Some(this)
    }

    fn file(&self) -> PathBuf {
        self.folder.0.join("offset")
    }

    /// Sets it to the real time plus or minus something.
    fn jump(&self, offset: &str) {
        let new = self.folder.0.join("new");
        std::fs::write(&new, offset).unwrap();
        std::fs::rename(new, self.file()).unwrap();
    }

    fn before(&self, backend: Backend) -> Backend {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        backend
            .variable("LD_PRELOAD", &text(&self.library))
            .variable("FAKETIME_TIMESTAMP_FILE", &text(&self.file()))
            .variable("FAKETIME_NO_CACHE", "1")
            .variable("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    }
}

#[test]
fn orders_survive_a_clock_that_jumps_under_the_embedded_store() {
    let Some(clock) = Clock::new() else { return };
    jump(&clock, clock.before(Backend::new("clock")).started());
}

#[test]
fn orders_survive_a_clock_that_jumps_before_postgresql() {
    let Some(clock) = Clock::new() else { return };
    let Some(cluster) = Cluster::start("clock-postgresql", &[]) else { return };
    jump(&clock, clock.before(Backend::new("clock")).store(&cluster.url()).started());
}

fn jump(clock: &Clock, backend: Backend) {
    let customer = backend.customer();
    let ledger = Ledger::default();
    let mut slowest = Duration::ZERO;
    ledger.under_load(4, &customer, || {
        for offset in ["+2h", "+1h", "+20h", "+5m", "+0"] {
            std::thread::sleep(Duration::from_millis(200));
            clock.jump(offset);
            slowest = slowest.max(ledger.recovered(Instant::now(), Duration::from_secs(10)));
        }
    });
    // Tokens count for their time alone, whatever order it comes in.
    clock.jump("+25h");
    customer.client.get("/ordering/v1/orders").refused(401, "token-expired");
    clock.jump("-1h");
    customer.client.get("/ordering/v1/orders").refused(401, "invalid-token");
    clock.jump("+0");
    customer.client.get("/ordering/v1/orders").expect(200);
    let seen = ledger.settle(&backend, &customer, false);
    eprintln!("the clock jumped five times, orders within {slowest:?}: {seen}");
}
