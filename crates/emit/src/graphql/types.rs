//! Types of rows, of what is sent, and enums.

use expression::{Type, Value as Constant, types::TextFormat};

use super::scalars;
use super::schema::{Schema, description, distinct};
use crate::shapes::{Object, Property, Ty};

/// The name of a type, with what may be null.
pub fn name(ty: &Ty, optional: bool, sent: bool) -> String {
    let name = match ty {
        Ty::Scalar(ty) => scalars::name(ty, sent).to_owned(),
        Ty::Enum(name) | Ty::Object(name) => name.clone(),
        Ty::List { of, .. } => format!("[{}]", self::name(of, false, sent)),
    };
    if optional { name } else { name + "!" }
}

/// Defines the objects and enums that operations use.
pub fn define(schema: &mut Schema<'_>) {
    let objects: Vec<(String, Object)> =
        schema.rows.objects.iter().map(|(name, object)| (name.clone(), object.clone())).collect();
    for (name, object) in objects {
        let sent = schema.rows.sent.contains(&name);
        let text =
            if sent { sent_object(schema, &name, &object) } else { row(schema, &name, &object) };
        schema.definitions.insert(name, text);
    }
    for (name, members) in &schema.rows.enums {
        let values: String =
            members.iter().map(|of| format!("  {}\n", of.to_uppercase())).collect();
        let doc = format!("Values of {}.", decide::naming::snake(name).replace('_', " "));
        let text = format!("{}enum {name} {{\n{values}}}\n", description(&doc, ""));
        schema.definitions.insert(name.clone(), text);
    }
}

/// An object that a caller sends.
fn sent_object(schema: &Schema<'_>, name: &str, object: &Object) -> String {
    let names = distinct(object.properties.iter().map(|of| of.name.as_str()));
    let mut text = object.doc.as_deref().map_or_else(String::new, |doc| description(doc, ""));
    text += &format!("input {name} {{\n");
    for (name, property) in names.iter().zip(&object.properties) {
        text += &sent_property(schema, name, property);
    }
    if object.properties.is_empty() {
        text += "  \"\"\"Nothing has to be said.\"\"\"\n  nothing: Boolean\n";
    }
    text + "}\n"
}

/// A property of what is sent: what has a default may be left out, and a list may be empty.
fn sent_property(schema: &Schema<'_>, name: &str, property: &Property) -> String {
    let default = property.default.as_ref().and_then(|value| default(value, &property.ty));
    let empty = matches!(property.ty, Ty::List { min: 0, .. });
    let ty = self::name(&property.ty, property.optional || empty, true);
    let default = default.map_or_else(String::new, |value| format!(" = {value}"));
    let doc = description(&doc(schema, property), "  ");
    format!("{doc}  {name}: {ty}{default}\n")
}

/// A default as a literal.
fn default(value: &Constant, ty: &Ty) -> Option<String> {
    match (value, ty) {
        (Constant::Bool(truth), _) => Some(truth.to_string()),
        (Constant::Int(number), _) => Some(number.to_string()),
        (Constant::Text(text), Ty::Enum(_)) => Some(text.to_uppercase()),
        (Constant::Text(text), Ty::Scalar(Type::Text { .. })) => {
            Some(serde_json::Value::from(&**text).to_string())
        }
        _ => None,
    }
}

/// A field of a row, and where its value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowField {
    /// Its name.
    pub name: String,
    /// Position of the property among the object's.
    pub property: usize,
    /// Its name over HTTP.
    pub over_http: String,
    /// Where it is the row that the property names: of which entity, and its type.
    pub expanded: Option<(expression::EntityId, String)>,
}

/// The fields of a row. A reference to what can be read by itself is there twice: as an id, and as
/// that row.
pub fn row_fields(schema: &Schema<'_>, object: &Object) -> Vec<RowField> {
    let mut all: Vec<RowField> = Vec::new();
    let names = distinct(object.properties.iter().map(|of| of.name.as_str()));
    for (property, (name, of)) in names.into_iter().zip(&object.properties).enumerate() {
        let target = match &of.ty {
            Ty::Scalar(Type::Reference(entity)) if of.name != "id" => {
                schema.expanded.get(entity).map(|target| (*entity, target.clone()))
            }
            _ => None,
        };
        let field = |name: String, expanded| RowField {
            name,
            property,
            over_http: of.name.clone(),
            expanded,
        };
        match target {
            Some(target) => {
                all.push(field(format!("{name}Id"), None));
                all.push(field(name, Some(target)));
            }
            None => all.push(field(name, None)),
        }
    }
    let names = distinct(all.iter().map(|field| field.name.as_str()));
    all.iter_mut().zip(names).for_each(|(field, name)| field.name = name);
    all
}

/// A row.
fn row(schema: &Schema<'_>, name: &str, object: &Object) -> String {
    let mut text = object.doc.as_deref().map_or_else(String::new, |doc| description(doc, ""));
    text += &format!("type {name} {{\n");
    let fields = row_fields(schema, object);
    for field in &fields {
        let Some(property) = object.properties.get(field.property) else { continue };
        let (text_of, ty) = match &field.expanded {
            None => (doc(schema, property), self::name(&property.ty, property.optional, false)),
            Some((_, target)) => {
                ("Null where the caller may not see it.".to_owned(), target.clone())
            }
        };
        text += &format!("{}  {}: {ty}\n", description(&text_of, "  "), field.name);
    }
    if fields.is_empty() {
        text += "  \"\"\"There is nothing to say.\"\"\"\n  nothing: Boolean\n";
    }
    text + "}\n"
}

/// What is not plain from name and type.
fn doc(schema: &Schema<'_>, property: &Property) -> String {
    let mut lines: Vec<String> =
        property.doc.as_deref().map(str::trim).map(str::to_owned).into_iter().collect();
    let bounds = match &property.ty {
        Ty::Scalar(Type::Int { min, max })
            if *min != -expression::types::INT_LIMIT || *max != expression::types::INT_LIMIT =>
        {
            Some(format!("{min} to {max}."))
        }
        Ty::Scalar(Type::Text {
            format: TextFormat::String | TextFormat::Text | TextFormat::Markdown,
            min,
            max,
        }) => Some(format!("{min} to {max} characters.")),
        Ty::Scalar(Type::Decimal { precision, scale }) => {
            Some(format!("At most {precision} digits, {scale} of them after the point."))
        }
        Ty::Scalar(Type::Reference(entity)) if property.name != "id" => {
            let of = schema.design.model.schema.entity(*entity);
            Some(format!("The id of one of {}.{}.", of.context, of.name))
        }
        Ty::List { min, max, .. } => Some(format!("{min} to {max} of them.")),
        _ => None,
    };
    lines.extend(bounds);
    lines.join("\n")
}
