//! A message that can be played again.

use crate::context::{Context, Sink, check};

check!(
    "replayable-callback",
    Security,
    Warning,
    "0.1",
    "a callback that does its work again when it is sent again",
    "replayable-callback.md"
);

fn run(context: &Context, sink: &mut Sink) {
    for external in &context.model.externals {
        for callback in &external.callbacks {
            let missing = match (&callback.id, &callback.window) {
                (Some(_), _) => continue,
                (None, Some(_)) => "no `id`",
                (None, None) => "neither an `id` nor a `window`",
            };
            let name = format!("{}.{}", external.name, callback.name);
            let message = format!("a message of `{name}` can be played again: it has {missing}");
            sink.report(&name, callback.name.span, message, |finding| {
                finding
                    .label("its signature stays valid")
                    .related(callback.call.span, "done once for each copy")
                    .note("senders repeat what was not answered in time, and whoever recorded a message can send it again")
                    .help("name what tells repetitions apart (`id: input.message_id`), and how old a message may be (`window: 5min`)")
            });
        }
    }
}
