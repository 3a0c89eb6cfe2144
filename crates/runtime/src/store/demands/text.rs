//! What a type demands of its values, as text.

use expression::{FieldShape, Schema, Type};
use rust_decimal::Decimal;

/// All that a type demands of its values; it differs where anything does.
pub(super) fn of(ty: &Type, schema: &Schema) -> String {
    let text = match ty.required() {
        Type::Int { min, max } => format!("int({min}..{max})"),
        Type::Money { min, max } => {
            let bound = |of: &Option<Decimal>| of.map_or_else(String::new, |of| of.to_string());
            let currencies = schema.settings.currencies.join(", ");
            format!("money({}..{}) in {currencies}", bound(min), bound(max))
        }
        Type::Text { format, min, max } => format!("{}({min}..{max})", format.name()),
        Type::File { max_bytes } => format!("file(0..{max_bytes})"),
        Type::List { of: item, min, max } => format!("list({}, {min}..{max})", of(item, schema)),
        Type::Record(record) => fields(&schema.record(*record).fields, schema),
        Type::Part(part) => fields(&schema.part(*part).fields, schema),
        other => other.describe(schema),
    };
    if ty.is_optional() { text + "?" } else { text }
}

fn fields(fields: &[FieldShape], schema: &Schema) -> String {
    let each = fields.iter().map(|field| format!("{}: {}", field.name, of(&field.ty, schema)));
    format!("({})", each.collect::<Vec<_>>().join(", "))
}

/// Whether whatever kept to what was demanded before keeps to this: it is the same, may be missing
/// now, has a wider range or more members.
pub(super) fn widens(before: &str, after: &str) -> bool {
    if before == after {
        return true;
    }
    let (was, may_be_missing) = strip(before);
    let (is, may_now_be_missing) = strip(after);
    if may_be_missing && !may_now_be_missing {
        return false;
    }
    was == is || ranges(was, is) || members(was, is)
}

fn strip(text: &str) -> (&str, bool) {
    match text.strip_suffix('?') {
        Some(text) => (text, true),
        None => (text, false),
    }
}

/// `name(1..5)` and `name(0..9)`: whole numbers alone.
fn ranges(before: &str, after: &str) -> bool {
    let parts = |text: &str| -> Option<(String, i128, i128)> {
        let (name, range) = text.strip_suffix(')')?.split_once('(')?;
        let (least, most) = range.split_once("..")?;
        Some((name.to_owned(), least.parse().ok()?, most.parse().ok()?))
    };
    parts(before)
        .zip(parts(after))
        .is_some_and(|(was, is)| was.0 == is.0 && is.1 <= was.1 && was.2 <= is.2)
}

/// `enum(a, b)` and `enum(b, a, c)`.
fn members(before: &str, after: &str) -> bool {
    let list = |text: &str| -> Option<Vec<String>> {
        let members = text.strip_prefix("enum(")?.strip_suffix(')')?;
        Some(members.split(", ").map(str::to_owned).collect())
    };
    list(before).zip(list(after)).is_some_and(|(was, is)| was.iter().all(|of| is.contains(of)))
}

#[cfg(test)]
mod tests {
    use super::widens;

    #[test]
    fn what_widens_is_told_from_what_does_not() {
        for (before, after) in [
            ("int(1..5)", "int(1..6)"),
            ("int(1..5)", "int(-1..5)?"),
            ("enum(a, b)", "enum(b, c, a)"),
            ("string(0..3)", "string(0..3)?"),
            ("rows(1..2)", "rows(0..9)"),
        ] {
            assert!(widens(before, after), "{before} to {after}");
            assert!(!widens(after, before), "{after} to {before}");
        }
        assert!(!widens("string(1..80)", "email(1..80)"));
        assert!(!widens("list(string(1..20), 0..9)", "list(string(1..2), 0..9)"));
        assert!(!widens("encrypted int(1..5)", "int(1..6)"));
    }
}
