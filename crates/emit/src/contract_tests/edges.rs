//! Values at their bounds, which are taken, and beyond them, which are not.

use expression::Type;
use model::model::{OperationKind, Parameter};

use super::endpoint::{Case, Endpoint, Kind};

/// One case for each input, and one for an input that there is not.
pub fn cases(endpoint: &Endpoint<'_>) -> Vec<Case> {
    let operation = endpoint.operation;
    let actor = endpoint.admitted().first().map(|(name, _)| *name).unwrap_or_default();
    let mut all = Vec::new();
    if operation.writes() && operation.kind != OperationKind::Delete {
        for parameter in &operation.input.parameters {
            all.extend(input(endpoint, parameter).map(|case| case.by(actor)));
        }
        let unknown = Case::new(Kind::Edge, "unknown-property", "a property `surprise`", 422);
        all.push(unknown.by(actor).refused("unknown-property"));
        if let Some(field) = unwritable(endpoint) {
            let given = format!("`{field}` in the body, which clients may not write");
            let case = Case::new(Kind::Edge, "unwritable-property", given, 422);
            all.push(case.by(actor).refused("unknown-property"));
        }
    }
    let unknown = Case::new(Kind::Edge, "unknown-parameter", "`?surprise=1`", 400);
    all.push(unknown.by(actor).refused("unknown-parameter"));
    all
}

/// A field of the row that is no input, by name.
fn unwritable(endpoint: &Endpoint<'_>) -> Option<String> {
    let entity = endpoint.design.model.entity(endpoint.operation.entity()?);
    let inputs = &endpoint.operation.input.parameters;
    let free = |name: &str| !inputs.iter().any(|input| input.name.value == name);
    let limited = entity.fields.iter().filter(|field| {
        field.built_in.is_some() || field.modifiers.readonly || field.modifiers.internal
    });
    let mut names: Vec<&str> =
        limited.map(|field| field.name.value.as_str()).filter(|name| free(name)).collect();
    names.sort_unstable();
    names.first().map(|name| (*name).to_owned())
}

fn input(endpoint: &Endpoint<'_>, parameter: &Parameter) -> Option<Case> {
    let name = &parameter.name.value;
    let (mut taken, mut refused) = bounds(&parameter.ty);
    if parameter.required {
        refused.push("absent".to_owned());
    } else if endpoint.operation.kind != OperationKind::Update {
        taken.push("absent".to_owned());
    }
    if parameter.ty.is_optional() {
        taken.push("null".to_owned());
    } else {
        refused.push("null".to_owned());
    }
    if refused.is_empty() {
        return None;
    }
    let given = format!("one request for each: `{name}` {}", refused.join("; "));
    let mut case = Case::new(Kind::Edge, format!("field-{}", name.replace('_', "-")), given, 422)
        .refused("validation-failed");
    case = case.asserts(format!("`errors[0].pointer` is `/{name}`"));
    if !taken.is_empty() {
        case = case.asserts(format!("taken: {}", taken.join("; ")));
    }
    Some(case)
}

/// Values at the bounds of a type, and just beyond them.
fn bounds(ty: &Type) -> (Vec<String>, Vec<String>) {
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    match ty.required() {
        Type::Bool => refused.push("\"yes\"".to_owned()),
        Type::Int { min, max } => {
            taken.extend([min.to_string(), max.to_string()]);
            refused.extend([(min - 1).to_string(), (max + 1).to_string(), "1.5".to_owned()]);
        }
        Type::Text { min, max, .. } => {
            if *min > 0 {
                refused.push(format!("of {} characters", min - 1));
            }
            taken.push(format!("of {max} characters"));
            refused.extend([format!("of {} characters", max + 1), "a number".to_owned()]);
        }
        Type::Decimal { precision, scale } => {
            refused.push(format!(
                "with {} digits before the point",
                u32::from(precision.saturating_sub(*scale)) + 1
            ));
            refused.push(format!("with {} digits after the point", u32::from(*scale) + 1));
        }
        Type::Money { min, max } => {
            taken.extend(min.iter().chain(max).map(|bound| format!("an amount of {bound}")));
            refused.extend(min.map(|min| format!("an amount below {min}")));
            refused.extend(max.map(|max| format!("an amount above {max}")));
            refused.push("in another currency".to_owned());
        }
        Type::Enum(members) => {
            taken.extend(members.iter().map(|member| format!("`{member}`")));
            refused.push("`no-such-member`".to_owned());
        }
        Type::Reference(_) => refused.push("the id of no row".to_owned()),
        Type::Geo => refused.push("with a latitude of 91".to_owned()),
        Type::Date => refused.push("2026-02-30".to_owned()),
        Type::Time => refused.push("24:00:00".to_owned()),
        Type::Timestamp => refused.push("without a time zone".to_owned()),
        Type::Duration => refused.push("of a month".to_owned()),
        Type::Uuid => refused.push("of 35 characters".to_owned()),
        Type::List { min, max, .. } => {
            if *min > 0 {
                refused.push(format!("of {} items", min - 1));
            }
            taken.push(format!("of {max} items"));
            refused.push(format!("of {} items", max.saturating_add(1)));
        }
        _ => {}
    }
    (taken, refused)
}
