//! The primary dies and its standby is promoted: the server was given both and finds the new one.

use std::time::{Duration, Instant};

use super::backend::Backend;
use super::cluster::Cluster;
use super::ledger::Ledger;

#[test]
fn a_standby_promoted_after_the_primary_died_has_everything_that_was_acknowledged() {
    promote("primary-died", |primary, standby| {
        primary.kill();
        std::thread::sleep(Duration::from_millis(500));
        promoted(standby);
    });
}

/// The connections to it stay open: nobody but the server can find that it takes no writes.
#[test]
fn a_standby_promoted_after_the_primary_was_told_to_rest_is_found() {
    promote("primary-rests", |primary, standby| {
        let mut sql = primary.sql();
        sql.batch_execute("ALTER SYSTEM SET default_transaction_read_only = on").unwrap();
        sql.batch_execute("SELECT pg_reload_conf()").unwrap();
        std::thread::sleep(Duration::from_millis(500));
        promoted(standby);
    });
}

fn promoted(standby: &Cluster) {
    let promoted = standby.sql().query_one("SELECT pg_promote()", &[]).unwrap();
    assert!(promoted.get::<_, bool>(0));
}

fn promote(name: &str, change: impl FnOnce(&mut Cluster, &Cluster)) {
    let Some(mut primary) = Cluster::start(name, &[]) else { return };
    let standby = primary.standby(name);
    acknowledge_together(&primary);
    let url = format!(
        "postgres://postgres@{},{}/postgres?target_session_attrs=read-write",
        primary.host(),
        standby.host()
    );
    let backend = Backend::new(name).store(&url).started();
    let customer = backend.customer();
    let ledger = Ledger::default();
    let recovered = ledger.under_load(4, &customer, || {
        std::thread::sleep(Duration::from_millis(500));
        change(&mut primary, &standby);
        let recovered = ledger.recovered(Instant::now(), Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(300));
        recovered
    });
    let seen = ledger.settle(&backend, &customer, false);
    eprintln!("{name}: a standby was promoted, orders {recovered:?} after that: {seen}");
}

/// From now on a commit is answered when the standby has it, too.
fn acknowledge_together(primary: &Cluster) {
    let mut sql = primary.sql();
    sql.batch_execute("ALTER SYSTEM SET synchronous_standby_names = '*'").unwrap();
    sql.batch_execute("SELECT pg_reload_conf()").unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let together = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
    while sql.query_one(together, &[]).unwrap().get::<_, i64>(0) == 0 {
        assert!(Instant::now() < deadline, "the standby does not follow");
        std::thread::sleep(Duration::from_millis(50));
    }
}
