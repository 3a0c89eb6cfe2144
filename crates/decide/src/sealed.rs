//! Fields whose values are encrypted one by one before the database sees them, and what their
//! columns hold in place of the values.

use expression::types::TextFormat;
use expression::{EntityId, FieldShape, Type};
use model::Model;
use model::model::Field;

/// Most characters of an encrypted value: more than the largest value of any type becomes.
const LONGEST: u32 = 1_000_000;

/// Whether the values of a field are encrypted one by one: those of `sensitive` fields, and of
/// `secret` ones as far as the database need not tell them apart.
#[must_use]
pub fn is_sealed(field: &Field) -> bool {
    field.modifiers.sensitive || field.modifiers.secret && !stays_clear(field)
}

/// Whether a field is `secret` and nevertheless stands in the clear: the database keeps its values
/// unique, or follows them.
#[must_use]
pub fn is_clear_secret(field: &Field) -> bool {
    field.modifiers.secret && !is_sealed(field)
}

fn stays_clear(field: &Field) -> bool {
    field.modifiers.unique || matches!(field.ty.required(), Type::Reference(_) | Type::File { .. })
}

/// Whether anything of an entity is.
#[must_use]
pub fn in_entity(model: &Model, entity: EntityId) -> bool {
    let entity = model.entity(entity);
    let parts = entity.parts.iter().flat_map(|part| &part.fields);
    entity.fields.iter().chain(parts).any(is_sealed)
}

/// Whether anything of a model is.
#[must_use]
pub fn anywhere(model: &Model) -> bool {
    model.entities().any(|(id, _)| in_entity(model, id))
}

/// The fields of an entity as its table holds them: an encrypted value is a text, whatever it was.
#[must_use]
pub fn stored(model: &Model, entity: EntityId) -> Vec<FieldShape> {
    shapes(&model.shape(entity).fields, &model.entity(entity).fields)
}

/// The same of the fields of one of its parts.
#[must_use]
pub fn stored_part(model: &Model, entity: EntityId, part: usize) -> Vec<FieldShape> {
    let shape = model.shape(entity).parts.get(part);
    let fields = model.entity(entity).parts.get(part);
    shape.zip(fields).map(|(shape, of)| shapes(&shape.fields, &of.fields)).unwrap_or_default()
}

fn shapes(shapes: &[FieldShape], fields: &[Field]) -> Vec<FieldShape> {
    let shape = |(shape, field): (&FieldShape, &Field)| match is_sealed(field) {
        true => FieldShape { name: shape.name.clone(), ty: sealed_type(&shape.ty) },
        false => shape.clone(),
    };
    shapes.iter().zip(fields).map(shape).collect()
}

fn sealed_type(ty: &Type) -> Type {
    let text = Type::Text { format: TextFormat::Text, min: 0, max: LONGEST };
    if ty.is_optional() { text.optional() } else { text }
}
