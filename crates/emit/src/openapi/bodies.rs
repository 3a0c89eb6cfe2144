//! What operations take and return.

use std::collections::BTreeMap;

use decide::filters::COUNTED;
use decide::{
    Design,
    address_inputs::has_no_body,
    expansions::{Expandable, Expansions},
    naming::upper_camel,
};
use expression::{FieldIndex, FieldShape, Type};
use model::model::{
    Assigns, Operation, OperationKind, OutputField, OutputValue, Parameter, Target,
};
use serde_json::{Value, json};

use crate::components::{Components, RESERVED};
use crate::json_schema::{Object, Way, constant, describe, list, merge_patch, nullable, schema};

/// The body of a request; nothing where the operation takes none.
pub fn request(
    design: &Design,
    operation: &Operation,
    components: &mut Components,
) -> Option<Value> {
    if operation.input.parameters.is_empty() || has_no_body(operation) {
        return None;
    }
    let mut object = Object::default();
    for parameter in &operation.input.parameters {
        object.add(&parameter.name, input(design, operation, parameter), parameter.required);
    }
    let required = operation.input.parameters.iter().any(|parameter| parameter.required);
    let name = format!("{}Input", upper_camel(&operation.name));
    let schema = components.refer(&name, &format!("{name}Body"), object.finish(Way::In));
    let mut content = json!({ "application/json": { "schema": schema } });
    if operation.kind == OperationKind::Update && !operation.upsert {
        content["application/merge-patch+json"] = json!({ "schema": schema });
    }
    Some(json!({ "required": required, "content": content }))
}

fn input(design: &Design, operation: &Operation, parameter: &Parameter) -> Value {
    let all = &design.model.schema;
    let mut value = match &parameter.assigns {
        Assigns::Part(part, fields) => part_rows(design, operation, *part, fields, &parameter.ty),
        Assigns::Field(_) if operation.kind == OperationKind::Update && !operation.upsert => {
            merge_patch(all, &parameter.ty)
        }
        Assigns::Nothing | Assigns::Field(_) => schema(all, &parameter.ty, Way::In),
    };
    if operation.kind != OperationKind::Update
        && let Some(constant) = parameter.default.as_ref().and_then(constant)
    {
        value["default"] = constant;
    }
    if let Assigns::Field(at) = parameter.assigns {
        let entity = operation.entity().map(|entity| design.model.entity(entity));
        describe(&mut value, entity.and_then(|entity| entity.fields.get(usize::from(at.0))));
    }
    if parameter.modifiers.secret {
        value["writeOnly"] = true.into();
    }
    value
}

fn part_rows(
    design: &Design,
    operation: &Operation,
    part: u16,
    fields: &[FieldIndex],
    ty: &Type,
) -> Value {
    let entity = operation.entity().map(|entity| design.model.entity(entity));
    let declared = entity.and_then(|entity| entity.parts.get(usize::from(part)));
    let mut row = Object::default();
    for at in fields {
        let Some(field) = declared.and_then(|part| part.fields.get(usize::from(at.0))) else {
            continue;
        };
        let mut value = schema(&design.model.schema, &field.ty, Way::In);
        if let Some(constant) = field.default.as_ref().and_then(constant) {
            value["default"] = constant;
        }
        describe(&mut value, Some(field));
        let empty_list = matches!(field.ty, Type::List { min: 0, .. });
        let required = field.default.is_none() && !field.ty.is_optional() && !empty_list;
        row.add(&field.name, value, required);
    }
    let row = row.finish(Way::In);
    match ty {
        Type::Optional(_) => nullable(row),
        Type::List { min, max, .. } => list(row, *min, *max),
        _ => row,
    }
}

/// The schema of one returned row.
pub fn row(design: &Design, operation: &Operation, components: &mut Components) -> Value {
    let mut object = Object::default();
    if matches!(operation.target, Target::History(_) | Target::Audit(_)) {
        for (name, ty, doc) in crate::shapes::recorded() {
            let mut value = schema(&design.model.schema, &ty, Way::Out);
            value["description"] = doc.into();
            object.add(name, value, true);
        }
    }
    let expansions = components.expansions.as_ref();
    let followed = expansions.map(|all| all.references(design, operation)).unwrap_or_default();
    for (at, field) in operation.fields.iter().enumerate() {
        let within = followed.iter().filter(|known| known.property == at && known.within.is_some());
        let within = expanded(design, operation, within);
        object.add(&field.name, output(design, operation, field, within), true);
    }
    let own_references = followed.iter().filter(|known| known.within.is_none());
    if let Some(schema) = expanded(design, operation, own_references) {
        object.add(EXPANDED, schema, false);
    }
    let own = format!("{}Answer", upper_camel(&operation.name));
    let wanted = match operation.target {
        Target::Entity(entity) => design.model.entity(entity).name.value.clone(),
        Target::View(view) => upper_camel(&design.model.view(view).name),
        Target::History(_) | Target::Audit(_) => own.clone(),
    };
    let wanted = if RESERVED.contains(&wanted.as_str()) { own.clone() } else { wanted };
    components.refer(&wanted, &own, object.finish(Way::Out))
}

/// The property that holds rows which references name.
pub const EXPANDED: &str = "_expanded";

/// Rows that references name: there where a request asked for them.
fn expanded<'e>(
    design: &Design,
    operation: &Operation,
    references: impl Iterator<Item = &'e Expandable>,
) -> Option<Value> {
    let mut object = Object::default();
    for known in references {
        let through = design.model.operation(known.through);
        let row = match through.context == operation.context {
            true => json!({ "$ref": format!("{PLACEHOLDER}{}", through.name) }),
            false => json!({ "type": "object" }),
        };
        let mut schema = json!({ "anyOf": [row, { "type": "null" }] });
        schema["description"] =
            format!("As `{}` answers; null where the caller may not get it.", through.name).into();
        let name = known.path.rsplit('.').next().unwrap_or_default();
        object.add(name, schema, false);
    }
    let schema = object.finish(Way::Out);
    let any = schema["properties"].as_object().is_some_and(|all| !all.is_empty());
    any.then(|| {
        let mut schema = schema;
        schema["description"] = "Rows that references name, where `expand` asks for them.".into();
        schema
    })
}

/// What stands for the schema of an operation's row until all have their names.
const PLACEHOLDER: &str = "#/rows/";

/// Gives references to rows their names.
pub fn name_rows(value: &mut Value, names: &BTreeMap<String, Value>) {
    match value {
        Value::Object(object) => {
            let name = object.get("$ref").and_then(Value::as_str);
            let name = name.and_then(|name| name.strip_prefix(PLACEHOLDER)).map(str::to_owned);
            match name {
                Some(name) => {
                    *value =
                        names.get(&name).cloned().unwrap_or_else(|| json!({ "type": "object" }))
                }
                None => object.values_mut().for_each(|inner| name_rows(inner, names)),
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|inner| name_rows(inner, names)),
        _ => {}
    }
}

/// The names of the rows that operations answer through which references are followed.
pub fn rows_by_operation(
    design: &Design,
    context: model::model::ContextId,
    components: &mut Components,
) -> BTreeMap<String, Value> {
    let gets = components.expansions.iter().flat_map(Expansions::gets);
    let through = gets.map(|id| design.model.operation(id));
    let through: Vec<&Operation> = through.filter(|of| of.context == context).collect();
    let name = |of: &Operation| (of.name.value.clone(), row(design, of, components));
    through.into_iter().map(name).collect()
}

fn output(
    design: &Design,
    operation: &Operation,
    field: &OutputField,
    expanded: Option<Value>,
) -> Value {
    let all = &design.model.schema;
    let by_field = |fields: &[FieldShape], at: &FieldIndex| {
        fields.get(usize::from(at.0)).map(|shape| schema(all, &shape.ty, Way::Out))
    };
    let entity = operation.entity();
    let shape = entity.map(|entity| design.model.shape(entity));
    match (&field.value, shape) {
        (OutputValue::Expression(expression), _) => schema(all, &expression.ty, Way::Out),
        (OutputValue::Field(at), Some(shape)) => {
            let mut value = by_field(&shape.fields, at).unwrap_or_else(|| json!({}));
            let entity = entity.map(|entity| design.model.entity(entity));
            describe(&mut value, entity.and_then(|entity| entity.fields.get(usize::from(at.0))));
            value
        }
        (OutputValue::Part(part, fields), Some(shape)) => {
            let Some(part) = shape.parts.get(usize::from(*part)) else { return json!({}) };
            let mut row = Object::default();
            for at in fields {
                if let (Some(value), Some(field)) =
                    (by_field(&part.fields, at), part.fields.get(usize::from(at.0)))
                {
                    row.add(&field.name, value, true);
                }
            }
            if let Some(expanded) = expanded {
                row.add(EXPANDED, expanded, false);
            }
            let row = row.finish(Way::Out);
            if part.one { nullable(row) } else { list(row, part.min, part.max) }
        }
        (OutputValue::Field(at), None) => view_field(design, operation, *at),
        (OutputValue::Part(..), None) => json!({}),
    }
}

fn view_field(design: &Design, operation: &Operation, at: FieldIndex) -> Value {
    let Target::View(view) = operation.target else { return json!({}) };
    let record = design.model.schema.record(design.model.view(view).record);
    let field = record.fields.get(usize::from(at.0));
    field.map_or_else(|| json!({}), |field| schema(&design.model.schema, &field.ty, Way::Out))
}

/// The envelope of a page.
pub fn page(row: Value, name: &str, counts: bool, components: &mut Components) -> Value {
    let mut object = Object::default();
    object.add("items", list(row, 0, 1000), true);
    let next = json!({
        "type": "string",
        "description": "Where the next page starts: the `after` of its request. Empty at the end.",
        "examples": [""],
    });
    object.add("next", next, true);
    if counts {
        let text = format!(
            "Rows of all pages, where `count=true` asked for it; null where they are more than {COUNTED}."
        );
        let count = json!({
            "type": ["integer", "null"], "minimum": 0, "maximum": COUNTED, "description": text,
        });
        object.add("count", count, false);
    }
    let wanted = format!("{}Page", upper_camel(name));
    components.refer(&wanted, &format!("{wanted}OfRows"), object.finish(Way::Out))
}
