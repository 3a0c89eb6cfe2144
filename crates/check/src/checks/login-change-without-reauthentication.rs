//! A stolen session that becomes a stolen account.

use model::model::Assigns;

use crate::context::{Context, Sink, check};

check!(
    "login-change-without-reauthentication",
    Security,
    Warning,
    "0.1",
    "a session that can change the name it signs in by",
    "login-change-without-reauthentication.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    let stated = model.system.needs.assurance.as_ref();
    let Some(level) = stated.filter(|level| level.value != "L1") else { return };
    for (id, operation) in model.operations() {
        if operation.reauthenticate.is_some() || !operation.writes() {
            continue;
        }
        let own = operation.by.iter().find_map(|grant| {
            let actor = model.actor(grant.actor);
            let login = actor.login.filter(|_| actor.entity == operation.entity())?;
            Some((actor, login))
        });
        let Some((actor, login)) = own else { continue };
        let creates = operation.kind == model::model::OperationKind::Create;
        let assigned = |input: &&model::model::Parameter| input.assigns == Assigns::Field(login);
        let Some(input) = operation.input.parameters.iter().find(assigned) else { continue };
        if creates {
            continue;
        }
        let message = format!(
            "`{}` changes the `{}` by which a `{}` signs in, in any open session",
            operation.name, input.name, actor.name
        );
        sink.report(&model.qualified_operation(id), input.name.span, message, |finding| {
            finding
                .label("whoever has the session takes the account")
                .related(actor.name.span, "signs in by it")
                .related(level.span, "asks for more")
                .note("ASVS 5.0, 7.5.1 wants a full sign-in before what an account is recovered by is changed")
                .help("add `reauth: 5min` to the operation")
        });
    }
}
