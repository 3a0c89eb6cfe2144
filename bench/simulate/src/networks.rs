//! What is simulated.

use simulate::kernel::Distribution;
use simulate::network::{Arrivals, Builder, END, Network, Policy, Station};

fn poisson(rate: f64) -> Arrivals {
    let between = Distribution::Exponential(1e9 / rate);
    Arrivals::Open { between, batch: Distribution::Constant(1.0) }
}

/// M/M/4 at 80 % of its capacity.
pub fn four_servers() -> Network {
    many(1)
}

/// So many of them beside each other.
pub fn many(count: u32) -> Network {
    let mut builder = Builder::new();
    for at in 0..count {
        let name = format!("station{at}");
        let station = builder.station(Station { servers: Some(4), ..Station::new(name) });
        let entry = builder.serve(station, Distribution::Exponential(1e9), END);
        builder.source(format!("clients{at}"), poisson(3.2), 0, entry);
    }
    builder.finish()
}

/// Timers that mostly are not needed.
pub fn retries() -> Network {
    let mut builder = Builder::new();
    let station = builder.station(Station { servers: Some(100), ..Station::new("server") });
    let entry = builder.serve(station, Distribution::Exponential(1e8), END);
    let policy = Policy {
        timeout: Some(300_000_000),
        cancel: true,
        retries: 3,
        backoff: 50_000_000,
        longest_backoff: 1_000_000_000,
        jitter: true,
        ..Policy::default()
    };
    let call = builder.call("clients".to_owned(), &[entry], policy, END);
    builder.source("clients", poisson(800.0), 0, call);
    builder.finish()
}

/// Workers that keep a connection while the database works.
pub fn layers() -> Network {
    let mut builder = Builder::new();
    let mut station = |name: &str, servers| {
        builder.station(Station { servers: Some(servers), ..Station::new(name) })
    };
    let (web, pool, database) = (station("web", 64), station("pool", 16), station("database", 8));
    let returned = builder.leave(END);
    let query = builder.serve(database, Distribution::lognormal(1e7, 1.0), returned);
    let asked = builder.enter(pool, query);
    let done = builder.leave(END);
    let policy = Policy { timeout: Some(2_000_000_000), ..Policy::default() };
    let call = builder.call("web".to_owned(), &[asked], policy, done);
    let work = builder.pass("web".to_owned(), Distribution::Exponential(5e6), call);
    let page = builder.enter(web, work);
    builder.source("clients", poisson(640.0), 0, page);
    builder.finish()
}
