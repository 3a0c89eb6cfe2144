//! Closed forms of queueing theory and their kin.
//!
//! Rates are per second and times in seconds unless a caller chooses another pair: only their
//! products matter. Letters follow the literature where a formula is written out: `lambda` arrivals,
//! `mu` service rate of one server, `rho` utilisation. Each form names its source; the tests hold
//! every one to a table of exact values.

mod alternating;
mod availability;
mod cache;
mod closed;
mod finite;
mod general;
mod groups;
mod lognormal;
mod multi_server;
#[cfg(test)]
mod near;
mod network;
mod parallel;
mod patience;
mod retrial;
mod retry;
mod root;
mod scaling;
mod servers;
mod setup;
mod shortest;
mod sleeping;

pub use alternating::AlternatingLines;
pub use availability::{budget_spent, series};
pub use cache::{Popularity, hit_ratio, lru_hit_ratio};
pub use closed::{Closed, ClosedResult};
pub use finite::{FiniteRoom, Population};
pub use general::{DeterministicService, GeneralService, InfiniteServers};
pub use groups::{GroupService, WholeGroups};
pub use lognormal::{Lognormal, normal_quantile};
pub use multi_server::{
    MultiServer, erlang_b, servers_for_blocking_probability, servers_for_waiting_probability,
};
pub use network::{Network, Station, StationResult, tandem_sojourn_quantile};
pub use parallel::{ForkJoin, SplitMerge, fan_out};
pub use patience::Patience;
pub use retrial::Retrial;
pub use retry::{Retries, attempts_at_leaf, load_with_budget};
pub use scaling::Scalability;
pub use servers::{BatchArrivals, Breakdowns, DeterministicServers};
pub use setup::{SetupServer, setup_through};
pub use shortest::{ShortestLine, shorter_of};
pub use sleeping::SleepingServer;

/// Little's law: the mean number inside is throughput times mean time inside (Little 1961).
#[must_use]
pub fn little(throughput: f64, time: f64) -> f64 {
    throughput * time
}
