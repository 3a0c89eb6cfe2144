//! A list that tells by its filters what its rows keep back.

use expression::FieldIndex;
use model::model::{Entity, Operation, OperationKind, OutputValue};

use crate::context::{Context, Sink, check};

check!(
    "hidden-field-asked",
    Security,
    Warning,
    "0.1",
    "a list that can be asked about personal or internal data which it does not show",
    "hidden-field-asked.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, operation) in model.operations() {
        let Some(entity) = operation.entity().filter(|_| operation.kind == OperationKind::List)
        else {
            continue;
        };
        let entity = model.entity(entity);
        for at in asked(operation, entity) {
            let field = entity.field(at);
            let marks = &field.modifiers;
            let kind = if marks.pii {
                "pii"
            } else if marks.internal {
                "internal"
            } else {
                continue;
            };
            if shows(operation, at) {
                continue;
            }
            let name = &field.name;
            let subject = format!("{}.{name}", model.qualified_operation(id));
            let message =
                format!("`{}` does not show `{name}`, and can be asked about it", operation.name);
            sink.report(&subject, operation.name.span, message, |finding| {
                finding
                    .label("tells by which rows come back")
                    .related(name.span, format!("is `{kind}`"))
                    .note("who may not see a value finds it out by guessing: a filter, an order or a search answers yes or no")
                    .help(format!("take `{name}` out of what clients may ask, or show it in `fields` to those whom it is meant for"))
            });
        }
    }
}

/// Fields that decide, at a client's wish, which rows come and in which order.
fn asked(operation: &Operation, entity: &Entity) -> Vec<FieldIndex> {
    let sorted = operation.sort.iter().map(|sort| sort.field);
    let mut all: Vec<FieldIndex> = operation.filter.iter().copied().chain(sorted).collect();
    if operation.search {
        let searched = (0..).map(FieldIndex).zip(&entity.fields);
        all.extend(searched.filter(|(_, field)| field.modifiers.search).map(|(at, _)| at));
    }
    all.sort_unstable();
    all.dedup();
    all
}

fn shows(operation: &Operation, at: FieldIndex) -> bool {
    operation.fields.iter().any(|field| matches!(field.value, OutputValue::Field(of) if of == at))
}
