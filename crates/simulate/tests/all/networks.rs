//! Networks that several tests use.

use simulate::kernel::Distribution;
use simulate::network::{Arrivals, Builder, END, Network, Policy, Station};

/// A second in nanoseconds.
pub const SECOND: f64 = 1e9;

pub fn poisson(rate: f64) -> Arrivals {
    let between = Distribution::Exponential(SECOND / rate);
    Arrivals::Open { between, batch: Distribution::Constant(1.0) }
}

/// Poisson arrivals at one station.
pub fn single(rate: f64, station: Station, service: Distribution) -> Network {
    let mut builder = Builder::new();
    let station = builder.station(station);
    let entry = builder.serve(station, service, END);
    builder.source("clients", poisson(rate), 0, entry);
    builder.finish()
}

/// Everything that can happen, in one network: a pool held while a shared database and an external
/// service are asked, time limits with and without cancellation, retries with jitter and a budget,
/// patience, bounds, priorities and failures.
pub fn everything() -> Network {
    let mut builder = Builder::new();
    let web =
        builder.station(Station { servers: Some(8), capacity: Some(40), ..Station::new("web") });
    let pool = builder.station(Station {
        servers: Some(3),
        patience: Some(Distribution::Constant(0.5 * SECOND)),
        drop_expired: true,
        ..Station::new("pool")
    });
    let database = builder.station(Station {
        servers: Some(2),
        discipline: simulate::network::Discipline::Sharing,
        setup: Some(Distribution::Exponential(0.02 * SECOND)),
        ..Station::new("database")
    });
    let external = builder.station(Station {
        servers: Some(2),
        discipline: simulate::network::Discipline::Priority,
        patience: Some(Distribution::Exponential(SECOND)),
        failures: 0.1,
        setup: Some(Distribution::Exponential(0.05 * SECOND)),
        ..Station::new("external")
    });
    let leave = builder.leave(END);
    let query = builder.serve(database, Distribution::lognormal(0.1 * SECOND, 2.0), leave);
    let query = builder.enter(pool, query);
    let charge = builder.serve(external, Distribution::Exponential(0.2 * SECOND), END);
    let policy = |cancel, jitter| Policy {
        timeout: Some(300_000_000),
        cancel,
        retries: 2,
        backoff: 50_000_000,
        longest_backoff: u64::MAX,
        jitter,
        ..Policy::default()
    };
    let after = builder.leave(END);
    let both = builder.call("both".to_owned(), &[query, charge], policy(true, true), after);
    let one = builder.call("one".to_owned(), &[query], policy(false, false), after);
    let some = builder.by_chance("web".to_owned(), &[(0.5, both), (0.5, one)]);
    let work = builder.pass("web".to_owned(), Distribution::Exponential(0.01 * SECOND), some);
    let page = builder.enter(web, work);
    let mut patient = policy(false, true);
    patient.timeout = Some(1_000_000_000);
    patient.budget = Some(simulate::network::Budget { share: 0.2, burst: 5.0 });
    let client = builder.call("client".to_owned(), &[page], patient, END);
    builder.source("people", poisson(12.0), 0, client);
    builder.source("robots", poisson(4.0), 5, page);
    let think = Distribution::Exponential(2.0 * SECOND);
    builder.source("tellers", Arrivals::Closed { population: 5, think }, 1, client);
    builder.finish()
}
