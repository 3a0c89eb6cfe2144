use model::model::{ActorId, ContextId};

use crate::decision::{Answer, Context, decision};
use crate::{facts, numbers, versioning};

decision!(
    "versioning",
    "How does an API change without breaking its clients?",
    reads [],
    Context run
);

const SOURCE: &str = "AIP-185, API versioning; RFC 9745, section 2; RFC 8594, section 3; \
    Microsoft Graph, versioning, support and breaking change policies";

fn run(cx: &Context<'_>, context: ContextId) -> Option<Answer> {
    let model = cx.model;
    let api = versioning::api(model, cx.routes, context)?;
    let of = model.context(context);
    let names = |actors: &[ActorId]| {
        let names: Vec<&str> =
            actors.iter().map(|id| model.actor(*id).name.value.as_str()).collect();
        names.join(", ")
    };
    let fact = format!("{} public routes for {}", api.routes, names(&api.actors));
    let mut answer = Answer::new("path", SOURCE).given(
        fact,
        of.name.span,
        "their clients are not replaced together with the server",
    );
    answer = match api.partners.first() {
        Some(&first) => answer
            .given(
                format!("partners: {}", names(&api.partners)),
                model.actor(first).name.span,
                "clients that belong to others change when their owners have time",
            )
            .assumes(model, &numbers::PARTNER_DEPRECATION, "the window"),
        None => answer.assumes(model, &numbers::DEPRECATION, "the window"),
    };
    let days = facts::people(api.window_days);
    let none = format!(
        "{} kinds of client would break at the first change that is not an addition",
        api.actors.len()
    );
    Some(
        answer
            .parameter("version", format!("v{}", api.major))
            .parameter("deprecation window", format!("{days} d"))
            .parameter("announced by", "Deprecation and Sunset headers, and `deprecated` in the contract")
            .parameter("a new version for", "what removes, renames or narrows; additions need none")
            .reject("header", format!(
                "caches, logs and links of {} routes would need the header as well to tell versions apart",
                api.routes
            ))
            .reject("none", none),
    )
}
