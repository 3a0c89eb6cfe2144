//! Whether a system comes back by itself after a trigger is gone, or stays down under its own
//! retries: metastability (Bronson et al. 2021; Huang et al. 2022).

use decide::Design;
use decide::sizing::Level;

use super::calls::nanoseconds;
use super::{Compiled, Question, Unknown, answer, compile};
use crate::experiment::{Plan, Point, Report, Unsound, simulate};

/// Share of what is asked for from which a system counts as recovered. House.
const RECOVERED: f64 = 0.95;

/// Deadlines of clients that are waited after the trigger: the first half for coming back, the second
/// is measured.
const OBSERVED_DEADLINES: f64 = 10.0;
/// Seconds that are waited at the least: breakers half open, and autoscaling looks, twice. House.
const OBSERVED_LEAST: f64 = 60.0;

/// Halvings of a range in which a boundary is searched.
const HALVINGS: u32 = 4;

/// How many times the load, or the length of the trigger, is raised in search of a boundary.
pub const FARTHEST: f64 = 8.0;

/// Replications of a trial: that it comes back or not is seen in few.
const TRIAL_REPLICATIONS: u32 = 3;

/// Seconds before the trigger in a trial: enough to be in full swing.
const BEFORE_TRIAL: f64 = 5.0;

/// Events of both searches, after which what was found so far is told: about twenty seconds of a
/// processor.
const MOST_EVENTS: u64 = 100_000_000;

/// What becomes of a system after a trigger.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recovery {
    /// Requests a second that come without a trigger.
    pub offered: f64,
    /// Requests a second that ended well before the trigger; none where it was there from the start.
    pub before: Option<f64>,
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

    /// Share of what is asked for that ends well after the trigger.
    #[must_use]
    pub fn share_after(&self) -> f64 {
        self.after / self.offered.max(f64::MIN_POSITIVE)
    }
}

/// A length of the trigger, or a load, that was tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trial {
    /// Seconds that the trigger lasts, or how many times the load there is.
    pub at: f64,
    /// Share of what is asked for that ends well after the trigger.
    pub after: f64,
    /// Whether that counts as coming back.
    pub returns: bool,
}

/// Where the answer turns: it comes back at `good`, and does not at `bad`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turn {
    /// Comes back.
    pub good: f64,
    /// Does not.
    pub bad: f64,
}

impl Turn {
    /// The middle.
    #[must_use]
    pub fn middle(&self) -> f64 {
        f64::midpoint(self.good, self.bad)
    }
}

/// A search for where the answer turns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Search {
    /// Where it turns; none where it comes back up to [`FARTHEST`] times as far, or the search was
    /// ended before it was known.
    pub turn: Option<Turn>,
    /// What was tried, in rising order.
    pub trials: Vec<Trial>,
    /// Whether the search was ended early, since trials take long.
    pub cut: bool,
}

/// What the busiest resource would be asked for if every client tried as often as it may.
#[derive(Clone, Debug, PartialEq)]
pub struct Pressure {
    /// Its name.
    pub resource: String,
    /// Share of it that is busy before the trigger.
    pub used: f64,
    /// Attempts of a client at the most, as its budget lets them be.
    pub attempts: f64,
}

impl Pressure {
    /// How many times what it serves it would be asked for: above one, a collapse can keep itself
    /// going (load times attempts exceeds what is served).
    #[must_use]
    pub fn times(&self) -> f64 {
        self.used * self.attempts
    }
}

/// What becomes of a system after a trigger, and how far that is from turning.
#[derive(Clone, Debug, PartialEq)]
pub struct Stability {
    /// At the load and the length that were asked about.
    pub recovery: Recovery,
    /// By the length of the longest trigger, in seconds.
    pub lengths: Search,
    /// By how many times the load there is, on the same machines. Beyond what they bear without any
    /// trigger it never comes back.
    pub loads: Search,
    /// What retries could make of it.
    pub pressure: Option<Pressure>,
    /// What happened over time.
    pub report: Report,
    /// The operations and flows, as many as the first sources of the report.
    pub names: Vec<String>,
    /// Those of them, by position, that go on when nobody waits for them any more.
    pub backlogs: Vec<usize>,
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
    let steps = 2 * (HALVINGS + 3) + 1;
    let seen = observe(design, question, plan)?;
    let mut searcher = Searcher {
        returns: seen.recovery.returns(),
        after: seen.recovery.share_after(),
        events: 0,
        done: 1,
    };
    let trial = Plan { replications: plan.replications.min(TRIAL_REPLICATIONS), ..plan.clone() };
    let mut ask = |question: &Question, done| {
        progress(done, steps);
        let Observed { recovery, report, .. } = observe(design, question, &trial)?;
        Ok((recovery, report.events))
    };
    let ends = question.disturbances.iter().filter_map(|of| Some(of.until? - of.from));
    let longest = ends.fold(0.0, f64::max);
    let soon = sooner(question);
    let lengths = searcher.search(longest, &mut |at, done| ask(&longer(&soon, at), done))?;
    let loads = searcher.search(1.0, &mut |at, done| ask(&busier(&soon, at), done))?;
    let names = seen.compiled.operations.iter().map(|of| of.name.clone()).collect();
    let begun = seen.compiled.operations.iter().enumerate().filter(|(_, of)| of.begun);
    let backlogs = begun.map(|(at, _)| at).collect();
    let pressure = pressure(design, question, &seen);
    let Observed { recovery, report, .. } = seen;
    Ok(Stability { recovery, lengths, loads, pressure, report, names, backlogs })
}

/// Both searches, which share their bound.
struct Searcher {
    /// What is known at a factor of one.
    returns: bool,
    after: f64,
    events: u64,
    done: u32,
}

impl Searcher {
    /// The factor at which something stops returning: above one where it returns at one, else below.
    /// `unit` is what a factor of one is called.
    fn search(
        &mut self,
        unit: f64,
        ask: &mut dyn FnMut(f64, u32) -> Result<(Recovery, u64), NoAnswer>,
    ) -> Result<Search, NoAnswer> {
        let asked = Trial { at: unit, after: self.after, returns: self.returns };
        let mut search = Search { trials: vec![asked], ..Search::default() };
        let mut returns = |at: f64, search: &mut Search| {
            let (recovery, events) = ask(at, self.done)?;
            (self.done, self.events) = (self.done + 1, self.events + events);
            let (after, returns) = (recovery.share_after(), recovery.returns());
            search.trials.push(Trial { at: at * unit, after, returns });
            Ok((returns, self.events > MOST_EVENTS))
        };
        let (mut good, mut bad) = (if asked.returns { 1.0 } else { 0.0 }, 1.0);
        // Twice as far each time: what is far beyond the boundary takes longest.
        let mut turns = !asked.returns;
        while !turns && good < FARTHEST && !search.cut {
            let (returned, cut) = returns(good * 2.0, &mut search)?;
            if returned {
                good *= 2.0;
                search.cut = cut && good < FARTHEST;
            } else {
                (turns, bad, search.cut) = (true, good * 2.0, cut);
            }
        }
        for _ in 0..HALVINGS {
            if !turns || search.cut {
                break;
            }
            let middle = f64::midpoint(good, bad);
            let (returned, cut) = returns(middle, &mut search)?;
            *(if returned { &mut good } else { &mut bad }) = middle;
            search.cut = cut;
        }
        search.turn = turns.then_some(Turn { good: good * unit, bad: bad * unit });
        search.trials.sort_by(|a, b| a.at.total_cmp(&b.at));
        Ok(search)
    }
}

/// The same question with triggers that last so many times as long.
fn longer(question: &Question, factor: f64) -> Question {
    let mut longer = question.clone();
    for of in &mut longer.disturbances {
        of.until = of.until.map(|until| of.from + (until - of.from) * factor);
    }
    longer
}

/// The same question with less time before the first trigger.
fn sooner(question: &Question) -> Question {
    let first = question.disturbances.iter().map(|of| of.from).fold(f64::INFINITY, f64::min);
    let sooner = (first - BEFORE_TRIAL).max(0.0);
    let mut soon = question.clone();
    for of in &mut soon.disturbances {
        (of.from, of.until) = (of.from - sooner, of.until.map(|until| until - sooner));
    }
    soon
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
    observe(design, question, plan).map(|seen| seen.recovery)
}

/// A run around a trigger.
struct Observed {
    compiled: Compiled,
    report: Report,
    recovery: Recovery,
}

fn observe(design: &Design, question: &Question, plan: &Plan) -> Result<Observed, NoAnswer> {
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
    let observed = (OBSERVED_DEADLINES * deadline(&compiled)).max(OBSERVED_LEAST);
    let end = until + observed;
    let plan = Plan {
        duration: Some(nanoseconds(end)),
        precision: None,
        decisive: Some(compiled.operations.len()),
        ..plan.clone()
    };
    let report = simulate(&compiled.network, &plan, |_| ()).map_err(NoAnswer::Unsound)?;
    let goodput = |from, until| goodput(&report.series, compiled.operations.len(), from, until);
    let recovery = Recovery {
        offered: compiled.operations.iter().map(|of| of.rate).sum(),
        before: (from > 0.0).then(|| goodput(from / 2.0, from)),
        during: goodput(from, until),
        after: goodput(until + observed / 2.0, end),
    };
    Ok(Observed { compiled, report, recovery })
}

/// What the busiest resource before the trigger would be asked for.
fn pressure(design: &Design, question: &Question, seen: &Observed) -> Option<Pressure> {
    let answer = answer(&seen.compiled, &seen.report, design.sizing.cost(Level::Peak));
    let phase = answer.phases.first().filter(|_| answer.phases.len() > 1)?;
    let busiest = phase.bottlenecks().next()?;
    let clients = &question.clients;
    let bounded = clients.budget.map_or(f64::INFINITY, |share| 1.0 + share);
    Some(Pressure {
        resource: busiest.name.clone(),
        used: busiest.utilisation?,
        attempts: f64::from(clients.attempts).min(bounded),
    })
}

/// The longest deadline of what clients ask for, in seconds: they try again after it.
fn deadline(compiled: &Compiled) -> f64 {
    let asked = compiled.operations.iter().filter(|of| of.clients);
    let finite = asked.map(|of| of.deadline).filter(|of| of.is_finite());
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
