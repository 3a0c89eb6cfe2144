use expression::ir::VariableIndex;
use model::model::{Authentication, Grant, OperationId};

use crate::decision::{Answer, Context, decision};
use crate::indexes::mentions;

decision!("authorisation", "What decides whether a caller may?", reads [], Operation run);

const SOURCE: &str = "OWASP ASVS 5.0, 8.1 to 8.3; API Security Top 10, API1, API3 and API5:2023";

fn run(cx: &Context<'_>, id: OperationId) -> Option<Answer> {
    let operation = cx.model.operation(id);
    let authentication = |grant: &Grant| cx.model.actor(grant.actor).authentication;
    let public: Vec<&Grant> = operation
        .by
        .iter()
        .filter(|grant| authentication(grant) != Authentication::System)
        .collect();
    let by_row = |grant: &&Grant| {
        grant.condition.as_ref().is_some_and(|of| mentions(of, VariableIndex::SELF))
    };
    let open = |grant: &&Grant| authentication(grant) == Authentication::None && !by_row(grant);
    let attribute = public.iter().any(by_row);
    let role = public.iter().any(|grant| !by_row(grant));
    let choice = match (attribute, role) {
        _ if public.is_empty() => "system",
        _ if public.iter().any(open) => "public",
        (true, true) => "both",
        (true, false) => "attribute",
        (false, _) => "role",
    };
    let mut answer = Answer::new(choice, SOURCE);
    let mut grants: Vec<&Grant> = operation.by.iter().collect();
    grants.sort_by_key(|grant| cx.model.actor(grant.actor).name.value.as_str());
    for grant in grants {
        let actor = &cx.model.actor(grant.actor).name;
        let weight = match (authentication(grant), by_row(&grant)) {
            (Authentication::System, _) => "no token exists for it",
            (Authentication::None, false) => "everyone, signed in or not",
            (_, true) => "depends on the row",
            (_, false) => "depends on the caller alone",
        };
        answer = answer.given(format!("by {actor}"), grant.span, weight);
    }
    Some(
        answer
            .parameter("default", "deny")
            .reject("public", "no actor without sign-in is admitted to every row")
            .reject("role", "a condition reads the row, or there is none but the system")
            .reject("attribute", "an actor is admitted whatever the row")
            .reject("both", "all actors are admitted in the same way")
            .reject("system", "callers with a token are admitted"),
    )
}
