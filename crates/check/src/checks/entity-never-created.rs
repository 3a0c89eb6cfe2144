//! An entity whose rows nothing creates.

use model::model::EndpointKind;

use crate::context::{Context, Sink, check};

check!(
    "entity-never-created",
    Data,
    Warning,
    "0.1",
    "an entity whose rows no operation creates",
    "entity-never-created.md"
);

fn run(context: &Context, sink: &mut Sink) {
    for (id, entity) in context.model.entities() {
        let created = context.usage.creates.contains_key(&id);
        let imported = context
            .model
            .pipelines
            .iter()
            .any(|pipeline| pipeline.to.kind == EndpointKind::Entity(id));
        if created || imported {
            continue;
        }
        let message = format!("nothing creates `{}` rows", entity.name);
        let owner = &context.model.context(entity.context).name;
        sink.report(&format!("{owner}.{}", entity.name), entity.name.span, message, |finding| {
            finding
                .label("its table stays empty")
                .help("add a `create` operation, a `create` effect or a pipeline into it, or remove the entity")
        });
    }
}
