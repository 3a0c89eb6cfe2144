//! References: the more entities refer to one, the less each of them says; one that owns its child
//! says more.

use std::collections::{BTreeMap, BTreeSet};

use expression::{EntityId, Type};
use model::model::{Entity, Field};

use super::{Found, Sort, names::words};
use crate::facts::{self, Facts};
use crate::numbers;

/// Ties by reference.
pub fn add(model: Facts<'_>, entities: &[EntityId], all: &mut Found) {
    let mut by_pair: BTreeMap<(EntityId, EntityId), Vec<&Field>> = BTreeMap::new();
    for &id in entities {
        for (field, target) in references(model.model.entity(id)) {
            if target != id && all.positions.contains_key(&target) {
                by_pair.entry((id, target)).or_default().push(field);
            }
        }
    }
    let mut referring: BTreeMap<EntityId, usize> = BTreeMap::new();
    let mut targets: BTreeMap<EntityId, BTreeSet<EntityId>> = BTreeMap::new();
    for &(from, to) in by_pair.keys() {
        *referring.entry(to).or_default() += 1;
        targets.entry(from).or_default().insert(to);
    }
    let damping = model.value(&numbers::TIE_DAMPING);
    for ((from, to), fields) in by_pair {
        let (child, parent) = (model.entity(from), model.entity(to));
        let only = targets.get(&from).is_none_or(|targets| targets.len() == 1);
        let owned = if owned(child, parent, &fields, only) {
            model.value(&numbers::TIE_OWNED)
        } else {
            1.0
        };
        let many = facts::count(referring.get(&to).copied().unwrap_or(1)).powf(damping);
        let weight = model.value(&numbers::TIE_REFERENCE) * owned / many;
        // Several references to one entity say it once.
        let weight = weight / facts::count(fields.len());
        for field in fields {
            let what = format!("{}.{} refers to {}", child.name, field.name, parent.name);
            all.push((from, to), Sort::Refers, weight, what, field.name.span);
        }
    }
}

/// The references of an entity and its parts.
fn references(entity: &Entity) -> impl Iterator<Item = (&Field, EntityId)> {
    let parts = entity.parts.iter().flat_map(|part| &part.fields);
    let fields = entity.fields.iter().filter(|of| of.built_in.is_none()).chain(parts);
    fields.filter_map(|field| match field.ty.required() {
        Type::Reference(target) => Some((field, *target)),
        _ => None,
    })
}

/// Whether a child reads like a part of its parent: its name goes on where the parent's ends
/// (`OrderLine`), or it refers to nothing else and cannot be without it.
fn owned(child: &Entity, parent: &Entity, fields: &[&Field], only: bool) -> bool {
    let (longer, shorter) = (words(&child.name), words(&parent.name));
    let named = longer.len() > shorter.len() && longer.starts_with(&shorter);
    named || only && fields.iter().any(|field| !field.ty.is_optional())
}
