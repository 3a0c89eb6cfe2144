//! A filter that looks like a permission.

use expression::ir::VariableIndex;

use crate::context::{Context, Sink, check};
use crate::walk;

check!(
    "where-as-authorisation",
    Security,
    Warning,
    "0.1",
    "a `where` that depends on the actor, as if it authorised",
    "where-as-authorisation.md"
);

fn run(context: &Context, sink: &mut Sink) {
    for (id, operation) in context.model.operations() {
        let Some(condition) = &operation.condition else { continue };
        if !walk::mentions(condition, VariableIndex::ACTOR) {
            continue;
        }
        let name = context.model.qualified_operation(id);
        let message = format!("the `where` of `{}` depends on the actor", operation.name);
        sink.report(&name, condition.span, message, |mut finding| {
            for grant in operation.by.iter().filter(|grant| grant.condition.is_none()) {
                finding = finding.related(grant.span, "admits this actor to every row");
            }
            finding
                .label("filters, but does not authorise")
                .note("`where` narrows what is listed for everyone; who may see a row is decided by `by` alone, also when a reference to it is checked")
                .help("move the condition to `by`: `by: { customer: self.customer == actor.id }`")
        });
    }
}
