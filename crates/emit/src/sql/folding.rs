//! What is the same text to a key.
//!
//! Keys and filters by email addresses compare them in lower case: mailboxes that differ in capital
//! letters alone are one in practice. What is the same word to a search stands in `words`.

use decide::Design;
use decide::design::{Index, Table};
use expression::types::TextFormat;
use expression::{FieldIndex, FieldShape, Type};

/// The fields of an entity that are compared without regard to case.
#[must_use]
pub fn fields(design: &Design, table: &Table, shapes: &[FieldShape]) -> Vec<FieldIndex> {
    let all = (0..).map(FieldIndex).zip(shapes);
    all.filter(|(at, shape)| ignores_case(design, table, *at, shape)).map(|(at, _)| at).collect()
}

/// Whether a field is compared without regard to case: an email address that is part of a key, or
/// by which rows are found and not sorted.
#[must_use]
pub fn ignores_case(design: &Design, table: &Table, field: FieldIndex, shape: &FieldShape) -> bool {
    let email = matches!(shape.ty.required(), Type::Text { format: TextFormat::Email, .. });
    let is_key = table
        .indexes
        .iter()
        .any(|index| index.unique.is_some() && index.fields.iter().any(|(of, _)| *of == field));
    email && (is_key || !is_sorted(design, table, field))
}

/// Whether an index of an email address holds it without regard to case: a key does, and any other
/// unless a list is sorted by it.
#[must_use]
pub fn is_folded(
    design: &Design,
    table: &Table,
    index: &Index,
    field: FieldIndex,
    shape: &FieldShape,
) -> bool {
    let found = index.unique.is_some() || !is_sorted(design, table, field);
    found && ignores_case(design, table, field, shape)
}

/// Whether a list is sorted by a field, as it is written.
fn is_sorted(design: &Design, table: &Table, field: FieldIndex) -> bool {
    let mut lists = design.model.operations.iter();
    lists.any(|list| {
        list.entity() == Some(table.entity) && list.sort.iter().any(|sort| sort.field == field)
    })
}
