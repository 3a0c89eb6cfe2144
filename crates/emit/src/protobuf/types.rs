//! Types and fields: what each type of the language is in protobuf.

use decide::Design;
use expression::{Type, Value as Constant, types::TextFormat};

use super::file::{Field, Label, Meaning};
use crate::shapes::{Property, Ty};

/// The field of a property.
pub fn field(design: &Design, property: &Property, asked: bool) -> Field {
    let (ty, label) = match &property.ty {
        Ty::List { of, .. } => (name(of), Label::Repeated),
        ty if property.optional => (name(ty), Label::Optional),
        ty => (name(ty), Label::One),
    };
    let meaning = Meaning::Property {
        name: property.name.clone(),
        required: !property.optional,
        most: match &property.ty {
            Ty::List { max, .. } => Some(*max),
            _ => None,
        },
    };
    let comment = comment(design, property, asked);
    Field { name: property.name.clone(), ty, label, comment, meaning }
}

/// The name of a type. A list in a list has no type of its own.
pub fn name(ty: &Ty) -> String {
    match ty {
        Ty::Scalar(ty) => scalar(ty).to_owned(),
        Ty::Enum(name) | Ty::Object(name) => name.clone(),
        Ty::List { .. } => "google.protobuf.Value".to_owned(),
    }
}

fn scalar(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::Int { min, max } if i32::try_from(*min).is_ok() && i32::try_from(*max).is_ok() => {
            "int32"
        }
        Type::Int { .. } => "int64",
        Type::Decimal { .. } => "firmitas.v1.Decimal",
        Type::Money { .. } => "firmitas.v1.Money",
        Type::Float => "double",
        Type::Date => "firmitas.v1.Date",
        Type::Time => "firmitas.v1.TimeOfDay",
        Type::Timestamp => "google.protobuf.Timestamp",
        Type::Duration => "google.protobuf.Duration",
        Type::Geo => "firmitas.v1.Point",
        Type::File { .. } => "firmitas.v1.File",
        Type::Text { .. } | Type::Uuid | Type::Reference(_) => "string",
        _ => "google.protobuf.Value",
    }
}

/// What a reader must know of a field: its documentation, whether it must be there, and its bounds.
fn comment(design: &Design, property: &Property, asked: bool) -> String {
    let doc = property.doc.as_deref().map(str::trim).filter(|doc| !doc.is_empty());
    let words = || format!("Its {}.", property.name.replace('_', " "));
    let mut lines = vec![doc.map_or_else(words, str::to_owned)];
    let mut rest: Vec<String> = Vec::new();
    match (asked, property.optional, &property.default) {
        (true, false, _) if !matches!(property.ty, Ty::List { .. }) => {
            rest.push("Required.".to_owned())
        }
        (true, _, Some(default)) => rest.extend(constant(default)),
        _ => {}
    }
    rest.extend(bounds(design, &property.ty));
    if !rest.is_empty() {
        lines.push(rest.join(" "));
    }
    lines.join("\n")
}

fn constant(default: &Constant) -> Option<String> {
    let text = match default {
        Constant::Bool(truth) => truth.to_string(),
        Constant::Int(number) => number.to_string(),
        Constant::Text(text) => format!("`{text}`"),
        _ => return None,
    };
    Some(format!("{text} where it is absent."))
}

/// What values a type admits that protobuf does not say by itself.
fn bounds(design: &Design, ty: &Ty) -> Option<String> {
    match ty {
        Ty::List { of, min, max } => {
            let each = bounds(design, of).map_or_else(String::new, |text| format!(" Each: {text}"));
            Some(format!("{min} to {max} of them.{each}"))
        }
        Ty::Scalar(Type::Int { min, max }) if (*min, *max) != whole() => {
            Some(format!("{min} to {max}."))
        }
        Ty::Scalar(Type::Decimal { precision, scale }) => {
            Some(format!("At most {precision} digits, {scale} of them after the point."))
        }
        Ty::Scalar(Type::Text { format, min, max }) => Some(match format {
            TextFormat::Email => "An email address.".to_owned(),
            TextFormat::Url => "An address of HTTP or HTTPS.".to_owned(),
            TextFormat::Phone => "A phone number (E.164).".to_owned(),
            TextFormat::Markdown => format!("Markdown, {min} to {max} characters."),
            _ => format!("{min} to {max} characters."),
        }),
        Ty::Scalar(Type::Uuid) => Some("A UUID.".to_owned()),
        Ty::Scalar(Type::Reference(entity)) => {
            let of = design.model.schema.entity(*entity);
            Some(format!("The id of one of {}.{}.", of.context, of.name))
        }
        _ => None,
    }
}

const fn whole() -> (i64, i64) {
    (-expression::types::INT_LIMIT, expression::types::INT_LIMIT)
}
