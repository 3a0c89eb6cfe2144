//! Input of no shape.

use expression::Type;
use model::model::{Authentication, OperationId};

use crate::context::{Context, Sink, check};

check!(
    "unvalidated-input",
    Contracts,
    Information,
    "0.1",
    "`json` that comes from outside and is checked by nobody",
    "unvalidated-input.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    let outside = |id: OperationId| {
        model.operation(id).by.iter().find(|grant| {
            let how = model.actor(grant.actor).authentication;
            matches!(how, Authentication::None | Authentication::User | Authentication::Key)
        })
    };
    for (id, operation) in model.operations() {
        let Some(grant) = outside(id) else { continue };
        for parameter in &operation.input.parameters {
            if *parameter.ty.required() != Type::Json {
                continue;
            }
            let message = format!("`{}` accepts any JSON as `{}`", operation.name, parameter.name);
            let name = format!("{}.{}", model.qualified_operation(id), parameter.name);
            sink.report(&name, parameter.name.span, message, |finding| {
                finding
                    .label("nothing is checked but that it is JSON")
                    .related(grant.span, "comes from outside")
                    .note("whatever reads it later has to defend itself (OWASP API Security 2023, API8)")
                    .help("name its fields: a `types` value, a list of them, or a part")
            });
        }
    }
}
