//! From wishes to indexes: what is covered already, what is worth its writes.

use expression::EntityId;
use model::model::OperationId;

use super::wants::Want;
use super::{Fate, Outcome, small};
use crate::design::Index;
use crate::facts::Facts;

/// A wish and how it was answered, before indexes have names.
pub struct Wish {
    want: Want,
    answer: Answer,
}

enum Answer {
    /// By the index at this position.
    Index(usize),
    Unique(usize),
    SmallTable(f64),
    TooMany(f64),
    Overridden,
}

impl Wish {
    /// The outcome, once the indexes are named.
    pub fn settle(self, entity: EntityId, indexes: &[Index]) -> Outcome {
        let name = |at: usize| indexes.get(at).map_or_else(String::new, |index| index.name.clone());
        let fate = match self.answer {
            Answer::Index(at) => Fate::Served(name(at)),
            Answer::Unique(at) => Fate::Unique(name(at)),
            Answer::SmallTable(rows) => Fate::SmallTable(rows),
            Answer::TooMany(limit) => Fate::TooMany(limit),
            Answer::Overridden => Fate::Overridden,
        };
        Outcome { want: self.want, entity, fate }
    }
}

/// Adds to `indexes` (the keys) what operations and foreign keys need. Positions of what is there
/// stay.
pub fn plan(
    model: Facts<'_>,
    entity: EntityId,
    indexes: &mut Vec<Index>,
    mut wanted: Vec<Want>,
    foreign: Vec<Index>,
    (none, limit): (&[OperationId], f64),
) -> Vec<Wish> {
    // The most useful first; among equals the longer one, which may serve the shorter. Where an
    // operation is written plays no part.
    wanted.sort_by(|a, b| {
        let by_length = || b.index.fields.len().cmp(&a.index.fields.len());
        let by_name = || a.index.because.cmp(&b.index.because);
        b.benefit.total_cmp(&a.benefit).then_with(by_length).then_with(by_name)
    });
    let small = small(model, entity);
    let mut room = limit;
    let mut wishes = Vec::new();
    for want in wanted {
        let answer = if none.contains(&want.operation) {
            Answer::Overridden
        } else if let Some(at) = position(indexes, |index| leads_to_one(index, &want.index)) {
            credit(indexes, at, &want.index);
            Answer::Unique(at)
        } else if let Some(at) = position(indexes, |index| serves(index, &want.index)) {
            credit(indexes, at, &want.index);
            Answer::Index(at)
        } else if let Some(rows) = small {
            Answer::SmallTable(rows)
        } else if let Some(at) = position(indexes, |index| extends(&want.index, index)) {
            lengthen(indexes, at, &want.index);
            Answer::Index(at)
        } else if room < 1.0 {
            Answer::TooMany(limit)
        } else {
            room -= 1.0;
            indexes.push(want.index.clone());
            Answer::Index(indexes.len() - 1)
        };
        wishes.push(Wish { want, answer });
    }
    for index in foreign {
        match position(indexes, |other| serves(other, &index)) {
            Some(at) => credit(indexes, at, &index),
            None => indexes.push(index),
        }
    }
    wishes
}

fn position(indexes: &[Index], holds: impl Fn(&Index) -> bool) -> Option<usize> {
    indexes.iter().position(holds)
}

/// Whether `index` is a unique key with which the wanted one begins: what follows it has nothing
/// left to tell apart.
fn leads_to_one(index: &Index, wanted: &Index) -> bool {
    index.unique.is_some() && begins(wanted, index) && covers_rows(index, wanted)
}

/// Whether `index` begins with what is wanted, over the same rows: one over all rows would be read
/// past everything that a condition leaves out. Deleted rows are few.
fn serves(index: &Index, wanted: &Index) -> bool {
    let live = !index.live_only || wanted.live_only;
    begins(index, wanted) && live && same_condition(index, wanted)
}

/// Whether the wanted one begins with all of `index` (no key), over the same rows.
fn extends(wanted: &Index, index: &Index) -> bool {
    index.unique.is_none()
        && begins(wanted, index)
        && index.live_only == wanted.live_only
        && same_condition(index, wanted)
}

/// Whether an index begins with the columns of another, in whatever direction. All but one are
/// compared for equality, which has none; and by the one that sorts, an index is read from either
/// end. Only rows that are equal in it are then sorted by `id` as they are read.
fn begins(longer: &Index, shorter: &Index) -> bool {
    let columns = |of: &Index| of.fields.iter().map(|(field, _)| *field).collect::<Vec<_>>();
    columns(longer).starts_with(&columns(shorter))
}

/// Whether every row that is wanted is in the index.
fn covers_rows(index: &Index, wanted: &Index) -> bool {
    let live = !index.live_only || wanted.live_only;
    live && (index.condition.is_none() || same_condition(index, wanted))
}

/// Conditions are compared without their places.
fn same_condition(a: &Index, b: &Index) -> bool {
    match (&a.condition, &b.condition) {
        (None, None) => true,
        (Some(a), Some(b)) => without_places(a) == without_places(b),
        _ => false,
    }
}

fn without_places(condition: &expression::ir::Expression) -> expression::ir::Expression {
    let mut condition = condition.clone();
    super::conditions::clear_spans(&mut condition);
    condition
}

fn credit(indexes: &mut [Index], at: usize, wanted: &Index) {
    let Some(index) = indexes.get_mut(at) else { return };
    for reason in &wanted.because {
        if !index.because.contains(reason) {
            index.because.push(reason.clone());
        }
    }
}

fn lengthen(indexes: &mut [Index], at: usize, wanted: &Index) {
    credit(indexes, at, wanted);
    if let Some(index) = indexes.get_mut(at) {
        index.fields.clone_from(&wanted.fields);
    }
}
