//! Whether a system comes back by itself after a trigger is gone, or stays down under its own
//! retries: metastability (Bronson et al. 2021; Huang et al. 2022).

use decide::Design;

use super::calls::nanoseconds;
use super::{Compiled, Question, Unknown, compile};
use crate::experiment::{Plan, Point, Unsound, simulate};

/// Share of what is asked for from which a system counts as recovered. House.
const RECOVERED: f64 = 0.95;

/// Deadlines that are waited after the trigger: the first half for coming back, the second is
/// measured.
const OBSERVED_DEADLINES: f64 = 10.0;

/// Halvings of a range in which a boundary is searched.
const HALVINGS: u32 = 6;

/// How many times the load, or the length of the trigger, is raised in search of a boundary.
const FARTHEST: f64 = 8.0;

/// What becomes of a system after a trigger.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recovery {
    /// Requests a second that come without a trigger.
    pub offered: f64,
    /// Requests a second that ended well before the trigger.
    pub before: f64,
    /// The same while it lasted.
    pub during: f64,
    /// The same well after it was gone.
    pub after: f64,
}

impl Recovery {
    /// Whether goodput came back to what is asked for.
    #[must_use]
    pub fn returns(&self) -> bool {
        self.after >= RECOVERED * self.offered
    }
}

/// What becomes of a system after a trigger, and how far that is from turning.
#[derive(Clone, Debug, PartialEq)]
pub struct Stability {
    /// At the load and the length that were asked about.
    pub recovery: Recovery,
    /// Seconds that the trigger has to last until goodput does not come back; none within eight
    /// times its length.
    pub length: Option<f64>,
    /// How many times the load has to be there until it does not come back; none within eight
    /// times. Beyond what the machines bear without any trigger it never does.
    pub load: Option<f64>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// A disturbance names what the design does not have.
    Unknown(Unknown),
    /// The simulator broke a law: a bug.
    Unsound(Unsound),
    /// Nothing happens that could end: there is no trigger.
    NoTrigger,
}

/// Looks what becomes of a design after the disturbances of a question have ended, and searches the
/// length of the trigger and the load at which the answer turns.
///
/// # Errors
///
/// [`NoAnswer`].
pub fn stability(
    design: &Design,
    question: &Question,
    plan: &Plan,
    mut progress: impl FnMut(u32, u32),
) -> Result<Stability, NoAnswer> {
    let steps = 2 * HALVINGS + 3;
    let mut done = 0;
    let mut ask = |question: &Question| {
        let recovery = recovery(design, question, plan);
        done += 1;
        progress(done, steps);
        recovery
    };
    let asked = ask(question)?;
    let length = question.disturbances.iter().filter_map(|of| Some(of.until? - of.from));
    let longest = length.fold(0.0, f64::max);
    let length = boundary(asked.returns(), |factor| Ok(ask(&longer(question, factor))?.returns()))?;
    let load = boundary(asked.returns(), |factor| Ok(ask(&busier(question, factor))?.returns()))?;
    Ok(Stability { recovery: asked, length: length.map(|factor| factor * longest), load })
}

/// The factor at which something stops returning: above one where it returns at one, else below;
/// none where it does up to the farthest, nothing where it does not even at almost none.
fn boundary(
    returns: bool,
    mut ask: impl FnMut(f64) -> Result<bool, NoAnswer>,
) -> Result<Option<f64>, NoAnswer> {
    let (mut good, mut bad) = if returns { (1.0, FARTHEST) } else { (0.0, 1.0) };
    if returns && ask(FARTHEST)? {
        return Ok(None);
    }
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(good, bad);
        if ask(middle)? { good = middle } else { bad = middle }
    }
    Ok(Some(f64::midpoint(good, bad)))
}

/// The same question with triggers that last so many times as long.
fn longer(question: &Question, factor: f64) -> Question {
    let mut longer = question.clone();
    for of in &mut longer.disturbances {
        of.until = of.until.map(|until| of.from + (until - of.from) * factor);
    }
    longer
}

/// The same question with so many times as much coming, on the same machines.
fn busier(question: &Question, factor: f64) -> Question {
    Question { busier: question.busier * factor, ..question.clone() }
}

/// What becomes of a design after the disturbances of a question.
pub(super) fn recovery(
    design: &Design,
    question: &Question,
    plan: &Plan,
) -> Result<Recovery, NoAnswer> {
    let compiled = compile(design, question, 0.0).map_err(NoAnswer::Unknown)?;
    let from = question.disturbances.iter().map(|of| of.from).fold(f64::INFINITY, f64::min);
    let ends = question.disturbances.iter().map(|of| of.until);
    let until = ends.map(|until| until.ok_or(NoAnswer::NoTrigger)).try_fold(
        None,
        |last: Option<f64>, until| {
            let until = until?;
            Ok(Some(last.map_or(until, |last| last.max(until))))
        },
    )?;
    let until = until.ok_or(NoAnswer::NoTrigger)?;
    let observed = OBSERVED_DEADLINES * deadline(&compiled);
    let end = until + observed;
    let plan = Plan { duration: Some(nanoseconds(end)), precision: None, ..plan.clone() };
    let report = simulate(&compiled.network, &plan, |_| ()).map_err(NoAnswer::Unsound)?;
    let goodput = |from, until| goodput(&report.series, compiled.operations.len(), from, until);
    Ok(Recovery {
        offered: compiled.operations.iter().map(|of| of.rate).sum(),
        before: goodput(from / 2.0, from),
        during: goodput(from, until),
        after: goodput(until + observed / 2.0, end),
    })
}

/// The longest deadline, in seconds.
fn deadline(compiled: &Compiled) -> f64 {
    let finite = compiled.operations.iter().map(|of| of.deadline).filter(|of| of.is_finite());
    finite.fold(1.0, f64::max)
}

/// Requests a second of the first sources that ended well between two times, in seconds.
fn goodput(series: &[Point], sources: usize, from: f64, until: f64) -> f64 {
    let (from, until) = (nanoseconds(from), nanoseconds(until));
    let within: Vec<&Point> =
        series.iter().filter(|point| point.time > from && point.time <= until).collect();
    let well = |point: &&Point| point.ended.iter().take(sources).map(|(well, _)| well).sum::<f64>();
    let count = within.iter().fold(0.0, |count, _| count + 1.0_f64);
    if count > 0.0 { within.iter().map(well).sum::<f64>() / count } else { 0.0 }
}
