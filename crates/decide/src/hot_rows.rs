//! Rows that many want to write at once: how long they wait for each other, and what helps.

use base::{Provenance, Quantity};
use expression::{
    EntityId, FieldIndex, Type,
    ir::{Binary, Expression, Kind, VariableIndex},
};
use model::model::{Effect, EffectKind, Fill, OperationId, SetPath};

use crate::design::Design;
use crate::facts::{self, Facts};
use crate::numbers::Number;
use crate::touches::{How, Touches, Write};
use crate::{needs, numbers};

/// How requests spread over the rows of an entity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Skew {
    /// The n-th most popular in proportion to `n^-exponent`.
    Zipf(f64),
    /// The most popular takes this share.
    Hot(f64),
}

/// How the rows of an entity that change compete.
#[derive(Clone, Debug)]
pub struct Contention {
    /// The entity.
    pub entity: EntityId,
    /// Operations that change rows, with changes a second at the reachable peak (D2), by name.
    pub writers: Vec<(OperationId, f64)>,
    /// Changes a second at the reachable peak.
    pub changes: f64,
    /// The share of them that the most wanted row takes.
    pub share: f64,
    /// Where that comes from.
    pub skew: Quantity<Skew>,
    /// How long a change holds its row, in seconds.
    pub hold: f64,
    /// Whether each commit waits for another region.
    pub remote: bool,
    /// Whether what is written is checked against the rest of the row: then it cannot be spread.
    pub guarded: bool,
}

impl Contention {
    /// Share of the time in which the most wanted row is held: above 1 a queue grows for ever.
    #[must_use]
    pub fn busy(&self) -> f64 {
        self.changes * self.share * self.hold
    }

    /// Rows over which the most wanted one has to be spread so that each is held no longer than
    /// `most` of the time.
    #[must_use]
    pub fn slots(&self, most: f64) -> u32 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates"
        )]
        let slots = (self.busy() / most).ceil().max(1.0) as u32;
        slots
    }

    /// The same share of time where one worker writes many changes in one transaction.
    #[must_use]
    pub fn busy_queued(&self, model: Facts<'_>) -> f64 {
        self.changes * self.share * model.value(&numbers::EVENT_WORK) / 1e3
    }
}

/// The contention of every entity whose rows change. `in_memory` tells which contexts keep rows
/// that may be lost in memory.
#[must_use]
pub fn of(design: &Design) -> Vec<Contention> {
    let (model, touches) = (design.facts(), Touches::of(design.facts()));
    let of = |(id, _): (EntityId, _)| {
        let context = &model.context(model.entity(id).context).name.value;
        let store = design.verdict("store", context);
        let in_memory = store.is_some_and(|verdict| verdict.choice == "redis");
        contention(model, &touches, id, in_memory)
    };
    model.model.entities().filter_map(of).collect()
}

/// The contention of one entity; nothing where its rows never change.
#[must_use]
pub fn contention(
    model: Facts<'_>,
    touches: &Touches,
    id: EntityId,
    in_memory: bool,
) -> Option<Contention> {
    let of = model.entity(id);
    let changes = touches.writes(id).iter().filter(|write| write.how == How::Changed);
    let skew = skew(model, id, &numbers::WRITE_ZIPF);
    let stated = of.skew.is_some();
    let rows = of.rows.as_ref().map_or(1_000.0, |rows| rows.value.rows.max(1.0));
    let hottest = match skew.value {
        Skew::Zipf(exponent) => most_popular(rows, exponent),
        Skew::Hot(share) => share,
    };
    let (mut writers, mut sum, mut weighted) = (Vec::new(), 0.0, 0.0);
    for write in changes {
        let rate = write.at_reach(model);
        // Whoever writes a row of their own leaves those of others alone.
        let share = if stated || !own_row(model, write) { hottest } else { 1.0 / rows };
        writers.push((write.operation, rate));
        sum += rate;
        weighted += rate * share;
    }
    let context = of.context;
    let trip = needs::round_trip(model)
        .filter(|_| needs::recovery_point(model, &[context]).value <= 0.0 && !of.volatile);
    let hold = if in_memory && of.volatile {
        1.0 / model.value(&numbers::REDIS_OPERATIONS)
    } else {
        model.value(&numbers::WRITE_HOLD) / 1e3 + trip.unwrap_or_default()
    };
    (!writers.is_empty()).then(|| Contention {
        entity: id,
        writers,
        changes: sum,
        share: if sum > 0.0 { weighted / sum } else { hottest },
        skew,
        hold,
        remote: trip.is_some(),
        guarded: false,
    })
}

/// Whether the writer may only reach rows of its own.
fn own_row(model: Facts<'_>, write: &Write) -> bool {
    let operation = model.operation(write.operation);
    let mine = |condition: &Expression| reads(condition, VariableIndex::ACTOR);
    write.through.is_none()
        && !operation.by.is_empty()
        && operation.by.iter().all(|grant| grant.condition.as_ref().is_some_and(mine))
}

fn reads(expression: &Expression, variable: VariableIndex) -> bool {
    expression.kind == Kind::Variable(variable)
        || expression.children().any(|inner| reads(inner, variable))
}

/// The popularity of rows: as stated, else Zipf's law with that exponent.
#[must_use]
pub fn skew(model: Facts<'_>, id: EntityId, otherwise: &Number) -> Quantity<Skew> {
    let stated = model.entity(id).skew.as_ref().and_then(|skew| {
        let (kind, number) = skew.value.split_once(' ')?;
        let number: f64 = number.trim_end_matches('%').parse().ok()?;
        let value = match kind {
            "zipf" => Skew::Zipf(number),
            _ => Skew::Hot(number / 100.0),
        };
        Some(Quantity::given(value, skew.span))
    });
    stated.unwrap_or_else(|| {
        let exponent = model.assumed(otherwise);
        let provenance: Provenance = exponent.provenance;
        Quantity { value: Skew::Zipf(exponent.value), provenance }
    })
}

/// The share of the most popular of so many rows under Zipf's law.
#[must_use]
pub fn most_popular(rows: f64, exponent: f64) -> f64 {
    let single = rows.min(32.0).floor().max(1.0);
    let mut sum = 0.0;
    let mut rank = 1.0;
    while rank <= single {
        sum += f64::powf(rank, -exponent);
        rank += 1.0;
    }
    if rows > single {
        // The rest as an integral from half a rank before the first to half a rank after the last.
        let (from, to) = (single + 0.5, rows + 0.5);
        let one = 1.0 - exponent;
        sum +=
            if one.abs() < 1e-9 { (to / from).ln() } else { (to.powf(one) - from.powf(one)) / one };
    }
    1.0 / sum
}

/// Whether what writers set in the rows is checked against what stands there: by an invariant of
/// the entity, or by a `require` that reads the field.
#[must_use]
pub fn guarded(model: Facts<'_>, touches: &Touches, id: EntityId) -> bool {
    touches.writes(id).iter().filter(|write| write.how == How::Changed).any(|write| {
        let operation = model.operation(write.operation);
        let fields = set(&operation.effects, write, id, model);
        let mut found = false;
        conditions(&operation.effects, &mut |condition| {
            found |= fields.iter().any(|(field, _)| reads_field(condition, id, *field));
        });
        let invariants = &model.entity(id).invariants;
        let bound = invariants
            .iter()
            .any(|of| fields.iter().any(|(field, _)| reads_field(&of.condition, id, *field)));
        // Only what is added to what was there can be added up later; anything else is replaced.
        found || bound || fields.is_empty() || fields.iter().any(|(_, added)| !added)
    })
}

/// The fields of an entity that a write sets, and whether it only adds to what was there.
fn set(
    effects: &[Effect],
    write: &Write,
    id: EntityId,
    model: Facts<'_>,
) -> Vec<(FieldIndex, bool)> {
    let mut fields = Vec::new();
    let own = model.operation(write.operation).entity();
    for effect in effects {
        let EffectKind::Set(assignments) = &effect.kind else { continue };
        for assignment in assignments {
            let field = match (assignment.path, write.through) {
                (SetPath::Field(field), None) if own == Some(id) => field,
                (SetPath::Through { reference, field }, Some((through, _)))
                    if reference == through =>
                {
                    field
                }
                _ => continue,
            };
            let added = match &assignment.value {
                Fill::Expression(value) => adds(value, id, field),
                _ => false,
            };
            fields.push((field, added));
        }
    }
    fields
}

/// `x.field + ..` or `x.field - ..`
fn adds(value: &Expression, id: EntityId, field: FieldIndex) -> bool {
    match &value.kind {
        Kind::Binary(Binary::Add | Binary::Subtract, left, _) => is_field(left, id, field),
        _ => false,
    }
}

fn is_field(of: &Expression, id: EntityId, wanted: FieldIndex) -> bool {
    match &of.kind {
        Kind::Field { of, field } => *field == wanted && *of.ty.required() == Type::Reference(id),
        _ => false,
    }
}

fn reads_field(expression: &Expression, id: EntityId, field: FieldIndex) -> bool {
    is_field(expression, id, field)
        || expression.children().any(|inner| reads_field(inner, id, field))
}

fn conditions<'m>(effects: &'m [Effect], visit: &mut dyn FnMut(&'m Expression)) {
    for effect in effects {
        if let EffectKind::Require { condition, .. } = &effect.kind {
            visit(condition);
        }
        effect.when.iter().for_each(&mut *visit);
    }
}

/// `zipf 0.8`, `hot 9 %`
#[must_use]
pub fn describe(skew: Skew) -> String {
    match skew {
        Skew::Zipf(exponent) => format!("zipf {}", facts::people(exponent)),
        Skew::Hot(share) => format!("hot {}", facts::percent(share)),
    }
}
