//! What ties two entities together, and how much: references, what operations write and read at
//! once, flows, names, people, and what keeps them apart.

mod alike;
mod names;
mod operations;
mod references;

use std::collections::{BTreeMap, BTreeSet};

use base::Span;
use expression::EntityId;

use super::graph::Weights;
use crate::facts::Facts;

/// Something that ties two entities together.
#[derive(Clone, Debug)]
pub struct Tie {
    /// Positions among the entities, the lesser first.
    pub pair: (usize, usize),
    /// Who refers to, or reads or writes, whom.
    pub direction: (usize, usize),
    /// What kind it is.
    pub sort: Sort,
    /// How much; less than zero where it keeps them apart.
    pub weight: f64,
    /// What it is: `Charge.trip refers to Trip`.
    pub what: String,
    /// Where it is written.
    pub span: Span,
}

/// What kind of tie it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// One transaction changes both.
    Changed,
    /// One transaction changes one and creates the other.
    Recorded,
    /// A write depends on what it reads of the other.
    Checked,
    /// A query reads both, and must be up to date.
    Read,
    /// A query reads both, and may be old enough for a copy.
    ReadOld,
    /// One refers to the other.
    Refers,
    /// A flow or a durable call goes through both.
    Flow,
    /// Names, people, and what keeps them apart: nothing is lost.
    Alike,
}

impl Sort {
    /// Whether one transaction writes both.
    #[must_use]
    pub const fn written(self) -> bool {
        matches!(self, Self::Changed | Self::Recorded)
    }

    /// Whether one of them is read for the other.
    #[must_use]
    pub const fn read(self) -> bool {
        matches!(self, Self::Checked | Self::Read | Self::ReadOld)
    }
}

/// All ties between some entities, in the order of pairs.
#[must_use]
pub fn ties(model: Facts<'_>, entities: &[EntityId]) -> Vec<Tie> {
    let positions: BTreeMap<EntityId, usize> =
        entities.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let mut all = Found { positions, ties: Vec::new() };
    references::add(model, entities, &mut all);
    operations::add(model, &mut all);
    operations::flows(model, &mut all);
    names::add(model, entities, &mut all);
    let related: BTreeSet<(usize, usize)> = all.ties.iter().map(|tie| tie.pair).collect();
    alike::add(model, entities, &related, &mut all);
    all.ties.sort_by(|a, b| {
        let key = |tie: &Tie| (tie.pair, tie.sort);
        key(a).cmp(&key(b)).then_with(|| a.what.cmp(&b.what))
    });
    all.ties
}

/// The weight of each pair; nothing below zero.
#[must_use]
pub fn weights(ties: &[Tie]) -> Weights {
    let mut weights = Weights::new();
    for tie in ties {
        *weights.entry(tie.pair).or_default() += tie.weight;
    }
    weights.retain(|_, weight| *weight > 0.0);
    weights
}

struct Found {
    positions: BTreeMap<EntityId, usize>,
    ties: Vec<Tie>,
}

impl Found {
    /// Adds a tie, if both ends are among the entities and are not the same.
    fn push(
        &mut self,
        ends: (EntityId, EntityId),
        sort: Sort,
        weight: f64,
        what: String,
        span: Span,
    ) {
        let positions = (self.positions.get(&ends.0), self.positions.get(&ends.1));
        if let (Some(&a), Some(&b)) = positions
            && a != b
        {
            let pair = (a.min(b), a.max(b));
            self.ties.push(Tie { pair, direction: (a, b), sort, weight, what, span });
        }
    }
}
