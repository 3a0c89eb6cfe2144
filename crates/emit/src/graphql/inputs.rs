//! Arguments: the row, the page, what is written.

use decide::{address_inputs, filters::most_orders};
use expression::FieldShape;
use model::model::{Addressed, Operation, OperationKind, Target};

use super::schema::{Schema, description, distinct};
use super::{limits::USUAL_PAGE, types};
use crate::filters;
use crate::shapes::{Object, Property, Ty, Way};

/// Arguments of an operation, one a line.
pub fn arguments(schema: &mut Schema<'_>, operation: &Operation, name: &str) -> Vec<String> {
    let mut all: Vec<String> = address(schema, operation).into_iter().collect();
    match operation.kind {
        OperationKind::List => all.extend(page(schema, operation, name)),
        OperationKind::Stream => {
            all.push(argument(
                "resumeAfter: ID",
                "The id of the last message seen: what came after it is sent.",
            ));
        }
        OperationKind::Get => all.extend(asked(schema, operation, name)),
        _ => all.extend(written(schema, operation, name)),
    }
    all
}

fn argument(definition: &str, doc: &str) -> String {
    format!("{}    {definition}\n", description(doc, "    "))
}

fn shapes<'d>(schema: &Schema<'d>, operation: &Operation) -> &'d [FieldShape] {
    let design = schema.design;
    match operation.target {
        Target::Entity(entity) | Target::History(entity) | Target::Audit(entity) => {
            &design.model.shape(entity).fields
        }
        Target::View(view) => &design.model.schema.record(design.model.view(view).record).fields,
    }
}

fn address(schema: &mut Schema<'_>, operation: &Operation) -> Option<String> {
    match operation.addressed {
        Addressed::Collection => None,
        Addressed::Id => Some(argument("id: ID!", "The row.")),
        Addressed::Key(at) => {
            let field = shapes(schema, operation).get(usize::from(at.0))?;
            let ty = types::name(&Ty::Scalar(field.ty.required().clone()), false, true);
            let name = distinct(std::iter::once(field.name.as_str())).concat();
            Some(argument(&format!("{name}: {ty}"), "The row, by its key."))
        }
    }
}

fn page(schema: &mut Schema<'_>, operation: &Operation, name: &str) -> Vec<String> {
    let limit = format!("limit: Int = {USUAL_PAGE}");
    let mut all = vec![
        argument(
            &limit,
            "Most rows of the page: 1 to 1000. It ends earlier where they reach 4 MiB.",
        ),
        argument("after: String", "The `next` of the page before, with the same filter and order."),
    ];
    let shapes = shapes(schema, operation);
    let orders: Vec<String> = operation
        .sort_orders()
        .into_iter()
        .filter_map(|sort| {
            let field = &shapes.get(usize::from(sort.field.0))?.name;
            Some(if sort.descending { format!("{field}_descending") } else { field.clone() })
        })
        .collect();
    if let Some(first) = orders.first().map(|first| first.to_uppercase()) {
        let ty = types::name(&schema.rows.choice(&format!("{name}Order"), &orders), true, true);
        all.push(match operation.near {
            // A default would be an order that was asked for.
            Some(_) => argument(
                &format!("sort: {}", ty.trim_end_matches('!')),
                &format!(
                    "The order of the rows; nulls come last. {first} where it is absent, and with \
                     `near` the nearest first."
                ),
            ),
            None => argument(
                &format!("sort: {ty} = {first}"),
                "The order of the rows; nulls come last.",
            ),
        });
        let more = most_orders(operation).saturating_sub(1);
        if more > 0 {
            let ty = ty.trim_end_matches('!');
            let doc = format!("Orders of rows that are equal by then, at most {more}.");
            all.push(argument(&format!("thenBy: [{ty}!]"), &doc));
        }
    }
    all.extend(asked(schema, operation, name));
    if let Some(filter) = filter(schema, operation, name) {
        all.push(argument(&format!("filter: {filter}"), "Only rows that fit all of it."));
    }
    if operation.search {
        all.push(argument("search: String", "Words that the row must hold: 1 to 200 characters."));
    }
    if operation.near.is_some() {
        all.push(argument(
            "near: NearInput",
            "Only rows near this point, the nearest first unless `sort` says otherwise.",
        ));
    }
    all
}

/// The inputs of what is asked for with an address alone, as one object.
fn asked(schema: &mut Schema<'_>, operation: &Operation, name: &str) -> Option<String> {
    let inputs = schema.rows.inputs(schema.design, operation);
    if inputs.is_empty() || !address_inputs::are_served(operation) {
        return None;
    }
    let needed = if inputs.iter().any(|input| !input.optional) { "!" } else { "" };
    let object = sent(schema, &format!("{name}Input"), inputs);
    Some(argument(&format!("input: {object}{needed}"), "What is asked about."))
}

/// The input object of the filters that a list takes.
fn filter(schema: &mut Schema<'_>, operation: &Operation, name: &str) -> Option<String> {
    let design = schema.design;
    let mut properties = Vec::new();
    for at in &operation.filter {
        let Some(shape) = shapes(schema, operation).get(usize::from(at.0)) else { continue };
        let owner = operation.entity().map_or(name, |entity| &design.model.shape(entity).name);
        let ty = schema.rows.ty(design, &shape.ty, owner, &shape.name, Way::In);
        properties.extend(filters::of_field(shape, &ty).into_iter().map(|(property, _)| property));
    }
    if properties.is_empty() {
        return None;
    }
    Some(sent(schema, &format!("{name}Filter"), properties))
}

fn sent(schema: &mut Schema<'_>, name: &str, properties: Vec<Property>) -> String {
    schema.rows.object(name, Object { doc: None, properties }, Way::In)
}

fn written(schema: &mut Schema<'_>, operation: &Operation, name: &str) -> Vec<String> {
    let deletes = operation.kind == OperationKind::Delete;
    let asked = deletes.then(|| asked(schema, operation, name)).flatten();
    let mut all: Vec<String> = asked.into_iter().collect();
    let inputs = schema.rows.inputs(schema.design, operation);
    if !inputs.is_empty() && !deletes {
        let needed = inputs.iter().any(|input| !input.optional);
        let object = sent(schema, &format!("{name}Input"), inputs);
        let definition = match operation.batch {
            Some(_) => format!("input: [{object}!]!"),
            None if needed => format!("input: {object}!"),
            None => format!("input: {object}"),
        };
        let doc = match (operation.batch, operation.kind) {
            (Some((least, most)), _) => format!("{least} to {most} of them."),
            (None, OperationKind::Update) if !operation.upsert => {
                "What is absent stays; what is null is emptied.".to_owned()
            }
            _ => "What is written.".to_owned(),
        };
        all.push(argument(&definition, &doc));
    }
    let version = "The `version` of the row as the caller knows it: refused with `precondition-failed` if it has changed since.";
    let key = "Chosen by the caller, new for each request: a repetition gets the first answer again, for 24 hours. 1 to 255 visible ASCII characters.";
    match operation.kind {
        OperationKind::Update | OperationKind::Delete if !operation.upsert => {
            all.push(argument("expectedVersion: Long!", version));
        }
        OperationKind::Act => {
            all.push(argument("expectedVersion: Long", version));
            all.push(argument("idempotencyKey: String!", key));
        }
        OperationKind::Create => all.push(argument("idempotencyKey: String!", key)),
        _ => {}
    }
    all
}
