//! Which fields refer to the rows of each entity, gathered once.

use expression::{EntityId, Type};
use model::model::Field;

use crate::facts::Facts;

/// A field that refers to rows.
#[derive(Clone, Debug)]
pub struct Reference {
    /// `Order.card`, `Order.lines.product`.
    pub name: String,
    /// The entity that it is a field of, or of a part of.
    pub from: EntityId,
    /// Whether both lie in one context: then it is a foreign key.
    pub within: bool,
}

/// Who refers to what.
#[derive(Clone, Debug, Default)]
pub struct References {
    to: Vec<Vec<Reference>>,
}

impl References {
    /// Gathers them.
    #[must_use]
    pub fn of(model: Facts<'_>) -> Self {
        let mut references = Self { to: vec![Vec::new(); model.entities.len()] };
        for (from, entity) in model.entities() {
            for field in &entity.fields {
                references.add(model, from, field, None);
            }
            for part in &entity.parts {
                for field in &part.fields {
                    references.add(model, from, field, Some(&part.name.value));
                }
            }
        }
        for to in &mut references.to {
            to.sort_by(|a, b| a.name.cmp(&b.name));
        }
        references
    }

    /// The fields that refer to an entity, by name.
    #[must_use]
    pub fn to(&self, entity: EntityId) -> &[Reference] {
        self.to.get(entity.0 as usize).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, model: Facts<'_>, from: EntityId, field: &Field, part: Option<&str>) {
        let target = match field.ty.required() {
            Type::Reference(target) if field.built_in.is_none() => *target,
            Type::List { of, .. } => match of.required() {
                Type::Reference(target) => *target,
                _ => return,
            },
            _ => return,
        };
        let entity = model.entity(from);
        let name = match part {
            Some(part) => format!("{}.{part}.{}", entity.name, field.name),
            None => format!("{}.{}", entity.name, field.name),
        };
        let within = model.entity(target).context == entity.context;
        if let Some(to) = self.to.get_mut(target.0 as usize) {
            to.push(Reference { name, from, within });
        }
    }
}
