//! Personal data that nobody marked.

use expression::{Type, types::TextFormat};
use model::model::Field;

use crate::context::{Context, Sink, check};
use crate::people;

check!(
    "unmarked-personal-data",
    Privacy,
    Warning,
    "0.1",
    "a field that is plainly personal data and is not marked `pii`",
    "unmarked-personal-data.md"
);

/// Names that mean a person wherever they stand.
const NAMES: [&str; 21] = [
    "first_name",
    "last_name",
    "full_name",
    "surname",
    "given_name",
    "family_name",
    "maiden_name",
    "date_of_birth",
    "birth_date",
    "birthday",
    "ssn",
    "social_security_number",
    "national_id",
    "passport_number",
    "passport",
    "ip_address",
    "client_ip",
    "home_address",
    "iban",
    "drivers_licence",
    "tax_id",
];

/// Callers that are no people: what they are reached by belongs to an organisation or a thing.
const ORGANISATIONS: [&str; 18] = [
    "Account",
    "Branch",
    "Business",
    "Clinic",
    "Company",
    "Device",
    "Hotel",
    "Merchant",
    "Organisation",
    "Organization",
    "Partner",
    "Restaurant",
    "Shop",
    "Store",
    "Supplier",
    "Tenant",
    "Vendor",
    "Venue",
];

fn run(context: &Context, sink: &mut Sink) {
    for (id, entity) in context.model.entities() {
        let organisation = ORGANISATIONS.contains(&entity.name.value.as_str());
        let person = !organisation && people::is_caller(context.model, id);
        let own = entity.fields.iter().map(|field| (None, field));
        let parts =
            entity.parts.iter().flat_map(|part| part.fields.iter().map(move |f| (Some(part), f)));
        for (part, field) in own.chain(parts) {
            let Some(why) = personal(field, person) else { continue };
            let path = part.map_or_else(String::new, |part| format!("{}.", part.name));
            let name = format!("{}.{path}{}", context.entity_name(id), field.name);
            let message =
                format!("`{}.{path}{}` is {why}, and not marked", entity.name, field.name);
            sink.report(&name, field.name.span, message, |finding| {
                finding
                    .label("personal data")
                    .note("without `pii` it is written to logs, may lie in shared caches, and an erasure request leaves it, unless it is an `email` or `phone`")
                    .help(format!("add `pii` to the type of `{}` (or `sensitive`, which also encrypts it)", field.name))
            });
        }
    }
}

/// Why a field is personal data, if nothing says so.
fn personal(field: &Field, of_a_caller: bool) -> Option<&'static str> {
    let marks = &field.modifiers;
    if marks.pii || marks.secret || marks.sensitive || field.built_in.is_some() {
        return None;
    }
    let ty = field.ty.required();
    let data = matches!(ty, Type::Text { .. } | Type::Date | Type::Timestamp);
    match ty {
        Type::Text { format: TextFormat::Email, .. } if of_a_caller => {
            Some("the address of a person")
        }
        Type::Text { format: TextFormat::Phone, .. } if of_a_caller => {
            Some("the number of a person")
        }
        _ if data && NAMES.contains(&field.name.value.as_str()) => Some("about a person"),
        _ => None,
    }
}
