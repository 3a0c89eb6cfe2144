//! Deciding again with one number moved, doing no more than the move can change.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::Model;

use crate::decided::{self, Ground, Round};
use crate::decision::Decision;
use crate::design::{Design, Route, Table, Verdict};
use crate::facts::Facts;
use crate::lock::{Lock, Locked, Values};
use crate::numbers::{Number, Numbers};
use crate::tables;

/// A subject of a family with the option chosen for it.
pub type Choice = (String, &'static str);

/// What each family chose, in the order in which families are asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Choices(pub Vec<Arc<Vec<Choice>>>);

/// A design taken apart, so that it can be decided again and again.
pub struct Rerun<'d> {
    numbers: &'d Numbers,
    routes: &'d [Option<Route>],
    /// What was accepted, and the numbers that it names.
    lock: Option<&'d Lock>,
    values: Values,
    /// Tables without indexes: no number changes these.
    bare: Vec<Table>,
    ground: Ground,
    /// Numbers that the ground was computed from, by position.
    ground_reads: Vec<bool>,
    families: Vec<Family>,
}

/// The families that a number touches, by position.
#[derive(Clone, Debug, Default)]
pub struct Touched(Vec<bool>);

impl Touched {
    /// Whether it touches any.
    pub fn any(&self) -> bool {
        self.0.contains(&true)
    }
}

/// A family with what it answered first.
struct Family {
    decision: &'static Decision,
    verdicts: Arc<Vec<Verdict>>,
    choices: Arc<Vec<Choice>>,
    /// Numbers that it read, by position.
    reads: Vec<bool>,
    /// Whether anybody wants to know what becomes of it, or of one that reads it.
    wanted: bool,
}

impl<'d> Rerun<'d> {
    /// Decides once more, noting which numbers each family reads. With the name of a family, only
    /// that one and those that it reads are ever asked again.
    pub fn of(design: &'d Design, only: Option<&str>) -> Self {
        let (noting, reads) = design.numbers.noting();
        let facts = Facts { model: &design.model, numbers: &noting };
        let bare = tables::tables(&design.model);
        let ground = Ground::of(facts, bare.clone());
        let ground_reads = reads.take();
        let mut families: Vec<Family> = Vec::new();
        let lock = design.lock.as_deref();
        let values = Values::of(Facts { model: &design.model, numbers: &design.numbers }, lock);
        let round = Round::new(Locked::new(lock, &values));
        let mut answered = Vec::new();
        let mut memo_reads = vec![false; ground_reads.len()];
        for decision in decided::in_order() {
            let (known, stand) = (round.known(), (&ground, &round));
            let (new, _) = decided::family(facts, stand, &design.routes, &answered, decision);
            let mut reads = reads.take();
            // What is computed once for several families may be read by all that follow.
            if round.known() > known {
                join(&mut memo_reads, &reads);
            }
            join(&mut reads, &memo_reads);
            let choices = Arc::new(choices(&new));
            let verdicts = Arc::new(new);
            answered.push(verdicts.clone());
            families.push(Family { decision, verdicts, choices, reads, wanted: only.is_none() });
        }
        drop(round);
        // Whoever is read was asked before.
        let mut wanted: BTreeSet<&str> = only.into_iter().collect();
        for family in families.iter_mut().rev() {
            if wanted.contains(family.decision.family) {
                family.wanted = true;
                wanted.extend(family.decision.reads);
            }
        }
        let (numbers, routes) = (&design.numbers, &*design.routes);
        Self { numbers, routes, lock, values, bare, ground, ground_reads, families }
    }

    /// What was chosen with nothing moved.
    pub fn base(&self) -> Choices {
        Choices(self.families.iter().map(|family| family.choices.clone()).collect())
    }

    /// The family at a position of [`Choices`].
    pub fn family(&self, at: usize) -> &'static str {
        self.families.get(at).map_or("", |family| family.decision.family)
    }

    /// How many subjects are decided upon.
    pub fn subjects(&self) -> usize {
        self.families.iter().map(|family| family.choices.len()).sum()
    }

    /// Whether a number was read at all: one that was not cannot change anything.
    pub fn reads(&self, number: &Number) -> bool {
        let read = |reads: &[bool]| reads.get(number.index).copied().unwrap_or_default();
        read(&self.ground_reads)
            || self.families.iter().any(|family| family.wanted && read(&family.reads))
    }

    /// With another value for a number of the table. Only families that read it are asked again,
    /// and once one of them chooses otherwise all after it.
    pub fn assumed(&self, model: &Model, number: &Number, value: f64) -> Choices {
        let numbers = self.numbers.with(number, value);
        let facts = Facts { model, numbers: &numbers };
        let read = |reads: &[bool]| reads.get(number.index).copied().unwrap_or_default();
        if read(&self.ground_reads) {
            return self.all(facts, Some((number.name, value)));
        }
        let mut changed = false;
        let moved = Some((number.name, value));
        self.run(facts, &self.ground, moved, |family, new| {
            changed |= new.is_some_and(|new| *new != *family.choices);
            changed || read(&family.reads)
        })
    }

    /// With another number in the model. Only families that it touches are asked again, and once
    /// one of them chooses otherwise all after it.
    pub fn stated(&self, model: &Model, moved: Option<(&str, f64)>, touched: &Touched) -> Choices {
        let facts = Facts { model, numbers: self.numbers };
        let ground = Ground::of(facts, self.bare.clone());
        let mut changed = false;
        let mut touches = touched.0.iter();
        self.run(facts, &ground, moved, |family, new| match new {
            None => touches.next().copied().unwrap_or(true) || changed,
            Some(new) => {
                changed |= *new != *family.choices;
                true
            }
        })
    }

    /// Notes the families that say anything else with another number in the model: whose verdicts
    /// differ in a word.
    pub fn probe(&self, model: &Model, moved: Option<(&str, f64)>, touched: &mut Touched) {
        let facts = Facts { model, numbers: self.numbers };
        let ground = Ground::of(facts, self.bare.clone());
        let mut round = Round::new(Locked::new(self.lock, &self.values));
        if let Some(locked) = &mut round.locked {
            locked.moved = moved;
        }
        let mut answered = Vec::with_capacity(self.families.len());
        touched.0.resize(self.families.len(), false);
        for (family, touched) in self.families.iter().zip(&mut touched.0) {
            if !family.wanted {
                answered.push(family.verdicts.clone());
                continue;
            }
            let stand = (&ground, &round);
            let (new, _) = decided::family(facts, stand, self.routes, &answered, family.decision);
            *touched |= new != *family.verdicts;
            answered.push(Arc::new(new));
        }
    }

    fn all(&self, facts: Facts<'_>, moved: Option<(&str, f64)>) -> Choices {
        let ground = Ground::of(facts, self.bare.clone());
        self.run(facts, &ground, moved, |_, _| true)
    }

    /// Asks families one after another. `again` is told what a family that was asked chose, and
    /// says whether to ask one.
    fn run(
        &self,
        facts: Facts<'_>,
        ground: &Ground,
        moved: Option<(&str, f64)>,
        mut again: impl FnMut(&Family, Option<&[Choice]>) -> bool,
    ) -> Choices {
        let mut round = Round::new(Locked::new(self.lock, &self.values));
        if let Some(locked) = &mut round.locked {
            locked.moved = moved;
        }
        let mut answered = Vec::with_capacity(self.families.len());
        let mut chosen = Vec::with_capacity(self.families.len());
        for family in &self.families {
            let asked = again(family, None);
            if !asked || !family.wanted {
                answered.push(family.verdicts.clone());
                chosen.push(family.choices.clone());
                continue;
            }
            let (stand, decision) = ((ground, &round), family.decision);
            let (new, _) = decided::family(facts, stand, self.routes, &answered, decision);
            let choices = Arc::new(choices(&new));
            again(family, Some(&choices));
            answered.push(Arc::new(new));
            chosen.push(choices);
        }
        Choices(chosen)
    }
}

fn join(all: &mut [bool], more: &[bool]) {
    all.iter_mut().zip(more).for_each(|(one, other)| *one |= other);
}

fn choices(verdicts: &[Verdict]) -> Vec<Choice> {
    verdicts.iter().map(|verdict| (verdict.subject.clone(), verdict.choice)).collect()
}
