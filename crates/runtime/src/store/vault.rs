//! Rows on their way to the database and back: values of `sensitive` fields are encrypted before it
//! sees them.
//!
//! A value is bound to its field and its row: one that was moved to another row, or to another
//! field, is refused as damaged. That there is a value, and about how long it is, can be seen.

use std::borrow::Cow;
use std::sync::Arc;

use decide::{Design, sealed};
use expression::sql::json;
use expression::{EntityId, Row, Value, json_text};

use super::changes::required_id;
use super::keys::{Keys, SealError};
use super::{Level, StoreError};

/// What is encrypted of each entity, and the keys.
#[derive(Debug)]
pub struct Vault {
    design: Arc<Design>,
    keys: Option<Arc<Keys>>,
    entities: Vec<Marked>,
}

/// The encrypted fields of an entity, by position.
#[derive(Debug, Default)]
struct Marked {
    fields: Vec<usize>,
    parts: Vec<(usize, usize)>,
}

impl Marked {
    const fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.parts.is_empty()
    }
}

/// One value's place.
struct Place {
    entity: EntityId,
    part: Option<usize>,
    field: usize,
    row: u128,
}

impl Vault {
    /// For the rows of a design. Without keys, what is encrypted can be neither read nor written.
    #[must_use]
    pub fn new(design: &Arc<Design>, keys: Option<Arc<Keys>>) -> Self {
        let marked = |fields: &[model::model::Field]| -> Vec<usize> {
            let all = fields.iter().enumerate();
            all.filter(|(_, field)| sealed::is_sealed(field)).map(|(at, _)| at).collect()
        };
        let of = |entity: &model::model::Entity| Marked {
            fields: marked(&entity.fields),
            parts: (0..)
                .zip(&entity.parts)
                .flat_map(|(at, part)| marked(&part.fields).into_iter().map(move |of| (at, of)))
                .collect(),
        };
        let entities = design.model.entities.iter().map(of).collect();
        Self { design: design.clone(), keys, entities }
    }

    /// The keys, where there are any.
    #[must_use]
    pub const fn keys(&self) -> Option<&Arc<Keys>> {
        self.keys.as_ref()
    }

    fn marked(&self, entity: EntityId) -> Option<&Marked> {
        self.entities.get(entity.0 as usize).filter(|marked| !marked.is_empty())
    }

    /// Whether rows of these levels hold encrypted values: then they are read as whole rows.
    #[must_use]
    pub fn in_levels(&self, level: &Level) -> bool {
        let through = |reference: &super::Reference| self.in_levels(&reference.level);
        self.marked(level.entity).is_some()
            || level.references.iter().any(through)
            || level.parts.iter().any(|part| part.references.iter().any(through))
    }

    /// The row as the database gets it.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] without keys.
    pub fn close<'r>(&self, row: &'r Row) -> Result<Cow<'r, Row>, StoreError> {
        let Some(marked) = self.marked(row.entity) else { return Ok(Cow::Borrowed(row)) };
        let id = required_id(row)?;
        let mut closed = row.clone();
        let seal = |place: Place, value: &mut Value| {
            if !value.is_null() {
                let text = json_text::write(&json::to_json(value));
                let sealed = self.held()?.seal(&self.place(&place), text.as_bytes());
                *value = Value::text(sealed.map_err(|error| self.failed(&place, &error))?);
            }
            Ok(())
        };
        each(marked, id, &mut closed, seal)?;
        Ok(Cow::Owned(closed))
    }

    /// The row that the database held so.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for a value that was changed or moved, or whose key is not here.
    pub fn open(&self, row: Row) -> Result<Row, StoreError> {
        let Some(marked) = self.marked(row.entity) else { return Ok(row) };
        let id = required_id(&row)?;
        let mut open = row;
        let schema = &self.design.model.schema;
        each(marked, id, &mut open, |place, value| {
            let Value::Text(text) = &*value else { return Ok(()) };
            let plain = self.held()?.open_sealed(&self.place(&place), text);
            let plain = plain.map_err(|error| self.failed(&place, &error))?;
            let shape = self.design.model.shape(place.entity);
            let ty = match place.part {
                None => shape.fields.get(place.field).map(|of| &of.ty),
                Some(part) => {
                    let fields = shape.parts.get(part).and_then(|of| of.fields.get(place.field));
                    fields.map(|of| &of.ty)
                }
            };
            let read = std::str::from_utf8(&plain).ok().and_then(|text| json_text::read(text).ok());
            let read = read.zip(ty).and_then(|(read, ty)| json::from_json(read, ty, schema));
            *value = read.ok_or_else(|| self.failed(&place, &SealError::Damaged))?;
            Ok(())
        })?;
        Ok(open)
    }

    fn held(&self) -> Result<&Keys, StoreError> {
        self.keys.as_deref().ok_or_else(|| StoreError::Unusable {
            message: "there are no keys for encrypted fields".to_owned(),
        })
    }

    /// What a value is bound to: whatever the tables are called.
    fn place(&self, place: &Place) -> Vec<u8> {
        let mut bytes = self.name(place).into_bytes();
        bytes.push(0);
        bytes.extend_from_slice(&place.row.to_be_bytes());
        bytes
    }

    fn name(&self, place: &Place) -> String {
        let shape = self.design.model.shape(place.entity);
        let name = |fields: &[expression::FieldShape]| {
            fields.get(place.field).map_or_else(String::new, |field| field.name.clone())
        };
        let field = match place.part.and_then(|part| shape.parts.get(part)) {
            Some(part) => format!("{}.{}", part.name, name(&part.fields)),
            None => name(&shape.fields),
        };
        format!("{}.{}.{field}", shape.context, shape.name)
    }

    fn failed(&self, place: &Place, error: &SealError) -> StoreError {
        let id = uuid::Uuid::from_u128(place.row);
        StoreError::Corrupt { message: format!("{} of {id}: {error}", self.name(place)) }
    }
}

/// Every value of a row that is encrypted.
fn each(
    marked: &Marked,
    row: u128,
    of: &mut Row,
    mut change: impl FnMut(Place, &mut Value) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let entity = of.entity;
    for &field in &marked.fields {
        if let Some(value) = of.fields.get_mut(field) {
            change(Place { entity, part: None, field, row }, value)?;
        }
    }
    for &(part, field) in &marked.parts {
        for values in of.parts.get_mut(part).into_iter().flatten() {
            let mut changed = values.to_vec();
            if let Some(value) = changed.get_mut(field) {
                change(Place { entity, part: Some(part), field, row }, value)?;
            }
            *values = changed.into();
        }
    }
    Ok(())
}
