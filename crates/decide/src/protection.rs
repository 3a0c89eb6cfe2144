//! What a caller does about a callee that may be slow, fail or hang, as numbers: when it stops
//! waiting, how often it asks again, how many calls it lets under way at once, when it stops asking.
//! The decision `resilience` puts it into words, the simulator plays it.

use std::collections::{BTreeMap, BTreeSet};

use base::{Percentiles, Quantity};
use model::model::ContextId;
use queueing::{little, servers_for_blocking_probability};

use crate::crossings::{self, Crossing, End, How};
use crate::decided;
use crate::design::{Design, Verdict};
use crate::facts::{self, Facts};
use crate::{budget, durable, numbers};

/// The numbers of one call. Times are in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Protection {
    /// How long the caller waits for one attempt.
    pub timeout: f64,
    /// Share of good answers that come later than that.
    pub cut: f64,
    /// Attempts, the first included.
    pub attempts: i32,
    /// Longest wait before the second attempt; it doubles with each, and the wait is drawn evenly
    /// between nothing and it ("full jitter").
    pub backoff: f64,
    /// Longest wait before any attempt.
    pub backoff_most: f64,
    /// Further attempts, as a share of the calls.
    pub retry_budget: f64,
    /// Calls at once in one process, which could make all of them: processes come and go. Whoever
    /// finds so many under way is turned away without a wait.
    pub bulkhead: f64,
    /// Calls at once, at the load that can be reached, while the callee hangs until the timeout.
    pub hanging: f64,
    /// Calls a second at the peak, within the callee's limit.
    pub rate: f64,
    /// Calls a second at the load that can be reached (D2), within the callee's limit.
    pub reached: f64,
    /// Mean time of an attempt, none longer than the timeout.
    pub mean: f64,
    /// What it does against a callee that fails all the time.
    pub breaker: Breaker,
    /// Whether it is written down first, and tried until it is done: so many attempts at once, and
    /// again and again later. Whoever asked does not wait for it.
    pub durable: bool,
}

/// A breaker's figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Breaker {
    /// When it opens.
    pub opens: Opens,
    /// Seconds that it stays open.
    pub open: f64,
    /// Calls that it then lets through to see.
    pub probes: f64,
}

/// When a breaker opens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Opens {
    /// After so many failures one after another: where calls are rare.
    InARow(f64),
    /// When so great a share of at least so many calls within a window of seconds failed.
    Share {
        /// Share of failures.
        failures: f64,
        /// Calls that it must have seen.
        calls: f64,
        /// Window, in seconds.
        window: f64,
    },
}

/// What the caller allows.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Share of requests that it must serve well.
    pub availability: Quantity<f64>,
    /// Its objective.
    pub objective: Quantity<Percentiles>,
    /// Seconds that remain for this call.
    pub remaining: f64,
    /// Its deadline, in seconds.
    pub deadline: f64,
    /// Whether the model says what happens instead.
    pub fallback: bool,
}

impl Caller {
    /// Who makes a call.
    #[must_use]
    pub fn of(model: Facts<'_>, crossing: &Crossing) -> Self {
        let fallback = matches!(crossing.how, How::Calls { fallback: true });
        if let Some(id) = crossing.operation {
            let operation = model.operation(id);
            let Quantity { value, provenance } = facts::availability(model, operation);
            return Self {
                availability: Quantity { value: value.0, provenance },
                objective: facts::objective(model, operation),
                remaining: budget::remaining(model, id, crossing.to),
                deadline: budget::deadline_of(model, operation),
                fallback,
            };
        }
        let Quantity { value, provenance } = facts::context_availability(model, crossing.from);
        let (timeout, objective) = match &crossing.how {
            How::Steps { timeout, objective } => (timeout.clone(), objective.clone()),
            _ => (None, None),
        };
        let objective = objective.unwrap_or_else(|| facts::context_objective(model, crossing.from));
        let deadline = budget::deadline(model, &objective.value);
        let deadline = timeout.map_or(deadline, |timeout| timeout.value.as_secs_f64());
        let availability = Quantity { value: value.0, provenance };
        Self { availability, objective, remaining: deadline, deadline, fallback }
    }
}

impl Protection {
    /// The numbers for calls of which so many a second are made at the peak, to a callee that takes
    /// these times.
    #[must_use]
    pub fn of(model: Facts<'_>, caller: &Caller, crossing: &Crossing) -> Self {
        let (times, _, _) = budget::times(model, crossing.to);
        let durable = durable::is(model, crossing) && crossing.to.context(model).is_none();
        let within = if durable { f64::INFINITY } else { caller.remaining.max(1e-3) };
        let timeout = |retried: bool| {
            let share = budget::false_timeouts(model, caller.availability.value, retried);
            times.quantile(1.0 - share).min(within)
        };
        let retried = timeout(true);
        let repeatable = idempotent(model, crossing.to);
        let attempts = match repeatable {
            true if durable => i32::try_from(durable::TRIES).unwrap_or(i32::MAX),
            true => attempts(model, caller, times.quantile(0.5), retried),
            false => 1,
        };
        let timeout = if attempts > 1 { retried } else { timeout(false) };
        let timeout = if durable { durable::timeout(model, crossing.to, timeout) } else { timeout };
        let limit = limit(model, crossing.to).map_or(f64::INFINITY, |limit| limit.value);
        let rate = crossing.rate.peak.min(limit);
        let reached = (crossing.rate.peak * facts::reach(model, crossing.from)).min(limit);
        let mean = times.mean().min(timeout);
        Self {
            timeout,
            cut: 1.0 - times.distribution(timeout),
            attempts,
            backoff: match durable {
                true => durable::FIRST_PAUSE.as_secs_f64(),
                false => model.value(&numbers::RETRY_BASE) / 1e3,
            },
            backoff_most: match durable {
                true => durable::LONGEST_PAUSE.as_secs_f64(),
                false => caller.deadline * model.value(&numbers::BACKOFF_CAP),
            },
            retry_budget: model.value(&numbers::RETRY_BUDGET),
            bulkhead: bulkhead(model, caller, little(reached, mean)),
            hanging: little(reached, timeout),
            rate,
            reached,
            mean,
            breaker: Breaker::of(model, rate),
            durable,
        }
    }
}

impl Breaker {
    fn of(model: Facts<'_>, rate: f64) -> Self {
        let window = model.value(&numbers::BREAKER_WINDOW);
        let calls = model.value(&numbers::BREAKER_CALLS);
        let opens = if rate * window < calls {
            Opens::InARow(model.value(&numbers::BREAKER_IN_A_ROW))
        } else {
            Opens::Share { failures: model.value(&numbers::BREAKER_FAILURES), calls, window }
        };
        let open = model.value(&numbers::BREAKER_OPEN);
        Self { opens, open, probes: model.value(&numbers::BREAKER_PROBES) }
    }
}

/// The fewest calls at once of which hardly any is turned away, with so many under way on average
/// (Erlang B, whatever the times are distributed like): a tenth of the caller's unavailability. It
/// does not count on second attempts, since who is turned away finds the bulkhead full again.
fn bulkhead(model: Facts<'_>, caller: &Caller, inside: f64) -> f64 {
    let unavailable = (1.0 - caller.availability.value).max(1e-9);
    let share = model.value(&numbers::TURNED_AWAY) * unavailable;
    servers_for_blocking_probability(inside, share).map_or(inside.ceil(), f64::from)
}

/// Attempts that fit: after each that timed out, at least a usual answer and the wait before it
/// must fit what remains.
fn attempts(model: Facts<'_>, caller: &Caller, p50: f64, timeout: f64) -> i32 {
    let mut remaining = caller.remaining;
    let mut attempts = 1;
    while f64::from(attempts) < model.value(&numbers::ATTEMPTS) {
        let wait = budget::backoff(model, attempts, caller.deadline);
        remaining -= timeout + wait;
        if remaining < p50 {
            break;
        }
        attempts += 1;
    }
    attempts
}

/// Whether repeating is harmless. Calls between our own operations carry a key, and reads change
/// nothing.
#[must_use]
pub fn idempotent(model: Facts<'_>, end: End) -> bool {
    match end {
        End::External(external, at) => {
            let operation = model.external(external).operations.get(usize::from(at));
            operation.is_some_and(|operation| operation.idempotent || operation.safe)
        }
        _ => true,
    }
}

/// Most calls a second that an external takes.
#[must_use]
pub fn limit(model: Facts<'_>, end: End) -> Option<Quantity<f64>> {
    let End::External(external, _) = end else { return None };
    let Quantity { value, provenance } = model.external(external).limit.clone()?;
    Some(Quantity { value: value.peak, provenance })
}

/// The links over which a caller waits, `from->to`, as `link` decided.
#[must_use]
pub fn waiting<'v>(links: impl IntoIterator<Item = &'v Verdict>) -> BTreeSet<&'v str> {
    let links = links.into_iter().filter(|link| link.family == "link" && link.choice == "sync");
    links.map(|link| link.subject.as_str()).collect()
}

/// Whether the caller sends a request over the network itself: to an external, or to another
/// context over a link that lets it wait. Commands and copies go through the broker.
#[must_use]
pub fn remote(model: Facts<'_>, waiting: &BTreeSet<&str>, crossing: &Crossing) -> bool {
    match (&crossing.how, crossing.to.context(model)) {
        (How::Follows, _) => false,
        (_, None) => true,
        (How::Steps { .. }, Some(_)) => false,
        (_, Some(to)) => {
            let name = |of: ContextId| &model.context(of).name;
            waiting.contains(format!("{}->{}", name(crossing.from), name(to)).as_str())
        }
    }
}

/// A call over the network with its protection.
#[derive(Clone, Debug)]
pub struct Protected {
    /// The call.
    pub crossing: Crossing,
    /// What is done about it.
    pub protection: Protection,
    /// What the verdict, or the model in its place, chose: `timeout`, `retry`, `breaker`,
    /// `fallback`.
    pub choice: &'static str,
}

impl Protected {
    /// Whether it has a breaker.
    #[must_use]
    pub fn breaks(&self) -> bool {
        matches!(self.choice, "breaker" | "fallback")
    }
}

/// All calls of a design over the network, by caller and then by callee; none twice.
#[must_use]
pub fn of_design(design: &Design) -> Vec<Protected> {
    let model = design.facts();
    let waiting = waiting(&design.verdicts);
    let verdicts = design.verdicts.iter().filter(|of| of.family == "resilience");
    let choice: BTreeMap<&str, &'static str> =
        verdicts.map(|of| (of.subject.as_str(), of.choice)).collect();
    let mut known = BTreeSet::new();
    let all = crossings::of(model, &decided::operation_names(model));
    let all = all.into_iter().filter(|of| remote(model, &waiting, of));
    let protected = all.filter_map(|crossing| {
        let id = format!("{}->{}", crossing.caller, crossing.to.name(model));
        let choice = choice.get(id.as_str()).copied()?;
        if !known.insert(id) {
            return None;
        }
        let protection = Protection::of(model, &Caller::of(model, &crossing), &crossing);
        Some(Protected { crossing, protection, choice })
    });
    protected.collect()
}
