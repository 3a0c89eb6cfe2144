//! Which operations write the rows of each entity, gathered once: directly, through references, and
//! as effects of others.

use expression::{EntityId, FieldIndex, Type};
use model::model::{
    Assignment, Effect, EffectKind, Operation, OperationId, OperationKind, SetPath,
};

use crate::crossings;
use crate::facts::{self, Facts};

/// What happens to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// It is new.
    Inserted,
    /// It was there, and is locked and changed.
    Changed,
    /// It goes.
    Removed,
}

/// An operation that writes rows of an entity.
#[derive(Clone, Copy, Debug)]
pub struct Write {
    /// The operation.
    pub operation: OperationId,
    /// What it does to them.
    pub how: How,
    /// Rows that one request touches.
    pub rows: f64,
    /// The reference and the field that it sets through it, where it does not write the row it is
    /// about.
    pub through: Option<(FieldIndex, FieldIndex)>,
}

impl Write {
    /// Rows a second at the stated peak (D1).
    #[must_use]
    pub fn peak(&self, model: Facts<'_>) -> f64 {
        self.rows * facts::rate(model, model.operation(self.operation)).value.peak
    }

    /// Rows a second at the reachable peak (D2).
    #[must_use]
    pub fn at_reach(&self, model: Facts<'_>) -> f64 {
        self.rows * facts::reachable_peak(model, model.operation(self.operation))
    }
}

/// Who writes what.
#[derive(Clone, Debug, Default)]
pub struct Touches {
    writes: Vec<Vec<Write>>,
}

impl Touches {
    /// Gathers them.
    #[must_use]
    pub fn of(model: Facts<'_>) -> Self {
        let mut touches = Self { writes: vec![Vec::new(); model.entities.len()] };
        for (id, operation) in model.operations() {
            touches.add_operation(model, id, operation);
        }
        for writes in &mut touches.writes {
            let name = |write: &Write| {
                let operation = model.operation(write.operation);
                (operation.name.value.as_str(), operation.context)
            };
            writes.sort_by(|a, b| name(a).cmp(&name(b)).then(a.how.cmp(&b.how)));
        }
        touches
    }

    /// Who writes the rows of an entity, by name.
    #[must_use]
    pub fn writes(&self, entity: EntityId) -> &[Write] {
        self.writes.get(entity.0 as usize).map_or(&[], Vec::as_slice)
    }

    fn add_operation(&mut self, model: Facts<'_>, id: OperationId, operation: &Operation) {
        let batch = facts::rows_per_request(operation);
        let how = match operation.kind {
            OperationKind::Create => Some(How::Inserted),
            OperationKind::Update | OperationKind::Act => Some(How::Changed),
            OperationKind::Delete => Some(How::Removed),
            _ => None,
        };
        if let (Some(how), Some(entity)) = (how, operation.entity()) {
            self.add(entity, Write { operation: id, how, rows: batch, through: None });
        }
        self.add_effects(model, (id, operation), &operation.effects, batch);
    }

    fn add_effects(
        &mut self,
        model: Facts<'_>,
        (id, operation): (OperationId, &Operation),
        effects: &[Effect],
        times: f64,
    ) {
        for effect in effects {
            let each =
                effect.each.as_ref().map_or(1.0, |each| crossings::items(model, &each.range));
            let rows = times * each;
            let write = |how| Write { operation: id, how, rows, through: None };
            match &effect.kind {
                EffectKind::Set(assignments) => {
                    for assignment in assignments {
                        self.add_through(model, operation, write(How::Changed), assignment);
                    }
                }
                EffectKind::Create { entity, .. } => self.add(*entity, write(How::Inserted)),
                EffectKind::Delete { row } => {
                    if let Type::Reference(entity) = row.ty.required() {
                        self.add(*entity, write(How::Removed));
                    }
                }
                EffectKind::Call(call) => {
                    self.add_effects(model, (id, operation), &call.refused, 0.0);
                    let fallback = call.fallback.as_deref().unwrap_or(&[]);
                    self.add_effects(model, (id, operation), fallback, 0.0);
                }
                _ => {}
            }
        }
    }

    fn add_through(
        &mut self,
        model: Facts<'_>,
        operation: &Operation,
        write: Write,
        assignment: &Assignment,
    ) {
        let SetPath::Through { reference, field } = assignment.path else { return };
        let Some(own) = operation.entity() else { return };
        if let Type::Reference(entity) = model.entity(own).field(reference).ty.required() {
            self.add(*entity, Write { through: Some((reference, field)), ..write });
        }
    }

    /// Adds a write, unless the operation is known to lock that row already.
    fn add(&mut self, entity: EntityId, write: Write) {
        let Some(writes) = self.writes.get_mut(entity.0 as usize) else { return };
        let reference = |write: &Write| write.through.map(|(reference, _)| reference);
        let same = |known: &&mut Write| {
            known.operation == write.operation
                && known.how == write.how
                && reference(known) == reference(&write)
        };
        match writes.iter_mut().rev().find(same) {
            Some(known) => known.rows = known.rows.max(write.rows),
            None => writes.push(write),
        }
    }
}
