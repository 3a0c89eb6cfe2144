//! An answer that tells who is registered.

use model::model::OperationKind;

use crate::context::{Context, Sink, check};
use crate::grants;

check!(
    "account-enumeration",
    Security,
    Warning,
    "0.1",
    "an anonymous create that tells who is registered",
    "account-enumeration.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, operation) in model.operations() {
        let Some(entity) = operation.entity() else { continue };
        if operation.kind != OperationKind::Create {
            continue;
        }
        let anonymous = |grant: &&model::model::Grant| grants::is_anonymous(model, grant);
        let Some(grant) = operation.by.iter().find(anonymous) else { continue };
        let entity = model.entity(entity);
        let personal = |unique: &&model::model::Unique| matches!(unique.fields[..], [only] if entity.field(only).modifiers.pii);
        let Some(key) = entity.unique.iter().find(personal) else { continue };
        let rate = decide::facts::rate(model, operation).value.peak;
        let message = format!(
            "`{}` tells anyone whose `{}` is known here",
            operation.name,
            key.fields.first().map_or("", |field| entity.field(*field).name.value.as_str())
        );
        sink.report(&model.qualified_operation(id), operation.name.span, message, |finding| {
            finding
                .label(format!("answers 409 `{}` for those who are", key.code))
                .related(key.code.span, "one row for each person")
                .related(grant.span, "admits callers who are not signed in")
                .note(format!("at its peak of {} a list of addresses is tried through quickly (OWASP ASVS 5.0, 6.3.8)", decide::facts::per_second(rate)))
                .help("let the identity provider verify the address first (an actor with `auth: user` that `is` the entity and creates its own row), so that only its owner learns the answer")
        });
    }
}
