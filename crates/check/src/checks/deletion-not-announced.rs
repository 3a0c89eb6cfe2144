//! A deletion that others never hear of.

use decide::crossings;
use expression::Type;

use crate::context::{Context, Sink, check};
use crate::walk;

check!(
    "deletion-not-announced",
    Events,
    Warning,
    "0.1",
    "a deletion that contexts which hold a reference never hear of",
    "deletion-not-announced.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, operation, target) in walk::removals(&model) {
        let entity = model.entity(target);
        let mut announced = false;
        crossings::emits(&operation.effects, &mut |_| announced = true);
        let holders = model.entities.iter().filter(|other| other.context != entity.context);
        let mut holders = holders.flat_map(|other| other.fields.iter().map(move |f| (other, f)));
        let held = holders.find(|(_, f)| *f.ty.required() == Type::Reference(target));
        let Some((other, field)) = held.filter(|_| !announced) else { continue };
        let message = format!(
            "`{}` leaves `{}.{}` pointing at nothing",
            operation.name, other.name, field.name
        );
        sink.report(&model.qualified_operation(id), operation.name.span, message, |finding| {
            finding
                .label("emits no event")
                .related(field.name.span, format!("a reference in `{}`", model.context(other.context).name))
                .note("across contexts there is no foreign key: the reference stays, and whoever follows it finds no row")
                .help(format!("emit an event that `{}` follows, or give `{}` `soft_delete: true`", model.context(other.context).name, entity.name))
        });
    }
}
