//! A state that no operation moves a row to.

use crate::context::{Context, Sink, check};

check!(
    "state-never-entered",
    Data,
    Warning,
    "0.1",
    "a state that no operation moves a row to",
    "state-never-entered.md"
);

fn run(context: &Context, sink: &mut Sink) {
    for (id, entity) in context.model.entities() {
        let Some(states) = &entity.states else { continue };
        let moves = context.usage.moves.get(&id).map_or(&[][..], Vec::as_slice);
        for (state, _) in states.states.iter().skip(1) {
            if moves.iter().any(|(_, to)| *to == state.value) {
                continue;
            }
            let message = format!("no operation moves `{}` rows to `{state}`", entity.name);
            let owner = &context.model.context(entity.context).name;
            let subject = format!("{owner}.{}.{state}", entity.name);
            sink.report(&subject, state.span, message, |finding| {
                finding
                    .label("never entered")
                    .note("what waits for this state waits for ever, and its rules are never exercised")
                    .help(format!("add an act with `- move: {state}`, or remove the state"))
            });
        }
    }
}
