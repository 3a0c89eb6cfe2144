//! One context that holds nearly everything.

use decide::facts;
use model::model::ContextId;

use crate::context::{Context, Sink, check};
use crate::numbers;

check!(
    "god-context",
    Boundaries,
    Warning,
    "0.1",
    "one context that holds nearly everything, beside others",
    "god-context.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    let all = facts::count(model.entities.len());
    if model.contexts.len() < 2 {
        return;
    }
    for (id, of) in (0u16..).map(ContextId).zip(&model.contexts) {
        let own = model.entities.iter().filter(|entity| entity.context == id).count();
        let own = facts::count(own);
        let large = own >= model.value(&decide::numbers::FEW_ENTITIES);
        if of.unassigned || !large || own / all <= numbers::GOD_SHARE.value {
            continue;
        }
        let message = format!(
            "`{}` holds {own} of {all} entities: it is the system by another name",
            of.name
        );
        sink.report(&of.name, of.name.span, message, |finding| {
            finding
                .label("nearly everything")
                .note("whoever works on anything works here: the boundaries beside it part nothing")
                .help("leave its entities unassigned (`entities:` at the top level) and let `firm design` propose a division, or name the two or three subjects that it mixes")
        });
    }
}
