//! Whose data it is, and which law says so.

use base::Span;
use decide::facts::Facts;
use expression::EntityId;
use model::model::{Authentication, ContextId, Entity, Field};

/// Where the model says that a context falls under a regime such as `gdpr`.
pub fn regime(model: Facts<'_>, context: ContextId, name: &str) -> Option<Span> {
    let stated = [&model.context(context).needs, &model.system.needs];
    let mut all = stated.into_iter().flat_map(|needs| &needs.compliance);
    all.find(|regime| regime.value == name).map(|regime| regime.span)
}

/// Whether rows of the entity are people who sign in.
pub fn is_caller(model: Facts<'_>, entity: EntityId) -> bool {
    let person = |actor: &model::model::Actor| {
        actor.entity == Some(entity) && actor.authentication == Authentication::User
    };
    model.actors.iter().any(person)
}

/// The fields of an entity, those of its parts included, that are marked as personal data.
pub fn personal(entity: &Entity) -> impl Iterator<Item = &Field> {
    let parts = entity.parts.iter().flat_map(|part| &part.fields);
    entity.fields.iter().chain(parts).filter(|field| field.modifiers.pii)
}
