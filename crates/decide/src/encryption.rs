//! Which fields are encrypted one by one, with what, and how they can still be found.

use std::collections::BTreeMap;

use base::Span;
use expression::{
    EntityId, FieldIndex, Type,
    ir::{Binary, Expression, Kind},
};
use model::model::{Field, OperationId};

use crate::audit::CARD_NUMBERS;
use crate::design::Design;
use crate::facts::{self, Facts};
use crate::numbers;

/// How a value is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// With the disk.
    AtRest,
    /// By itself: AES-256-GCM under a key of the entity, which a master key wraps.
    Field,
    /// In a vault; the row holds a token.
    Vault,
}

/// Why a field is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// `pii`.
    Personal,
    /// `sensitive`.
    Sensitive,
    /// `secret`.
    Secret,
    /// The number of a payment card.
    CardNumber,
}

/// Something that has to find or order rows by a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// A unique key.
    Unique,
    /// An operation finds the row by it, or lets clients filter by equality.
    Equal(OperationId),
    /// Full-text search.
    Searched,
    /// An operation orders by it.
    Sorted(OperationId),
    /// An operation compares it, or parts of it.
    Compared(OperationId),
}

impl Use {
    /// Whether a keyed hash of the value serves as well as the value.
    #[must_use]
    pub const fn by_hash(self) -> bool {
        matches!(self, Self::Unique | Self::Equal(_))
    }
}

/// A field that is protected.
#[derive(Clone, Debug)]
pub struct Protected {
    /// The entity.
    pub entity: EntityId,
    /// The part that the field belongs to, if it does.
    pub part: Option<u16>,
    /// The field, within the part where there is one.
    pub field: FieldIndex,
    /// `field`, or `part.field`.
    pub path: String,
    /// Where it is written.
    pub span: Span,
    /// Why.
    pub kept: Kept,
    /// How.
    pub level: Level,
    /// What has to find rows by it, with the place.
    pub uses: Vec<(Use, Span)>,
    /// Days after which its key is replaced.
    pub key_days: f64,
}

impl Protected {
    /// Whether a keyed hash (HMAC-SHA-256) stands beside the encrypted value, so that rows are
    /// found by it.
    #[must_use]
    pub fn blind_index(&self) -> bool {
        self.level == Level::Field && self.uses.iter().any(|(of, _)| of.by_hash())
    }
}

/// The protected fields of a design, by entity. A field that the model itself decides about has
/// its own level in the verdict.
#[must_use]
pub fn of(design: &Design) -> Vec<Protected> {
    all(design.facts())
}

/// The protected fields of a model.
#[must_use]
pub fn all(model: Facts<'_>) -> Vec<Protected> {
    let mut all = Vec::new();
    for (id, entity) in model.entities() {
        let cards = facts::under(model, entity.context, "pci");
        let mut add = |part: Option<(u16, &str)>, at: FieldIndex, field: &Field| {
            let Some(kept) = kept(field, cards) else { return };
            let path = match part {
                Some((_, part)) => format!("{part}.{}", field.name),
                None => field.name.value.clone(),
            };
            let level = match kept {
                Kept::Personal => Level::AtRest,
                Kept::Sensitive | Kept::Secret => Level::Field,
                Kept::CardNumber => Level::Vault,
            };
            let (part, span) = (part.map(|(at, _)| at), field.name.span);
            let key_days = model.value(&numbers::KEY_DAYS);
            let uses = own_uses(field);
            all.push(Protected {
                entity: id,
                part,
                field: at,
                path,
                span,
                kept,
                level,
                uses,
                key_days,
            });
        };
        for (at, field) in entity.fields() {
            add(None, at, field);
        }
        for (at, part) in (0u16..).zip(&entity.parts) {
            for (field_at, field) in (0u16..).map(FieldIndex).zip(&part.fields) {
                add(Some((at, &part.name.value)), field_at, field);
            }
        }
    }
    if !all.is_empty() {
        used(model, &mut all);
    }
    all
}

fn kept(field: &Field, cards: bool) -> Option<Kept> {
    let marks = &field.modifiers;
    if cards && CARD_NUMBERS.contains(&field.name.value.as_str()) {
        Some(Kept::CardNumber)
    } else if marks.secret {
        Some(Kept::Secret)
    } else if marks.sensitive {
        Some(Kept::Sensitive)
    } else {
        marks.pii.then_some(Kept::Personal)
    }
}

fn own_uses(field: &Field) -> Vec<(Use, Span)> {
    let marks = &field.modifiers;
    let uses = [(marks.unique, Use::Unique), (marks.search, Use::Searched)];
    uses.into_iter().filter(|(is, _)| *is).map(|(_, of)| (of, field.name.span)).collect()
}

/// Fields by entity and position, and where they stand in the list.
type Places = BTreeMap<(EntityId, FieldIndex), usize>;

/// Adds what keys and operations do with the fields.
fn used(model: Facts<'_>, all: &mut [Protected]) {
    let fields = all.iter().enumerate().filter(|(_, of)| of.part.is_none());
    let places: Places = fields.map(|(at, of)| ((of.entity, of.field), at)).collect();
    let mut uses: Vec<(usize, Use, Span)> = Vec::new();
    for (id, entity) in model.entities() {
        for key in &entity.unique {
            let of_key = key.fields.iter().filter_map(|field| places.get(&(id, *field)));
            uses.extend(of_key.map(|at| (*at, Use::Unique, key.code.span)));
        }
    }
    for (id, operation) in model.operations() {
        let span = operation.name.span;
        if let Some(entity) = operation.entity() {
            let place = |field: &FieldIndex| places.get(&(entity, *field)).copied();
            for field in &operation.filter {
                let of = match model.entity(entity).field(*field).ty.required() {
                    Type::Text { .. }
                    | Type::Enum(_)
                    | Type::Bool
                    | Type::Uuid
                    | Type::Reference(_) => Use::Equal(id),
                    _ => Use::Compared(id),
                };
                uses.extend(place(field).map(|at| (at, of, span)));
            }
            let sorted = operation.sort.iter().filter_map(|sort| place(&sort.field));
            uses.extend(sorted.map(|at| (at, Use::Sorted(id), span)));
            if let model::model::Addressed::Key(field) = operation.addressed {
                uses.extend(place(&field).map(|at| (at, Use::Equal(id), span)));
            }
        }
        let conditions = operation.by.iter().filter_map(|grant| grant.condition.as_ref());
        for condition in conditions.chain(&operation.condition) {
            compared(&places, id, condition, &mut uses);
        }
    }
    for (at, of, span) in uses {
        if let Some(protected) = all.get_mut(at)
            && !protected.uses.iter().any(|(known, _)| *known == of)
        {
            protected.uses.push((of, span));
        }
    }
}

/// What a condition that becomes SQL does with protected fields.
fn compared(
    places: &Places,
    id: OperationId,
    condition: &Expression,
    uses: &mut Vec<(usize, Use, Span)>,
) {
    let field = |of: &Expression| match &of.kind {
        Kind::Field { of: row, field } => match row.ty.required() {
            Type::Reference(entity) => places.get(&(*entity, *field)).copied(),
            _ => None,
        },
        _ => None,
    };
    if let Some(at) = field(condition) {
        uses.push((at, Use::Compared(id), condition.span));
    }
    if let Kind::Binary(Binary::Equal | Binary::In, left, right) = &condition.kind {
        for side in [left, right] {
            match field(side) {
                Some(at) => uses.push((at, Use::Equal(id), side.span)),
                None => compared(places, id, side, uses),
            }
        }
        return;
    }
    for inner in condition.children() {
        compared(places, id, inner, uses);
    }
}
