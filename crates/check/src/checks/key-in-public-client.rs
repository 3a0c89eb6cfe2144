//! A secret that is handed out.

use model::model::{Authentication, ClientKind};

use crate::context::{Context, Sink, check};

check!(
    "key-in-public-client",
    Security,
    Warning,
    "0.1",
    "an actor whose credential lies in a browser or an app",
    "key-in-public-client.md"
);

fn run(context: &Context, sink: &mut Sink) {
    for actor in &context.model.actors {
        let credential = match actor.authentication {
            Authentication::Key => "an API key",
            Authentication::Service => "a service's credential",
            _ => continue,
        };
        let client = match &actor.clients[..] {
            clients if clients.contains(&ClientKind::Browser) => "browser",
            clients if clients.contains(&ClientKind::Mobile) => "mobile",
            _ => continue,
        };
        let message = format!("`{}` holds {credential} in a {client} client", actor.name);
        sink.report(&actor.name, actor.name.span, message, |finding| {
            finding
                .label("whoever has the client has the credential")
                .note("what is shipped to a browser or an app can be read there, and is one and the same for all who use it (RFC 8252, section 8.5)")
                .help("sign the person in (`auth: user`), or let a service of yours hold the credential (`client: internal`)")
        });
    }
}
