//! What each operation takes and answers as messages.

use std::collections::BTreeSet;

use decide::filters::{COUNTED, most_orders};
use decide::{
    Design,
    address_inputs::{self, has_no_body},
    naming::snake,
};
use expression::FieldShape;
use model::model::{Addressed, Operation, OperationKind, Target};

use super::file::{Field, Label, Meaning, Message};
use super::types;
use crate::filters;
use crate::shapes::{Catalogue, Object, Property, Ty, Way};

/// The request and the response of an operation.
pub fn messages(design: &Design, operation: &Operation, all: &mut Catalogue) -> [Message; 2] {
    let name = decide::naming::upper_camel(&operation.name);
    let of = format!("`{}`", operation.name);
    [
        Message {
            name: format!("{name}Request"),
            comment: format!("What {of} takes."),
            fields: request(design, operation, &name, all),
        },
        Message {
            name: format!("{name}Response"),
            comment: format!("What {of} answers."),
            fields: response(design, operation, all),
        },
    ]
}

fn plain(name: &str, ty: &str, label: Label, meaning: Meaning, comment: &str) -> Field {
    let (name, ty, comment) = (name.to_owned(), ty.to_owned(), comment.to_owned());
    Field { name, ty, label, comment, meaning }
}

fn request(design: &Design, operation: &Operation, name: &str, all: &mut Catalogue) -> Vec<Field> {
    let mut fields: Vec<Field> = address(design, operation).into_iter().collect();
    match operation.kind {
        OperationKind::List => fields.extend(page(design, operation, name, all)),
        OperationKind::Stream => fields.push(plain(
            "resume_after",
            "string",
            Label::Optional,
            Meaning::ResumeAfter,
            "The `resume_token` of the last answer seen: what came after it is sent.",
        )),
        _ => {
            fields.extend(asked(design, operation, all));
            fields.extend(written(design, operation, name, all));
        }
    }
    unique(fields)
}

/// The field that names the row.
fn address(design: &Design, operation: &Operation) -> Option<Field> {
    match operation.addressed {
        Addressed::Collection => None,
        Addressed::Id => {
            let text = "The row.\nRequired. A UUID.";
            Some(plain("id", "string", Label::One, Meaning::Address, text))
        }
        Addressed::Key(at) => {
            let field = shapes(design, operation).get(usize::from(at.0))?;
            let ty = types::name(&Ty::Scalar(field.ty.required().clone()));
            let text = "The row, by its key.\nRequired.";
            Some(plain(&field.name, &ty, Label::One, Meaning::Address, text))
        }
    }
}

fn shapes<'d>(design: &'d Design, operation: &Operation) -> &'d [FieldShape] {
    match operation.target {
        Target::Entity(entity) | Target::History(entity) | Target::Audit(entity) => {
            &design.model.shape(entity).fields
        }
        Target::View(view) => &design.model.schema.record(design.model.view(view).record).fields,
    }
}

/// Inputs, with what makes a write safe to repeat.
fn written(design: &Design, operation: &Operation, name: &str, all: &mut Catalogue) -> Vec<Field> {
    let inputs = match has_no_body(operation) {
        true => Vec::new(),
        false => all.inputs(design, operation),
    };
    let mut fields: Vec<Field> = match operation.batch {
        Some((_, most)) => {
            let object = Object { doc: Some("One of a batch.".to_owned()), properties: inputs };
            let item = all.object(&format!("{name}Item"), object, Way::In);
            let text = format!("At most {most}.");
            vec![plain("items", &item, Label::Repeated, Meaning::Items, &text)]
        }
        None => inputs.iter().map(|input| types::field(design, input, true)).collect(),
    };
    let updates = operation.kind == OperationKind::Update && !operation.upsert;
    if updates {
        fields.push(plain(
            "update_mask", "google.protobuf.FieldMask", Label::One, Meaning::UpdateMask,
            "The fields to write; one that is named and absent is emptied. Without a mask: those that are present.",
        ));
    }
    if updates || operation.kind == OperationKind::Delete {
        fields.push(plain(
            "expected_version", "int64", Label::One, Meaning::ExpectedVersion,
            "The `version` of the row as the caller knows it.\nRequired. ABORTED if it has changed since.",
        ));
    }
    if matches!(operation.kind, OperationKind::Create | OperationKind::Act) {
        fields.push(plain(
            "idempotency_key", "string", Label::One, Meaning::IdempotencyKey,
            "Chosen by the caller, new for each request: a repetition gets the first answer again, for 24 hours.\nRequired. 1 to 255 visible ASCII characters.",
        ));
    }
    if operation.kind == OperationKind::Act {
        fields.push(plain(
            "expected_version",
            "int64",
            Label::Optional,
            Meaning::ExpectedVersion,
            "The `version` of the row as the caller knows it. ABORTED if it has changed since.",
        ));
    }
    fields
}

/// By what rows are ordered: what comes first, and what after it.
fn orders(
    operation: &Operation,
    shapes: &[FieldShape],
    name: &str,
    all: &mut Catalogue,
) -> Vec<Field> {
    let mut fields = Vec::new();
    let (members, orders): (Vec<String>, Vec<String>) = operation
        .sort_orders()
        .into_iter()
        .filter_map(|sort| {
            let field = &shapes.get(usize::from(sort.field.0))?.name;
            Some(match sort.descending {
                true => (format!("{field}_descending"), format!("-{field}")),
                false => (field.clone(), field.clone()),
            })
        })
        .unzip();
    if let Some(first) = members.first() {
        let nearest = operation.near.map_or("", |_| ", and with `near` the nearest first");
        let text =
            format!("The order of the rows, nulls last; `{first}` where it is absent{nearest}.");
        let ty = types::name(&all.choice(&format!("{name}Order"), &members));
        let more = most_orders(operation).saturating_sub(1);
        let then = format!("Orders of rows that are equal by then.\nAt most {more}.");
        let again = Meaning::Order(orders.clone());
        fields.push(plain("order_by", &ty, Label::Optional, Meaning::Order(orders), &text));
        let then = plain("then_by", &ty, Label::Repeated, again, &then);
        fields.extend((more > 0).then_some(then));
    }
    fields
}

/// What clients choose of a list: the page, the order, the rows.
fn page(design: &Design, operation: &Operation, name: &str, all: &mut Catalogue) -> Vec<Field> {
    let mut fields = vec![
        plain(
            "page_size",
            "int32",
            Label::Optional,
            Meaning::PageSize,
            "Most rows of the page.\n1 to 1000; 50 where it is absent. It ends earlier where they reach 4 MiB.",
        ),
        plain(
            "page_token",
            "string",
            Label::Optional,
            Meaning::PageToken,
            "The `next_page_token` of the page before, with the same filters and order.",
        ),
    ];
    let counts = matches!(operation.target, Target::Entity(_));
    if counts {
        let text = format!("Whether the rows of all pages are counted, up to {COUNTED} of them.");
        let meaning = Meaning::Filter("count".to_owned());
        fields.push(plain("count", "bool", Label::Optional, meaning, &text));
    }
    let shapes = shapes(design, operation);
    fields.extend(orders(operation, shapes, name, all));
    fields.extend(asked(design, operation, all));
    for at in &operation.filter {
        let Some(shape) = shapes.get(usize::from(at.0)) else { continue };
        let owner = operation.entity().map_or(name, |entity| &design.model.shape(entity).name);
        let ty = all.ty(design, &shape.ty, owner, &shape.name, Way::In);
        fields.extend(filters(design, shape, &ty));
    }
    if operation.search {
        fields.push(plain(
            "query",
            "string",
            Label::Optional,
            Meaning::Search,
            "Words that the row must hold.\n1 to 200 characters.",
        ));
    }
    if operation.near.is_some() {
        fields.push(plain(
            "near",
            "firmitas.v1.Near",
            Label::Optional,
            Meaning::Near,
            "Only rows near this point, the nearest first unless `order_by` says otherwise.",
        ));
    }
    fields
}

/// The inputs of what is asked for with an address alone. Each says whether it is there: one that
/// is not is no zero.
fn asked(design: &Design, operation: &Operation, all: &mut Catalogue) -> Vec<Field> {
    if !address_inputs::are_served(operation) {
        return Vec::new();
    }
    let field = |mut input: Property| {
        let meaning = Meaning::Filter(input.name.clone());
        let needed =
            if input.optional { "What is asked about." } else { "What is asked about.\nRequired." };
        input.doc.get_or_insert_with(|| needed.to_owned());
        input.optional = true;
        Field { meaning, ..types::field(design, &input, false) }
    };
    all.inputs(design, operation).into_iter().map(field).collect()
}

fn filters(design: &Design, shape: &FieldShape, ty: &Ty) -> Vec<Field> {
    let field = |(property, parameter)| {
        let meaning = Meaning::Filter(parameter);
        Field { meaning, ..types::field(design, &property, false) }
    };
    filters::of_field(shape, ty).into_iter().map(field).collect()
}

fn response(design: &Design, operation: &Operation, all: &mut Catalogue) -> Vec<Field> {
    if operation.kind == OperationKind::Delete {
        return Vec::new();
    }
    let row = all.answer(design, operation);
    let (one, many) = words(design, operation);
    let done = match operation.kind {
        OperationKind::List => {
            let text = format!(
                "Rows of all pages; absent where it was not asked for, or they are more than {COUNTED}."
            );
            let count = plain("count", "int32", Label::Optional, Meaning::Count, &text);
            let counts = matches!(operation.target, Target::Entity(_));
            let mut fields = vec![
                plain(&many, &row, Label::Repeated, Meaning::Rows, "The rows of the page."),
                plain(
                    "next_page_token",
                    "string",
                    Label::One,
                    Meaning::NextPageToken,
                    "Where the next page starts; empty at the end.",
                ),
            ];
            fields.extend(counts.then_some(count));
            return unique(fields);
        }
        OperationKind::Stream => {
            return unique(vec![
                plain(&one, &row, Label::OneOf, Meaning::Row, "The row as it is now."),
                plain(
                    "gone",
                    "string",
                    Label::OneOf,
                    Meaning::Gone,
                    "The id of a row that no longer exists, or that the caller may no longer see.",
                ),
                plain(
                    "resume_token",
                    "string",
                    Label::One,
                    Meaning::ResumeToken,
                    "Where to go on after a break.",
                ),
            ]);
        }
        _ if operation.batch.is_some() => plain(
            &many,
            &row,
            Label::Repeated,
            Meaning::Rows,
            "The rows, in the order of the items.",
        ),
        OperationKind::Get => plain(&one, &row, Label::One, Meaning::Row, "The row."),
        _ if operation.asynchronous => plain(
            &one,
            &row,
            Label::One,
            Meaning::Row,
            "The row as it is when the work has been accepted, and not yet done.",
        ),
        _ => plain(&one, &row, Label::One, Meaning::Row, "The row as it is afterwards."),
    };
    vec![done]
}

/// What one row and several are called.
fn words(design: &Design, operation: &Operation) -> (String, String) {
    match operation.target {
        Target::Entity(entity) => {
            let of = design.model.entity(entity);
            (snake(&of.name), snake(&of.plural))
        }
        Target::View(_) | Target::History(_) | Target::Audit(_) => {
            ("row".to_owned(), "rows".to_owned())
        }
    }
}

/// Fields of the model may be called like those that every request of a kind has: they come later
/// and give way. Names that differ by underscores alone are one name in JSON, and so here.
pub fn unique(mut fields: Vec<Field>) -> Vec<Field> {
    let names = distinct(fields.iter().map(|field| field.name.as_str()), "_field");
    for (field, name) in fields.iter_mut().zip(names) {
        field.name = name;
    }
    fields
}

/// Names with `suffix` behind those that an earlier one is too much like.
pub fn distinct<'n>(names: impl Iterator<Item = &'n str>, suffix: &str) -> Vec<String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let apart = |name: &str| {
        let mut name = name.to_owned();
        while !taken.insert(name.replace('_', "")) {
            name.push_str(suffix);
        }
        name
    };
    names.map(apart).collect()
}
