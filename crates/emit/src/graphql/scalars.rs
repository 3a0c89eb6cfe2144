//! Scalars that GraphQL does not have, each with the document that specifies it.

use expression::{Type, types::TextFormat};

/// Name, specification, description.
pub const SCALARS: [(&str, &str, &str); 12] = [
    ("Date", "https://www.rfc-editor.org/rfc/rfc3339#section-5.6", "A day: 2026-03-14."),
    (
        "DateTime",
        "https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
        "An instant in UTC: 2026-03-14T09:26:53Z.",
    ),
    (
        "Decimal",
        "https://www.rfc-editor.org/rfc/rfc8259#section-7",
        "A number with all its digits, as a string: \"12.50\".",
    ),
    (
        "Duration",
        "https://www.iso.org/standard/70907.html",
        "ISO 8601 without years and months: PT1H30M.",
    ),
    ("EmailAddress", "https://www.rfc-editor.org/rfc/rfc5321#section-4.1.2", "A mailbox."),
    ("JSON", "https://www.rfc-editor.org/rfc/rfc8259", "Any JSON, up to 64 KiB."),
    ("LocalTime", "https://www.rfc-editor.org/rfc/rfc3339#section-5.6", "A time of day: 14:30:00."),
    (
        "Long",
        "https://www.rfc-editor.org/rfc/rfc8259#section-6",
        "A whole number within ±(2^53 - 1).",
    ),
    ("Markdown", "https://spec.commonmark.org/0.31.2/", "Text in CommonMark."),
    ("PhoneNumber", "https://www.itu.int/rec/T-REC-E.164", "E.164: +491701234567."),
    ("URL", "https://www.rfc-editor.org/rfc/rfc3986", "An address of HTTP or HTTPS."),
    ("UUID", "https://www.rfc-editor.org/rfc/rfc9562", "A UUID in lower case."),
];

/// Objects of every schema that uses them: name and body.
pub const OBJECTS: [(&str, &str, &str); 3] = [
    (
        "Money",
        "An amount with all its digits, in a currency.",
        "amount: Decimal!\n  currency: String!",
    ),
    ("GeoPoint", "A place on earth (WGS 84), in degrees.", "lat: Float!\n  lon: Float!"),
    (
        "File",
        "A stored file; its content is fetched over HTTP.",
        "id: ID\n  url: String\n  name: String!\n  mediaType: String!\n  bytes: Long!\n  sha256: String!",
    ),
];

/// The type of a value; `sent` where a caller sends it.
pub fn name(ty: &Type, sent: bool) -> &'static str {
    match ty {
        Type::Bool => "Boolean",
        Type::Int { min, max } if i32::try_from(*min).is_ok() && i32::try_from(*max).is_ok() => {
            "Int"
        }
        Type::Int { .. } => "Long",
        Type::Decimal { .. } => "Decimal",
        Type::Money { .. } if sent => "MoneyInput",
        Type::Money { .. } => "Money",
        Type::Float => "Float",
        Type::Text { format: TextFormat::Email, .. } => "EmailAddress",
        Type::Text { format: TextFormat::Url, .. } => "URL",
        Type::Text { format: TextFormat::Phone, .. } => "PhoneNumber",
        Type::Text { format: TextFormat::Markdown, .. } => "Markdown",
        Type::Text { .. } => "String",
        Type::Date => "Date",
        Type::Time => "LocalTime",
        Type::Timestamp => "DateTime",
        Type::Duration => "Duration",
        Type::Uuid => "UUID",
        Type::Reference(_) => "ID",
        Type::Geo if sent => "GeoPointInput",
        Type::Geo => "GeoPoint",
        Type::File { .. } => "File",
        _ => "JSON",
    }
}

/// Names that types of a model must leave alone.
pub fn reserved() -> impl Iterator<Item = String> {
    let ours = SCALARS.iter().map(|(name, ..)| *name);
    let objects = OBJECTS.iter().map(|(name, ..)| *name);
    let others = ["Boolean", "Float", "ID", "Int", "Mutation", "NearInput"];
    let rest = ["Query", "String", "Subscription"];
    let names = ours.chain(objects).chain(others).chain(rest).map(str::to_owned);
    names.chain(OBJECTS.iter().map(|(name, ..)| format!("{name}Input")))
}
