//! A state that no way leads to.

use crate::context::{Context, Sink, check};

check!(
    "unreachable-state",
    Data,
    Warning,
    "0.1",
    "a state that cannot be reached from the initial one",
    "unreachable-state.md"
);

fn run(context: &Context, sink: &mut Sink) {
    for (_, entity) in context.model.entities() {
        let Some(states) = &entity.states else { continue };
        let mut reached = vec![false; states.states.len()];
        let mut open = vec![0];
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut reached[at], true) {
                open.extend(&states.states[at].1);
            }
        }
        for (at, (state, _)) in states.states.iter().enumerate().filter(|(at, _)| !reached[*at]) {
            debug_assert!(at > 0);
            let initial = &states.states[0].0;
            let message = format!("no way leads from `{initial}` to `{state}`");
            let owner = &context.model.context(entity.context).name;
            sink.report(
                &format!("{owner}.{}.{state}", entity.name),
                state.span,
                message,
                |finding| {
                    finding
                        .label("cannot be reached")
                        .related(initial.span, "the initial state")
                        .help(format!(
                            "name `{state}` among the next states of another, or remove it"
                        ))
                },
            );
        }
    }
}
