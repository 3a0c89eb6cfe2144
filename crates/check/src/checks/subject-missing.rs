//! Personal data that an erasure request does not find.

use crate::context::{Context, Sink, check};
use crate::people;

check!(
    "subject-missing",
    Privacy,
    Warning,
    "0.1",
    "personal data that an erasure request does not find",
    "subject-missing.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for (id, entity) in model.entities() {
        let regime = people::regime(model, entity.context, "gdpr");
        let Some(regime) = regime.filter(|_| entity.subject.is_none()) else { continue };
        let Some(field) = people::personal(entity).next() else { continue };
        if people::is_caller(model, id) {
            continue;
        }
        let message = format!("an erasure request does not find `{}.{}`", entity.name, field.name);
        sink.report(&context.entity_name(id), entity.name.span, message, |finding| {
            finding
                .label("no `subject`: nothing says whose data it is")
                .related(field.name.span, "personal data")
                .related(regime, "gives people the right to erasure (GDPR, article 17)")
                .help("name the field that refers to the person (`subject: customer`), or `subject: self` where the row is the person; what law keeps stays with `keep: { for: 10y, because: .. }`")
        });
    }
}
