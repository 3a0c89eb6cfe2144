//! The least that mends it: numbers are raised until it holds, then halved towards where it did
//! not; each trial is simulated with the same random numbers.

use decide::Design;

use super::lever::{Lever, turned};
use crate::design::{Answer, Compiled, NoAnswer, Question, answer};
use crate::experiment::{Plan, simulate};

/// How many times as much is tried at the most, of numbers that count machines or calls.
const FARTHEST: f64 = 8.0;
/// How many times as long an objective may become, or as high a limit.
const FARTHEST_STATED: f64 = 64.0;
/// Trials in all: whoever breaks everything is told what is worst, not made to wait.
pub const MOST_TRIALS: u32 = 40;
/// Events of all trials as a multiple of those of the run that is contradicted: nobody waits much
/// longer for what would mend it than for what is wrong. It is counted in events and not in seconds,
/// so that the answer is the same on every machine.
const EVENTS_OF_THE_RUN: u64 = 4;
/// Bounds of that: what is short is searched all the same, for a few seconds of a processor, and what
/// is long for about twenty.
const EVENTS: std::ops::RangeInclusive<u64> = 40_000_000..=100_000_000;
/// Halvings between what holds and what does not.
const HALVINGS: u32 = 8;

/// What is to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// There is a steady state.
    Steady,
    /// An operation keeps all of its promises.
    Everything,
    /// It answers as many requests well as it promises.
    Available,
    /// It is as fast as it promises.
    InTime,
}

/// Events after which the search for what mends a run of so many is ended.
pub(super) fn most_events(run: u64) -> u64 {
    run.saturating_mul(EVENTS_OF_THE_RUN).clamp(*EVENTS.start(), *EVENTS.end())
}

/// Levers with what they are set to.
pub(super) type Setting = Vec<(Lever, f64)>;

/// Simulates a design with other numbers.
pub(super) struct Trials<'a> {
    pub(super) design: &'a Design,
    pub(super) question: &'a Question,
    /// As long as the run that is contradicted, and as much left out.
    pub(super) plan: Plan,
    pub(super) compiled: &'a Compiled,
    pub(super) progress: &'a mut dyn FnMut(u32),
    pub(super) done: u32,
    /// Events of the trials so far.
    pub(super) events: u64,
    /// After how many the search is ended.
    pub(super) most_events: u64,
    /// Whether the search was ended before everything was tried.
    pub(super) cut: bool,
    /// Sets of levers that did not help even at their farthest, and against what: they are not tried
    /// again.
    pub(super) failed: Vec<(Aim, Vec<Lever>)>,
}

impl Trials<'_> {
    pub(super) fn ask(&mut self, setting: &Setting) -> Result<Answer, NoAnswer> {
        let compiled = turned(self.design, self.question, setting).map_err(NoAnswer::Unknown)?;
        let report = simulate(&compiled.network, &self.plan, |_| ()).map_err(NoAnswer::Unsound)?;
        self.done += 1;
        self.events += report.events;
        (self.progress)(self.done);
        Ok(answer(&compiled, &report, 0.0))
    }

    /// Whether there have been trials enough, which is kept.
    fn is_over(&mut self) -> bool {
        self.cut |= self.done >= MOST_TRIALS || self.events >= self.most_events;
        self.cut
    }

    fn raised(&self, levers: &[Lever], factor: f64) -> Setting {
        let raised = |lever: &Lever| {
            let now = lever.now(self.design, self.compiled);
            (lever.clone(), lever.raised(now, factor))
        };
        levers.iter().map(raised).collect()
    }

    /// The least setting of these levers, raised together, at which it holds; none within what is
    /// tried.
    pub(super) fn least(
        &mut self,
        levers: &[Lever],
        aim: Aim,
        holds: &dyn Fn(&Answer) -> bool,
    ) -> Result<Option<(Setting, Answer)>, NoAnswer> {
        let stated = |lever: &Lever| matches!(lever, Lever::Objective(_) | Lever::Limit(_));
        let farthest = if levers.iter().all(stated) { FARTHEST_STATED } else { FARTHEST };
        let (mut bad, mut factor) = (1.0, 1.0);
        if self.failed.iter().any(|(of, set)| *of == aim && set == levers) || self.is_over() {
            return Ok(None);
        }
        let mut found = loop {
            factor *= 2.0;
            if factor > farthest {
                self.failed.push((aim, levers.to_vec()));
                return Ok(None);
            }
            let setting = self.raised(levers, factor);
            let answer = self.ask(&setting)?;
            if holds(&answer) {
                break (setting, answer);
            }
            if self.is_over() {
                return Ok(None);
            }
            bad = factor;
        };
        let mut good = factor;
        for _ in 0..HALVINGS {
            // What was found holds; it may not be the least.
            if self.is_over() {
                break;
            }
            let middle = f64::midpoint(bad, good);
            let setting = self.raised(levers, middle);
            if setting == found.0 {
                good = middle;
                continue;
            }
            if setting == self.raised(levers, bad) {
                bad = middle;
                continue;
            }
            let answer = self.ask(&setting)?;
            if holds(&answer) {
                (found, good) = ((setting, answer), middle);
            } else {
                bad = middle;
            }
        }
        Ok(Some(found))
    }
}
