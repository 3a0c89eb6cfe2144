//! What a simulation contradicts of what was decided, and the number that would mend it.

mod lever;
mod levers;
mod retries;
mod search;
mod told;

pub use lever::{Lever, Raised};
pub use retries::retries;
pub use search::MOST_TRIALS;
pub use told::{diagnostic, diagnostics};

use decide::Design;

use super::{Answer, Compiled, NoAnswer, OperationAnswer, Phase, Promise, Question};
use crate::experiment::{Plan, Report, Steadiness};
use search::{Aim, Setting, Trials, most_events};

/// A verdict or a promise that a simulation contradicts.
#[derive(Clone, Debug, PartialEq)]
pub struct Contradiction {
    /// What is wrong.
    pub what: What,
    /// The operations and flows that suffer, by name, the first of them the worst.
    pub subjects: Vec<String>,
    /// What was seen of the first, in words.
    pub seen: String,
    /// The least that mends it, verified by simulating once more; empty where nothing that was tried
    /// does.
    pub mended: Vec<Raised>,
    /// Trials that were simulated.
    pub trials: u32,
    /// Whether the search was ended early: what mends it may not be the least, or not be found.
    pub cut: bool,
}

/// What a simulation contradicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// More comes than is served.
    Overloaded,
    /// A latency is not kept.
    Objective,
    /// An availability is not kept.
    Availability,
    /// A bulkhead is too narrow.
    Bulkhead,
    /// A pool of connections is too small.
    Pool,
    /// Retries keep the system down after the trigger is gone.
    Retries,
}

impl What {
    /// The id of its diagnostic.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Overloaded => "overloaded",
            Self::Objective => "objective-missed",
            Self::Availability => "availability-missed",
            Self::Bulkhead => "bulkhead-turns-away",
            Self::Pool => "pool-starved",
            Self::Retries => "retries-metastable",
        }
    }
}

/// What was simulated, with its answer.
#[derive(Clone, Copy, Debug)]
pub struct Simulation<'a> {
    /// The design.
    pub design: &'a Design,
    /// What was asked of it.
    pub question: &'a Question,
    /// The network.
    pub compiled: &'a Compiled,
    /// The report.
    pub report: &'a Report,
    /// The answer.
    pub answer: &'a Answer,
}

/// Everything that an undisturbed simulation contradicts; nothing of a disturbed one, which may.
///
/// # Errors
///
/// [`NoAnswer`].
pub fn contradictions(
    of: Simulation<'_>,
    plan: &Plan,
    progress: &mut dyn FnMut(u32),
) -> Result<Vec<Contradiction>, NoAnswer> {
    let Some(phase) = of.answer.phases.first().filter(|_| of.question.disturbances.is_empty())
    else {
        return Ok(Vec::new());
    };
    let mut trials = Trials {
        design: of.design,
        question: of.question,
        plan: trial_plan(of.report, phase, plan),
        compiled: of.compiled,
        progress,
        done: 0,
        events: 0,
        most_events: most_events(of.report.events),
        cut: false,
        failed: Vec::new(),
    };
    if !of.answer.steadiness.is_meaningful() {
        return overloaded(of.answer, phase, &mut trials);
    }
    let mut open: Vec<&OperationAnswer> =
        phase.operations.iter().filter(|operation| broken(operation)).collect();
    // The worst first: what mends it may mend the others too.
    open.sort_by(|a, b| distress(b).total_cmp(&distress(a)));
    let mut all = Vec::new();
    while let Some((worst, rest)) = open.split_first() {
        let (found, mended) = contradiction(phase, worst, rest, &mut trials)?;
        open = rest.iter().copied().filter(|of| !mended.contains(&of.name)).collect();
        found.into_iter().for_each(|found| join(&mut all, found));
    }
    Ok(all)
}

/// Adds a contradiction; those for which nothing was found share one of each kind.
fn join(all: &mut Vec<Contradiction>, found: Contradiction) {
    let same = |of: &&mut Contradiction| of.mended.is_empty() && of.what == found.what;
    match all.iter_mut().find(same) {
        Some(known) if found.mended.is_empty() => {
            known.subjects.extend(found.subjects);
            known.trials += found.trials;
            known.cut |= found.cut;
        }
        _ => all.push(found),
    }
}

/// Events of one trial in all its replications.
const TRIAL_EVENTS: u64 = 1_000_000;

/// At most as long as what is contradicted, without a search for anything, and long enough to tell
/// whether what is broken holds.
fn trial_plan(report: &Report, phase: &Phase, plan: &Plan) -> Plan {
    let watched = report.windows.last().map_or(1, |of| of.to.saturating_sub(report.warm_up));
    Plan {
        replications: report.replications.min(8),
        precision: None,
        duration: Some(shorter(watched, report.events).max(telling(phase)).min(watched)),
        warm_up: Some(report.warm_up),
        ..plan.clone()
    }
}

/// Requests beyond a percentile with which it is told, and some more.
const BEYOND: f64 = 150.0;

/// How long one has to watch, in nanoseconds, until every promise that is broken could be seen kept.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and as long as the run is the most"
)]
fn telling(phase: &Phase) -> u64 {
    let seconds = phase.operations.iter().map(|of| {
        let broken = of.latency.iter().filter(|(.., promise)| *promise == Promise::Broken);
        let rare = broken.map(|(share, ..)| BEYOND / (1.0 - share).max(1e-9)).fold(0.0, f64::max);
        let failing = match of.availability {
            (share, Promise::Broken) => BEYOND.sqrt() / (1.0 - share).max(1e-9),
            _ => 0.0,
        };
        // Over all replications together, two at the least.
        rare.max(failing) / (2.0 * of.offered.value).max(1e-9)
    });
    (seconds.fold(0.0, f64::max) * 1e9) as u64
}

/// A time in which about so many events happen as a trial may take.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "about as long is long enough"
)]
fn shorter(watched: u64, events: u64) -> u64 {
    let share = TRIAL_EVENTS as f64 / events.max(1) as f64;
    if share >= 1.0 { watched } else { (watched as f64 * share) as u64 }.max(1)
}

fn overloaded(
    answer: &Answer,
    phase: &Phase,
    trials: &mut Trials<'_>,
) -> Result<Vec<Contradiction>, NoAnswer> {
    let full = phase.bottlenecks().next();
    let rate = match answer.steadiness {
        Steadiness::Growing(rate) => Some(rate),
        // Neither steady nor growing: only where something is full there is too much of it.
        _ if full.and_then(|of| of.utilisation).is_some_and(|share| share > FULL) => None,
        _ => return Ok(Vec::new()),
    };
    let name = full.map_or("", |of| of.name.as_str()).to_owned();
    // What is full and turns the rest away is steady too, and bears nothing.
    let steady = |answer: &Answer| answer.steadiness.is_meaningful() && bears(answer);
    let mut mended = None;
    for levers in levers::machines(trials.design, phase) {
        mended = trials.least(&levers, Aim::Steady, &steady)?;
        if mended.is_some() {
            break;
        }
    }
    let seen = told::overloaded(rate, &name);
    let setting = mended.map(|(setting, _)| setting).unwrap_or_default();
    Ok(vec![Contradiction {
        what: What::Overloaded,
        subjects: busiest(phase),
        seen,
        mended: raised(trials, &setting),
        trials: trials.done,
        cut: trials.cut,
    }])
}

/// Share of the requests that must end well where a load is borne.
const BORNE: f64 = 0.95;

/// Whether nearly everything that comes ends well.
fn bears(answer: &Answer) -> bool {
    let Some(phase) = answer.phases.first() else { return false };
    let sum = |of: fn(&OperationAnswer) -> f64| phase.operations.iter().map(of).sum::<f64>();
    sum(|of| of.goodput.value) >= BORNE * sum(|of| of.offered.value)
}

/// Share from which a resource has no time left.
const FULL: f64 = 0.95;

/// The operation that asks for most.
fn busiest(phase: &Phase) -> Vec<String> {
    let most =
        |a: &&OperationAnswer, b: &&OperationAnswer| a.offered.value.total_cmp(&b.offered.value);
    phase.operations.iter().max_by(most).map(|of| of.name.clone()).into_iter().collect()
}

/// What is wrong with an operation, and whom of the others its cure helps as well. Where it breaks a
/// latency and its availability, and nothing mends both, each is looked at by itself.
fn contradiction(
    phase: &Phase,
    worst: &OperationAnswer,
    rest: &[&OperationAnswer],
    trials: &mut Trials<'_>,
) -> Result<(Vec<Contradiction>, Vec<String>), NoAnswer> {
    let (late, failing) = (late(worst), worst.availability.1 == Promise::Broken);
    let kind = if failing { What::Availability } else { What::Objective };
    let (whole, others) = part(phase, worst, rest, trials, (kind, Aim::Everything, kept))?;
    if !whole.mended.is_empty() || !late || !failing {
        return Ok((vec![whole], others));
    }
    let available =
        |of: &OperationAnswer| matches!(of.availability.1, Promise::Kept | Promise::TooRare);
    let in_time = |of: &OperationAnswer| !self::late(of);
    let (first, _) =
        part(phase, worst, &[], trials, (What::Availability, Aim::Available, available))?;
    let (second, _) = part(phase, worst, &[], trials, (What::Objective, Aim::InTime, in_time))?;
    match first.mended.is_empty() && second.mended.is_empty() {
        true => Ok((vec![whole], others)),
        false => Ok((vec![first, second], Vec::new())),
    }
}

/// The promises of an operation that a contradiction is about, and whether they are kept.
type Promises = (What, Aim, fn(&OperationAnswer) -> bool);

/// What would keep some promises of an operation.
fn part(
    phase: &Phase,
    worst: &OperationAnswer,
    rest: &[&OperationAnswer],
    trials: &mut Trials<'_>,
    (mut what, aim, kept): Promises,
) -> Result<(Contradiction, Vec<String>), NoAnswer> {
    let before = trials.done;
    let holds = |answer: &Answer| {
        answer.steadiness.is_meaningful() && found(answer, &worst.name).is_some_and(kept)
    };
    let mut mended = None;
    for levers in levers::of(trials, phase, worst) {
        mended = trials.least(&levers, aim, &holds)?;
        if mended.is_some() {
            what = match levers.as_slice() {
                [Lever::Bulkhead(_)] => What::Bulkhead,
                [Lever::Pool(_)] => What::Pool,
                _ => what,
            };
            break;
        }
    }
    let (setting, others) = match mended {
        Some((setting, answer)) => {
            let well = |of: &&&OperationAnswer| found(&answer, &of.name).is_some_and(self::kept);
            let others = rest.iter().filter(well).map(|of| of.name.clone()).collect();
            (setting, others)
        }
        None => (Setting::new(), Vec::new()),
    };
    let mut subjects = vec![worst.name.clone()];
    subjects.extend(others.iter().cloned());
    let contradiction = Contradiction {
        what,
        subjects,
        seen: told::broken(worst),
        mended: raised(trials, &setting),
        trials: trials.done - before,
        cut: trials.cut,
    };
    Ok((contradiction, others))
}

/// Whether a latency is broken.
fn late(of: &OperationAnswer) -> bool {
    of.latency.iter().any(|(.., promise)| *promise == Promise::Broken)
}

fn raised(trials: &Trials<'_>, setting: &Setting) -> Vec<Raised> {
    let raised = |(lever, value): &(Lever, f64)| Raised {
        now: lever.words(trials.design, lever.now(trials.design, trials.compiled)),
        then: lever.words(trials.design, *value),
    };
    setting.iter().map(raised).collect()
}

fn found<'a>(answer: &'a Answer, name: &str) -> Option<&'a OperationAnswer> {
    answer.phases.first()?.operations.iter().find(|of| of.name == name)
}

fn promises(of: &OperationAnswer) -> impl Iterator<Item = Promise> {
    of.latency.iter().map(|(.., promise)| *promise).chain([of.availability.1])
}

fn broken(of: &OperationAnswer) -> bool {
    promises(of).any(|promise| promise == Promise::Broken)
}

fn kept(of: &OperationAnswer) -> bool {
    promises(of).all(|promise| matches!(promise, Promise::Kept | Promise::TooRare))
}

/// How far an operation is from its worst broken promise, as a multiple.
fn distress(of: &OperationAnswer) -> f64 {
    let quantile = |share: f64| {
        let at = crate::experiment::QUANTILES.iter().position(|of| (of - share).abs() < 1e-9)?;
        of.quantiles.get(at).copied().flatten()
    };
    let late = of.latency.iter().filter(|(.., promise)| *promise == Promise::Broken);
    let late = late.filter_map(|(share, bound, _)| Some(quantile(*share)?.value / bound));
    let failing = of.failed.value / (1.0 - of.availability.0).max(1e-9);
    late.fold(if of.availability.1 == Promise::Broken { failing } else { 0.0 }, f64::max)
}
