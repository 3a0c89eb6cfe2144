//! Personal data that anyone may read.

use model::model::{Authentication, OutputValue};

use crate::context::{Context, Sink, check};

check!(
    "public-personal-data",
    Privacy,
    Warning,
    "0.1",
    "personal data returned to callers who are not signed in",
    "public-personal-data.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, operation) in model.operations() {
        let anonymous = |grant: &&model::model::Grant| {
            model.actor(grant.actor).authentication == Authentication::None
        };
        let (Some(grant), Some(entity)) = (operation.by.iter().find(anonymous), operation.entity())
        else {
            continue;
        };
        let entity = model.entity(entity);
        let personal = operation.fields.iter().find_map(|field| match field.value {
            OutputValue::Field(index) if entity.field(index).modifiers.pii => Some(index),
            _ => None,
        });
        let Some(field) = personal else { continue };
        let field = entity.field(field);
        let message = format!("`{}` shows `{}` of a person to anyone", operation.name, field.name);
        let name = model.qualified_operation(id);
        sink.report(&name, operation.name.span, message, |finding| {
            finding
                .label("returns personal data")
                .related(grant.span, "admits callers who are not signed in")
                .related(field.name.span, "marked `pii`")
                .help("leave the field out of `fields`, or admit only signed-in actors")
        });
    }
}
