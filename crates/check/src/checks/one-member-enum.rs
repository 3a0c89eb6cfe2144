//! A choice of one.

use expression::Type;

use crate::context::{Context, Sink, check};

check!("one-member-enum", Contracts, Information, "0.1", "a choice of one", "one-member-enum.md");

fn run(context: &Context, sink: &mut Sink) {
    for (id, entity) in context.model.entities() {
        for (index, field) in entity.fields() {
            let Type::Enum(members) = field.ty.required() else { continue };
            let [only] = &members[..] else { continue };
            let fixed = field.built_in.is_some();
            let message = format!("`{}.{}` can only be `{only}`", entity.name, field.name);
            sink.report(&context.field_name(id, index), field.name.span, message, |finding| {
                let finding = finding.label("says nothing").note(
                    "clients must send, store and test a value that cannot vary, and adding a second member later surprises those that never saw one",
                );
                if fixed {
                    finding.help("leave `states` out until there is a second state")
                } else {
                    finding.help("leave the field out until there is a second member, or name the members that are coming")
                }
            });
        }
    }
}
