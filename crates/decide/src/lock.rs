//! Accepted decisions: what was chosen when somebody looked, with the numbers that could turn it.
//!
//! A decision that was accepted stays until a number is clearly beyond its threshold, so that
//! small corrections of a number near one do not rebuild a system. Whatever else turns it is told.

use std::collections::BTreeMap;

use base::{Provenance, Span};

use crate::catalogue;
use crate::design::{Design, Driver, Rejected, Verdict};
use crate::facts::{self, Facts};
use crate::flips::{Flips, Measure};
use crate::numbers;
use crate::quantities;

/// The name of its file, beside the model.
pub const FILE: &str = "decisions.lock.yaml";

/// Numbers that are kept with a decision at most, the nearest to their thresholds.
const NUMBERS: usize = 5;

/// Accepted decisions by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lock {
    /// What was accepted.
    pub pins: BTreeMap<String, Pin>,
}

/// An accepted decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Pin {
    /// The option.
    pub choice: String,
    /// Numbers of the model that could turn it.
    pub numbers: Vec<Pinned>,
    /// Where it is written; of no place if it is new.
    pub span: Span,
}

/// A number that could turn an accepted decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Pinned {
    /// Its name, as flips call it.
    pub fact: String,
    /// Its value when the decision was accepted.
    pub was: f64,
    /// The value beyond which the decision turns.
    pub at: f64,
    /// Whether it turns above that; below otherwise.
    pub above: bool,
}

/// A decision that is not as it was accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// `family.subject`.
    pub id: String,
    /// The option that was accepted; nothing where the decision is new.
    pub locked: Option<String>,
    /// The option now; nothing where the question no longer arises.
    pub now: Option<&'static str>,
    /// The numbers that went beyond their thresholds: `watchOrder open streams: 5000 -> 20k,
    /// beyond 10k`.
    pub because: Vec<String>,
    /// Where the accepted one is written.
    pub span: Span,
}

/// The lock as one run over all decisions reads it.
#[derive(Clone, Debug)]
pub(crate) struct Locked<'l> {
    lock: &'l Lock,
    values: &'l Values,
    /// The number that this run moves.
    pub moved: Option<(&'l str, f64)>,
}

/// Present values of the numbers that locks name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values(BTreeMap<String, (f64, Measure)>);

impl Values {
    /// Of a model and what is assumed about it; none where nothing is locked.
    pub fn of(facts: Facts<'_>, lock: Option<&Lock>) -> Self {
        if lock.is_none_or(|lock| lock.pins.is_empty()) {
            return Self::default();
        }
        let stated = quantities::stated(facts.model).into_iter();
        let stated = stated.map(|of| (of.name, (of.now, Measure::Stated(of.unit))));
        let assumed = numbers::ALL.iter().map(|number| {
            (number.name.to_owned(), (facts.value(number), Measure::Assumed(number)))
        });
        Self(assumed.chain(stated).collect())
    }
}

impl<'l> Locked<'l> {
    /// What is locked, with nothing moved.
    pub fn new(lock: Option<&'l Lock>, values: &'l Values) -> Option<Self> {
        lock.map(|lock| Self { lock, values, moved: None })
    }

    fn value(&self, fact: &str) -> Option<(f64, Measure)> {
        let (now, measure) = self.values.0.get(fact)?;
        let moved = self.moved.filter(|(name, _)| *name == fact);
        Some((moved.map_or(*now, |(_, value)| value), *measure))
    }

    /// Keeps the accepted option where only numbers turned it that are barely beyond their
    /// thresholds.
    pub fn hold(&self, facts: Facts<'_>, verdict: &mut Verdict) {
        let Some(pin) = self.lock.pins.get(&verdict.id()) else { return };
        if pin.choice == verdict.choice || verdict.overridden.is_some() {
            return;
        }
        let family = catalogue::family(verdict.family);
        let Some(choice) = family.and_then(|family| family.choice(&pin.choice)) else { return };
        let band = 1.0 + facts.value(&numbers::HYSTERESIS);
        let crossed: Vec<(&Pinned, f64, Measure)> = self.crossed(pin);
        let barely = |(number, value, measure): &(&Pinned, f64, Measure)| {
            let ratio = measure.scaled(*value) / measure.scaled(number.at);
            ratio > 0.0 && ratio.max(1.0 / ratio) <= band * (1.0 + 1e-9)
        };
        if crossed.is_empty() || !crossed.iter().all(barely) {
            return;
        }
        let told: Vec<String> =
            crossed.iter().map(|(of, value, measure)| told(of, *value, *measure)).collect();
        let share = facts::percent(band - 1.0);
        let kept = format!("kept: {} by no more than {share}", told.join(", "));
        let rules = verdict.choice;
        verdict.rejected.retain(|rejected| rejected.option != choice.name);
        let reason = format!(
            "the rules alone would choose it, but {} was accepted and is {kept}",
            choice.name
        );
        verdict.rejected.insert(0, Rejected { option: rules, reason });
        verdict.choice = choice.name;
        verdict.price = choice.price;
        verdict.runnable = choice.runnable;
        let from = Provenance::Derived { from: FILE.to_owned() };
        let fact = format!("accepted: {}", choice.name);
        verdict.drivers.insert(0, Driver { fact, provenance: from, weight: kept });
    }

    /// The numbers of an accepted decision that went beyond their thresholds, with their values.
    fn crossed<'p>(&self, pin: &'p Pin) -> Vec<(&'p Pinned, f64, Measure)> {
        let crossed = |number: &'p Pinned| {
            let (value, measure) = self.value(&number.fact)?;
            let moved = (value - number.was).abs() > 1e-9 * number.was.abs();
            // Thresholds were rounded when they were found.
            let at = number.at;
            let slack = if measure.whole() { 0.0 } else { at.abs() * 0.005 };
            let beyond = match number.above {
                true => value > at - slack && value > number.was,
                false => value < at + slack && value < number.was,
            };
            (moved && beyond).then_some((number, value, measure))
        };
        pin.numbers.iter().filter_map(crossed).collect()
    }
}

fn told(number: &Pinned, value: f64, measure: Measure) -> String {
    let [was, value, at] = [number.was, value, number.at].map(|value| measure.show(value));
    format!("{}: {was} -> {value}, beyond {at}", number.fact)
}

/// Every decision that is not as it was accepted, by id; none where nothing is locked.
#[must_use]
pub fn changes(design: &Design) -> Vec<Change> {
    let Some(lock) = design.lock.as_deref() else { return Vec::new() };
    let values = Values::of(design.facts(), Some(lock));
    let locked = Locked { lock, values: &values, moved: None };
    let now: BTreeMap<String, &'static str> =
        design.verdicts.iter().map(|verdict| (verdict.id(), verdict.choice)).collect();
    let mut changes: Vec<Change> = Vec::new();
    for (id, pin) in &lock.pins {
        let choice = now.get(id).copied();
        if choice != Some(pin.choice.as_str()) {
            let crossed = locked.crossed(pin).into_iter();
            let because = crossed.map(|(of, value, measure)| told(of, value, measure)).collect();
            let (id, locked, span) = (id.clone(), Some(pin.choice.clone()), pin.span);
            changes.push(Change { id, locked, now: choice, because, span });
        }
    }
    for (id, choice) in now {
        if !lock.pins.contains_key(&id) {
            let (now, because, span) = (Some(choice), Vec::new(), Span::default());
            changes.push(Change { id, locked: None, now, because, span });
        }
    }
    changes.sort_by(|a, b| a.id.cmp(&b.id));
    changes
}

/// The lock that accepts what the rules choose: every decision for which `accept` holds, the others
/// as they were. `flips` are those of the design without a lock.
#[must_use]
pub fn accepted(
    design: &Design,
    flips: &Flips,
    before: &Lock,
    accept: &dyn Fn(&str) -> bool,
) -> Lock {
    let mut pins = before.pins.clone();
    pins.retain(|id, _| !accept(id));
    for verdict in design.verdicts.iter().filter(|verdict| accept(&verdict.id())) {
        let stated = flips
            .of(verdict.family, &verdict.subject)
            .filter(|flip| matches!(flip.measure, Measure::Stated(_)))
            .filter(|flip| flip.from == Some(verdict.choice));
        let mut numbers: Vec<Pinned> = Vec::new();
        for flip in stated {
            // Beyond the nearest threshold on a side it is another option's.
            let known = numbers.iter().any(|of| of.fact == flip.fact && of.above == flip.above);
            if !known && numbers.len() < NUMBERS {
                let other = numbers.iter().position(|of| of.fact == flip.fact);
                let at = other.map_or(numbers.len(), |at| at + 1);
                let fact = flip.fact.clone();
                numbers.insert(at, Pinned { fact, was: flip.now, at: flip.at, above: flip.above });
            }
        }
        let pin = Pin { choice: verdict.choice.to_owned(), numbers, span: Span::default() };
        pins.insert(verdict.id(), pin);
    }
    Lock { pins }
}

/// Whether two pins say the same, wherever they are written.
#[must_use]
pub fn same(one: &Pin, other: &Pin) -> bool {
    one.choice == other.choice && one.numbers == other.numbers
}
