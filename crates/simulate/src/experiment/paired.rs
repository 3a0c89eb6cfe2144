//! Two networks over the same time with the same random numbers: streams are seeded by name, so that
//! both see the same customers, who ask for the same work.

use super::{Plan, Progress, Report, Unsound, simulate};
use crate::network::Network;

/// Simulates two networks in pairs of replications: as many, as long, and as long after the start.
///
/// # Errors
/// [`Unsound`] where the simulator lost a request or broke Little's law.
pub fn simulate_pair(
    before: &Network,
    after: &Network,
    plan: &Plan,
    mut progress: impl FnMut(Progress),
) -> Result<(Report, Report), Unsound> {
    let first = simulate(before, plan, &mut progress)?;
    let paired = Plan {
        replications: first.replications,
        precision: None,
        duration: Some(watched(&first)),
        ..plan.clone()
    };
    // A precision makes replications longer and divides them: the pairs are whole.
    let first = match plan.precision {
        Some(_) => simulate(before, &paired, &mut progress)?,
        None => first,
    };
    let second = simulate(after, &paired, &mut progress)?;
    // The same part of the start is left out of both.
    let paired = Plan { warm_up: Some(first.warm_up.max(second.warm_up)), ..paired };
    Ok(match first.warm_up.cmp(&second.warm_up) {
        std::cmp::Ordering::Equal => (first, second),
        std::cmp::Ordering::Less => (simulate(before, &paired, progress)?, second),
        std::cmp::Ordering::Greater => (first, simulate(after, &paired, progress)?),
    })
}

/// How long a replication of a report was watched, in nanoseconds.
fn watched(report: &Report) -> u64 {
    report.windows.last().map_or(1, |window| window.to.saturating_sub(report.warm_up))
}
