//! Flip points, computed: every number is moved through its plausible range with everything else
//! fixed, and where a verdict changes the threshold is searched. Two numbers that move together are
//! not looked at.

pub(crate) mod rerun;
pub(crate) mod search;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use model::Model;

use crate::design::Design;
use crate::numbers::{self, Number};
use crate::quantities::{self, Place, Stated, Unit};
use crate::{catalogue, facts};
use rerun::{Choices, Rerun, Touched};
use search::{Change, Range};

/// A verdict that would fall otherwise if one number were different.
#[derive(Clone, Debug, PartialEq)]
pub struct Flip {
    /// Family of the verdict.
    pub family: &'static str,
    /// Its subject.
    pub subject: String,
    /// The number that moves, as people call it.
    pub fact: String,
    /// What kind of number it is.
    pub measure: Measure,
    /// Its present value.
    pub now: f64,
    /// The value beyond which the verdict changes.
    pub at: f64,
    /// Whether it changes above that value; below it otherwise.
    pub above: bool,
    /// The option on the near side; nothing where the question does not arise there.
    pub from: Option<&'static str>,
    /// The option beyond; nothing where the question no longer arises.
    pub becomes: Option<&'static str>,
}

/// What kind of number moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// One that the model states.
    Stated(Unit),
    /// One of the table of assumptions.
    Assumed(&'static Number),
}

impl Measure {
    /// A value as people read it.
    #[must_use]
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Stated(unit) => unit.show(value),
            Self::Assumed(number) => number.show(value),
        }
    }
}

impl Measure {
    /// The value on the scale on which it is moved.
    #[must_use]
    pub fn scaled(self, value: f64) -> f64 {
        match self {
            Self::Stated(unit) => unit.scaled(value),
            Self::Assumed(_) => value,
        }
    }

    /// Whether only whole numbers make sense.
    #[must_use]
    pub fn whole(self) -> bool {
        self == Self::Stated(Unit::Whole)
    }
}

impl Flip {
    /// `family.subject`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}.{}", self.family, self.subject)
    }

    /// How far the number is from its threshold: 1 is there, 2 is half or double.
    #[must_use]
    pub fn distance(&self) -> f64 {
        let ratio = self.measure.scaled(self.at) / self.measure.scaled(self.now);
        if ratio.is_finite() && ratio > 0.0 { ratio.max(1.0 / ratio) } else { f64::INFINITY }
    }

    /// `becomes hybrid when watchOrder open streams exceed 10k (now 5k)`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let now = self.measure.show(self.now);
        let origin = match self.measure {
            Measure::Stated(_) => String::new(),
            Measure::Assumed(number) => format!(", assumed: {}", number.source),
        };
        format!("{} (now {now}{origin})", self.condition())
    }

    /// The same without the present value.
    #[must_use]
    pub fn condition(&self) -> String {
        let what = match (self.from, self.becomes) {
            (_, None) => "no longer arises".to_owned(),
            (None, Some(becomes)) => format!("arises, as {becomes},"),
            (Some(_), Some(becomes)) => format!("becomes {becomes}"),
        };
        let many = self.fact.ends_with('s') && !self.fact.ends_with("ss");
        let many = many || self.fact.ends_with("people");
        let moves = match (self.above, many) {
            (true, true) => "exceed",
            (true, false) => "exceeds",
            (false, true) => "fall below",
            (false, false) => "falls below",
        };
        format!("{what} when {} {moves} {}", self.fact, self.measure.show(self.at))
    }
}

/// Every flip of a design.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flips {
    /// By verdict, in the order of the catalogue; of each verdict numbers of the model before
    /// assumed ones, and the nearest first.
    pub all: Vec<Flip>,
    /// How many numbers were moved.
    pub moved: usize,
    /// How many could have been, but the model is too large to try them all.
    pub left_out: usize,
}

impl Flips {
    /// The flips of one verdict.
    pub fn of<'a>(&'a self, family: &'a str, subject: &'a str) -> impl Iterator<Item = &'a Flip> {
        self.all.iter().filter(move |flip| flip.family == family && flip.subject == subject)
    }
}

/// A number that is moved.
enum Moved {
    Stated(Stated),
    Assumed(&'static Number, f64),
}

/// Verdicts that may be taken again in all: on a large model not every number is tried.
const VERDICTS: usize = 6_000_000;
/// Times that a number is tried, roughly.
const RUNS: usize = 20;

/// Moves every number. At most `threads` work on it; the result is the same however many do.
#[must_use]
pub fn of(design: &Design, threads: usize) -> Flips {
    found(design, &Rerun::of(design, None), threads)
}

/// The flips of one family alone, which takes a part of the time: of the numbers that are assumed
/// only those are moved that it reads, and no other family is asked that it does not read.
#[must_use]
pub fn of_family(design: &Design, family: &str, threads: usize) -> Flips {
    let mut flips = found(design, &Rerun::of(design, Some(family)), threads);
    flips.all.retain(|flip| flip.family == family);
    flips
}

fn found(design: &Design, rerun: &Rerun<'_>, threads: usize) -> Flips {
    let mut moved: Vec<Moved> =
        quantities::stated(&design.model).into_iter().map(Moved::Stated).collect();
    moved.sort_by_key(importance);
    let assumed = numbers::ALL.iter().filter(|number| rerun.reads(number));
    let assumed = assumed.map(|number| Moved::Assumed(number, design.numbers.value(number)));
    // What many verdicts read before what one thing says of itself.
    let mut all: Vec<Moved> = assumed.collect();
    let few = moved.iter().take_while(|of| importance(of).0 == 0).count();
    let rest = moved.split_off(few);
    moved.append(&mut all);
    moved.extend(rest);
    let room = (VERDICTS / RUNS / rerun.subjects().max(1)).max(64);
    let left_out = moved.len().saturating_sub(room);
    moved.truncate(room);
    let found = in_parallel(&design.model, &moved, threads, &|model, of| flips(rerun, model, of));
    let mut flips =
        Flips { all: found.into_iter().flatten().collect(), moved: moved.len(), left_out };
    flips.all.sort_by(|a, b| {
        let key = |flip: &Flip| {
            (catalogue::position(flip.family), matches!(flip.measure, Measure::Assumed(_)))
        };
        let (one, other) = (key(a), key(b));
        one.0
            .cmp(&other.0)
            .then_with(|| a.subject.cmp(&b.subject))
            .then(one.1.cmp(&other.1))
            .then(a.distance().total_cmp(&b.distance()))
            .then_with(|| a.fact.cmp(&b.fact))
    });
    flips
}

/// What many verdicts read comes first.
fn importance(of: &Moved) -> (u8, String) {
    match of {
        Moved::Stated(stated) => {
            let wide = !matches!(
                stated.place,
                Place::Operation(..)
                    | Place::Entity(..)
                    | Place::Part(..)
                    | Place::EventRetention(_)
            );
            (u8::from(!wide), stated.name.clone())
        }
        Moved::Assumed(number, _) => (0, number.name.to_owned()),
    }
}

/// Does the work for each number, with a copy of the model for each thread; results lie where
/// their numbers do.
pub(crate) fn in_parallel<T: Send, N: Sync>(
    model: &Model,
    numbers: &[N],
    threads: usize,
    work: &(dyn Fn(&mut Model, &N) -> T + Sync),
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let take = || {
        let mut model = model.clone();
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(number) = numbers.get(at) else { return done };
            done.push((at, work(&mut model, number)));
        }
    };
    let mut results: Vec<(usize, T)> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(take)).collect();
        let mut done = take();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

fn flips(rerun: &Rerun<'_>, model: &mut Model, moved: &Moved) -> Vec<Flip> {
    match moved {
        Moved::Stated(stated) => {
            let unit = stated.unit;
            let [now, low, high] = [stated.now, stated.low, stated.high].map(|at| unit.scaled(at));
            let range = Range { now, low, high, whole: unit == Unit::Whole };
            let mut touched = Touched::default();
            for value in search::probes(range).into_iter().map(|value| unit.unscaled(value)) {
                quantities::set(model, stated.place, value);
                rerun.probe(model, Some((&stated.name, value)), &mut touched);
            }
            let mut changes = Vec::new();
            if touched.any() {
                changes = search::changes(range, &rerun.base(), &mut |value| {
                    let value = unit.unscaled(value);
                    quantities::set(model, stated.place, value);
                    rerun.stated(model, Some((&stated.name, value)), &touched)
                });
            }
            quantities::set(model, stated.place, stated.now);
            let measure = Measure::Stated(unit);
            tell(rerun, &changes, &stated.name, measure, stated.now, range)
        }
        Moved::Assumed(number, now) => {
            let range = Range { now: *now, low: number.low, high: number.high, whole: false };
            let changes = search::changes(range, &rerun.base(), &mut |value| {
                rerun.assumed(model, number, value)
            });
            tell(rerun, &changes, number.name, Measure::Assumed(number), *now, range)
        }
    }
}

fn tell(
    rerun: &Rerun<'_>,
    changes: &[Change],
    fact: &str,
    measure: Measure,
    now: f64,
    range: Range,
) -> Vec<Flip> {
    let unscaled = |value: f64| match measure {
        Measure::Stated(unit) => unit.unscaled(value),
        Measure::Assumed(_) => value,
    };
    let mut flips = Vec::new();
    for change in changes {
        let at = if range.whole { change.near } else { search::roundest(change.near, change.far) };
        let at = unscaled(at);
        let above = unscaled(change.far) > unscaled(change.near);
        for (family, subject, from, becomes) in differences(rerun, &change.before, &change.after) {
            let fact = fact.to_owned();
            flips.push(Flip { family, subject, fact, measure, now, at, above, from, becomes });
        }
    }
    flips
}

type Difference = (&'static str, String, Option<&'static str>, Option<&'static str>);

fn differences(rerun: &Rerun<'_>, before: &Choices, after: &Choices) -> Vec<Difference> {
    let mut found = Vec::new();
    for (at, (before, after)) in before.0.iter().zip(&after.0).enumerate() {
        if before == after {
            continue;
        }
        let mut subjects: BTreeMap<&str, [Option<&'static str>; 2]> = BTreeMap::new();
        for (side, choices) in [before, after].into_iter().enumerate() {
            for (subject, choice) in choices.iter() {
                if let Some(of) = subjects.entry(subject).or_default().get_mut(side) {
                    *of = Some(choice);
                }
            }
        }
        let changed = subjects.into_iter().filter(|(_, [from, to])| from != to);
        let family = rerun.family(at);
        found.extend(changed.map(|(subject, [from, to])| (family, subject.to_owned(), from, to)));
    }
    found
}

impl Number {
    /// A value as people read it: `10k streams`, `20 %`, `2x`.
    #[must_use]
    pub fn show(&self, value: f64) -> String {
        match self.unit {
            "share" => facts::percent(value),
            "x" => format!("{}x", facts::people(value)),
            "ms" => facts::seconds(value / 1e3),
            "s" => facts::seconds(value),
            "bytes" => facts::bytes(value),
            "" => facts::people(value),
            unit => format!("{} {unit}", facts::people(value)),
        }
    }
}
