//! People who cannot see what is stored about them.

use model::model::{OperationKind, Target};

use crate::context::{Context, Sink, check};
use crate::grants;
use crate::people;

check!(
    "no-access-to-own-data",
    Privacy,
    Information,
    "0.1",
    "people who cannot see what is stored about them",
    "no-access-to-own-data.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, actor) in model.actors() {
        let Some(entity_id) = actor.entity.filter(|_| grants::takes_anyone(actor)) else {
            continue;
        };
        let entity = model.entity(entity_id);
        let Some(regime) = people::regime(model, entity.context, "gdpr") else { continue };
        let Some(field) = people::personal(entity).next() else { continue };
        let shown = model.operations.iter().any(|of| {
            let reads = matches!(of.kind, OperationKind::Get | OperationKind::List);
            let admitted = of.by.iter().any(|grant| grant.actor == id);
            reads && admitted && of.target == Target::Entity(entity_id)
        });
        if shown {
            continue;
        }
        let message =
            format!("a `{}` cannot see the `{}` that is stored about it", actor.name, field.name);
        sink.report(&actor.name, actor.name.span, message, |finding| {
            finding
                .label("no `get` or `list` of its own row")
                .related(field.name.span, "personal data")
                .related(regime, "gives people the right of access (GDPR, article 15)")
                .help(format!(
                    "add `get: {}` with `by: {{ {}: self.id == actor.id }}`",
                    entity.name, actor.name
                ))
        });
    }
}
