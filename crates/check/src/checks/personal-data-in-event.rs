//! Personal data in a log that nobody can erase from.

use std::collections::BTreeMap;

use base::Span;
use expression::ir::{Expression, VariableIndex};
use model::model::{EffectKind, EventId, Fill, Operation};

use crate::context::{Context, Sink, check};
use crate::grants;
use crate::numbers;
use crate::walk;

check!(
    "personal-data-in-event",
    Privacy,
    Warning,
    "0.1",
    "personal data that is copied into events and stays there",
    "personal-data-in-event.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    let longest = numbers::ERASURE_DAYS.value * 86_400.0;
    let mut carried = carried(context);
    for (id, event) in (0u32..).map(EventId).zip(&model.events) {
        let kept = event.retain.as_ref();
        if kept.is_some_and(|kept| kept.value.as_secs_f64() <= longest) {
            continue;
        }
        let Some((place, what, marked)) = carried.remove(&id) else { continue };
        let how_long = kept.map_or_else(
            || "for as long as the broker keeps it".to_owned(),
            |kept| format!("for {}", kept.value),
        );
        let message = format!("`{}` carries `{what}` of a person, {how_long}", event.name);
        let sent = model.webhooks.iter().find(|hook| hook.events.iter().any(|of| of.event == id));
        let name = format!("{}.{}", model.context(event.context).name, event.name);
        sink.report(&name, event.name.span, message, |mut finding| {
            if let Some(hook) = sent {
                finding = finding.related(hook.name.span, "sends it to others as well");
            }
            finding
                .label("cannot be erased for one person")
                .related(place, "put in here")
                .related(marked, "marked `pii`")
                .note(format!("an erasure request is to be met within a month (GDPR, article 12(3)): events may hold personal data for {} days at most", numbers::ERASURE_DAYS.value))
                .help("leave it out and let consumers ask by the id of the row, or keep the event shorter: `retain: 14d`")
        });
    }
}

/// Personal data that operations put into events: the effect, what it is, where it is marked; the
/// first of each event.
fn carried(context: &Context) -> BTreeMap<EventId, (Span, String, Span)> {
    let mut found = BTreeMap::new();
    for operation in &context.model.operations {
        walk::effects(&operation.effects, &mut |effect| {
            let EffectKind::Emit { event, payload } = &effect.kind else { return };
            if !found.contains_key(event) {
                let mut values = Vec::new();
                payload.iter().for_each(|fill| expressions(fill, &mut values));
                let personal = values.iter().find_map(|value| personal(context, operation, value));
                found.extend(personal.map(|(name, span)| (*event, (effect.span, name, span))));
            }
        });
    }
    found
}

/// The expressions that a value is made of.
fn expressions<'a>(fill: &'a Fill, all: &mut Vec<&'a Expression>) {
    match fill {
        Fill::Expression(expression) => all.push(expression),
        Fill::Record(fills) | Fill::List(fills) => {
            fills.iter().for_each(|fill| expressions(fill, all));
        }
        Fill::Lookup { .. } | Fill::Constant(_) | Fill::Now => {}
    }
}

/// A personal field of a row or of the input that an expression reads.
fn personal(
    context: &Context,
    operation: &Operation,
    value: &Expression,
) -> Option<(String, Span)> {
    let row = walk::fields_read(value).into_iter().find_map(|(entity, field)| {
        let entity = context.model.entity(entity);
        let field = entity.field(field);
        let name = format!("{}.{}", entity.name, field.name);
        field.modifiers.pii.then_some((name, field.name.span))
    });
    let input = || {
        grants::fields_of(value, VariableIndex::INPUT).into_iter().find_map(|field| {
            let input = operation.input.parameters.get(usize::from(field.0))?;
            let name = format!("input.{}", input.name);
            input.modifiers.pii.then_some((name, input.name.span))
        })
    };
    row.or_else(input)
}
