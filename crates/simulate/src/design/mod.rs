//! A design as a network: what each operation asks of which resource, for how long, and what its
//! callers do when that takes too long. One number is carried from the model into the run: rates,
//! replicas, pools, timeouts and budgets are those that were decided.

mod answer;
mod backlog;
mod calls;
mod comparison;
mod compile;
mod consumers;
mod disturbance;
pub mod feedback;
mod one_server;
mod resources;
mod scaling;
mod stability;
mod text;
pub mod times;
mod used;

pub use answer::{Answer, OperationAnswer, Phase, Promise, ResourceAnswer, answer};
pub use backlog::Backlog;
pub use comparison::{
    Change, Comparison, Direction, OperationChange, PhaseComparison, ResourceChange, Side, compare,
};
pub use compile::{Part, compile};
pub use disturbance::{Disturbance, Happening, Unknown};
pub use one_server::{OneServer, StoreHere};
pub use resources::{Kind, REQUESTS_AT_ONCE, Resource};
pub use stability::{
    FARTHEST, NoAnswer, Pressure, Recovery, Search, Stability, Trial, Turn, stability,
};
pub use text::seconds;
pub use times::Amount;
pub use used::{Source, Used};

use base::Percentiles;
use decide::{Design, numbers};

use crate::calibrate::Measured;
use crate::network::Network;

/// What is asked of a simulation.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// How much comes; replicas follow it within the bounds of autoscaling.
    pub amount: Amount,
    /// How many times that comes, on the same machines: one, unless a boundary is searched.
    pub busier: f64,
    /// What clients do when they get no answer.
    pub clients: Clients,
    /// How many clients there are, where they are so many and no more: each waits for its answer and
    /// thinks before it asks again. Otherwise requests come whatever became of earlier ones.
    pub closed: Option<Closed>,
    /// What happens meanwhile.
    pub disturbances: Vec<Disturbance>,
    /// What was measured, in the place of numbers of the table.
    pub measured: Measured,
    /// The one server that everything runs on, in the place of the deployment that was decided.
    pub server: Option<OneServer>,
}

impl Question {
    /// An amount and nothing else, with clients that try again as callers within do.
    #[must_use]
    pub fn undisturbed(design: &Design, amount: Amount) -> Self {
        let facts = design.facts();
        let backoff = facts.value(&numbers::RETRY_BASE) / 1e3;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates, which is meant"
        )]
        let attempts = facts.value(&numbers::CLIENT_ATTEMPTS) as u32;
        Self {
            amount,
            busier: 1.0,
            clients: Clients { attempts, backoff, jitter: true, budget: None },
            closed: None,
            disturbances: Vec::new(),
            measured: Measured::default(),
            server: None,
        }
    }
}

/// A number of clients that does not grow when answers are slow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Closed {
    /// Clients in all. Each operation has as many of them as its stated requests are of all, one at
    /// the least.
    pub clients: u32,
    /// Mean time from an answer to the next request, in seconds; exponential.
    pub think: f64,
}

/// What clients of the system do when an answer is bad or does not come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clients {
    /// Attempts, the first included.
    pub attempts: u32,
    /// Longest wait before the second, in seconds; it doubles with each.
    pub backoff: f64,
    /// Whether the wait is drawn between nothing and its length.
    pub jitter: bool,
    /// Further attempts as a share of the requests; no bound where there is none.
    pub budget: Option<f64>,
}

/// A design as it is simulated.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// What is run.
    pub network: Network,
    /// The operations whose requests come from clients, and the flows: as many as the first sources,
    /// in order.
    pub operations: Vec<Simulated>,
    /// What they wait for.
    pub resources: Vec<Resource>,
    /// Utilisation above which a resource has no room for chance: what `capacity` bears at D2.
    pub reached: f64,
    /// Share of calls that a bulkhead may turn away before it has no room.
    pub turned_away: f64,
    /// What a network of caches answers before it gets here, at this load; by name of the operation.
    pub edge: Vec<Edge>,
    /// The times that requests are drawn with, and where they come from.
    pub times: Vec<Used>,
    /// What was left out, in words, so that nobody takes the answer for more than it is.
    pub left_out: Vec<String>,
}

/// Requests of an operation that never get here, since a network of caches answers them.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// As verdicts call it.
    pub operation: String,
    /// Requests that clients send a second.
    pub asked: f64,
    /// Those of them that the network of caches answers.
    pub answered: f64,
}

/// An operation whose requests come from clients, or a flow.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulated {
    /// As verdicts call it; flows after the word `flow`.
    pub name: String,
    /// Whether clients ask for it, and ask again.
    pub clients: bool,
    /// Whether others begin it, and it goes on when they wait no longer.
    pub begun: bool,
    /// Requests a second.
    pub rate: f64,
    /// How fast it promises to be.
    pub objective: Percentiles,
    /// Share of requests that it promises to answer well.
    pub availability: f64,
    /// When it stops, in seconds.
    pub deadline: f64,
    /// What it goes through one after the other.
    pub parts: Vec<Part>,
}
