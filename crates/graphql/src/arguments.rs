//! Arguments of a field, as a request over HTTP puts them: an address, a query, a body.

use std::fmt::Write as _;

use async_graphql::parser::types::{BaseType, Field, Type};
use decide::{address_inputs::has_no_body, filters};
use expression::{FieldIndex, json_text};
use model::model::{Addressed, Operation, OperationKind};
use runtime::Problem;
use runtime::call::IfMatch;
use serde_json::{Map, Value as Json};

use crate::schema::Kind;
use crate::select::{Asking, misplaced};

/// What the arguments of a field say.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    pub address: Option<String>,
    /// As over HTTP, the first first.
    orders: Vec<String>,
    pub query: String,
    pub limit: u64,
    pub body: Option<Vec<u8>>,
    pub key: Option<String>,
    pub if_match: Option<IfMatch>,
}

impl Asking<'_> {
    /// The arguments of a field of a root.
    pub fn arguments(
        &self,
        root: &str,
        field: &Field,
        operation: &Operation,
    ) -> Result<Arguments, Problem> {
        let types = match self.endpoint.schema.types.get(root) {
            Some(Kind::Object(fields)) => fields.get(field.name.node.as_str()),
            _ => None,
        };
        let (_, types) = types.ok_or_else(misplaced)?;
        let mut arguments = Arguments { limit: 50, ..Arguments::default() };
        for (name, ty) in types {
            let given = field.get_argument(name).and_then(|value| self.value(&value.node));
            match given {
                None | Some(Json::Null) if !ty.nullable => {
                    let pointer = format!("/{name}");
                    return Err(Problem::invalid(
                        &pointer,
                        "required",
                        "A value is needed.".to_owned(),
                    ));
                }
                None | Some(Json::Null) => {}
                Some(value) => {
                    let value = self.over_http(value, ty, &format!("/{name}"))?;
                    self.argument(&mut arguments, name, value, operation)?;
                }
            }
        }
        if !arguments.orders.is_empty() {
            let orders = arguments.orders.join(",");
            add(&mut arguments, "sort", &orders);
        }
        if operation.writes() && operation.kind != OperationKind::Delete && arguments.body.is_none()
        {
            arguments.body = Some(b"{}".to_vec());
        }
        Ok(arguments)
    }

    fn argument(
        &self,
        to: &mut Arguments,
        name: &str,
        value: Json,
        operation: &Operation,
    ) -> Result<(), Problem> {
        let list = operation.kind == OperationKind::List;
        match (name, value) {
            ("limit", value) if list => {
                to.limit = value.as_u64().unwrap_or(0);
                add(to, "limit", &plain(&value));
            }
            ("after", value) if list => add(to, "after", &plain(&value)),
            ("sort", Json::String(member)) if list => to.orders.insert(0, order(&member)),
            ("thenBy", Json::Array(members)) if list => {
                if to.orders.is_empty() && !members.is_empty() {
                    to.orders.extend(self.first_order(operation));
                }
                to.orders.extend(members.iter().filter_map(Json::as_str).map(order));
            }
            ("search", value) if list => add(to, "q", &plain(&value)),
            ("near", Json::Object(near)) if list => {
                let number =
                    |value: Option<&Json>| value.and_then(Json::as_f64).unwrap_or_default();
                let point = near.get("point");
                let at = |axis| number(point.and_then(|point| point.get(axis)));
                add(to, "near", &format!("{},{}", at("lat"), at("lon")));
                add(to, "within", &format!("{}m", number(near.get("withinMeters"))));
            }
            ("filter", Json::Object(filters)) if list => {
                for (name, value) in filters {
                    let parameter = self.filter(operation, &name);
                    match value {
                        Json::Null => {}
                        // Of no values nothing is one; left out, it would be everything.
                        Json::Array(values) if values.is_empty() => {
                            let detail = "Expected at least one value.".to_owned();
                            let pointer = format!("/filter/{name}");
                            return Err(Problem::invalid(&pointer, "too-few", detail));
                        }
                        Json::Array(values) => {
                            values.iter().for_each(|value| add(to, &parameter, &plain(value)));
                        }
                        value => add(to, &parameter, &plain(&value)),
                    }
                }
            }
            ("input", Json::Object(inputs)) if has_no_body(operation) => asked(to, inputs),
            ("input", value) => to.body = Some(json_text::write(&value).into_bytes()),
            ("idempotencyKey", Json::String(key)) => to.key = Some(key),
            ("expectedVersion", value) => {
                to.if_match = Some(IfMatch::Version(value.as_i64().unwrap_or(-1)));
            }
            (_, value) if operation.addressed != Addressed::Collection => {
                to.address = Some(plain(&value));
            }
            _ => return Err(misplaced()),
        }
        Ok(())
    }

    /// The order where none is given.
    fn first_order(&self, operation: &Operation) -> Option<String> {
        let sort = operation.sort.first()?;
        let shape = self.shared.executor.design().model.shape(operation.entity()?);
        let field = &shape.fields.get(usize::from(sort.field.0))?.name;
        Some(if sort.descending { format!("-{field}") } else { field.clone() })
    }

    /// `price_gte` as `price.gte`, unless a field is called so.
    fn filter(&self, operation: &Operation, name: &str) -> String {
        let model = &self.shared.executor.design().model;
        let shape = operation.entity().map(|entity| model.shape(entity));
        let field = |at: &FieldIndex| shape.and_then(|of| of.fields.get(usize::from(at.0)));
        let fields: Vec<_> = operation.filter.iter().filter_map(field).collect();
        if fields.iter().any(|field| field.name == name) {
            return name.to_owned();
        }
        let parameter = fields.iter().find_map(|field| {
            let all = filters::properties(&field.name, &field.ty);
            let property = all.into_iter().find(|property| property.name == name)?;
            Some(property.test.parameter(&field.name))
        });
        parameter.unwrap_or_else(|| name.to_owned())
    }

    /// A value with the names of HTTP, and members of enums as it writes them.
    fn over_http(&self, value: Json, ty: &Type, pointer: &str) -> Result<Json, Problem> {
        let invalid =
            |detail: &str| Err(Problem::invalid(pointer, "invalid-type", detail.to_owned()));
        let name = match (&ty.base, value) {
            (_, Json::Null) => return Ok(Json::Null),
            (BaseType::List(of), Json::Array(items)) => {
                let item = |(at, item)| self.over_http(item, of, &format!("{pointer}/{at}"));
                let items: Result<_, _> = items.into_iter().enumerate().map(item).collect();
                return items.map(Json::Array);
            }
            // One is a list of one.
            (BaseType::List(of), one) => {
                return Ok(Json::Array(vec![self.over_http(one, of, pointer)?]));
            }
            (BaseType::Named(name), value) => (name.as_str(), value),
        };
        match (self.endpoint.schema.types.get(name.0), name.1) {
            (Some(Kind::Enum(members)), Json::String(member)) => {
                if !members.contains(&member) {
                    return Err(Problem::invalid(
                        pointer,
                        "unknown-member",
                        "No such value.".to_owned(),
                    ));
                }
                Ok(Json::String(member.to_lowercase()))
            }
            (Some(Kind::Enum(_)), _) => invalid("Expected a value of an enum."),
            (Some(Kind::Input(fields)), Json::Object(given)) => {
                let names = self.endpoint.contract.sent.get(name.0);
                let mut all = Map::new();
                for (field, value) in given {
                    let pointer = format!("{pointer}/{field}");
                    let Some(ty) = fields.get(&field) else {
                        return Err(Problem::invalid(
                            &pointer,
                            "unknown-property",
                            "No such field.".to_owned(),
                        ));
                    };
                    let over_http =
                        names.and_then(|names| names.iter().find(|(name, _)| *name == field));
                    let over_http =
                        over_http.map_or_else(|| field.clone(), |(_, name)| name.clone());
                    if names.is_some() && over_http == "nothing" && field == "nothing" {
                        continue;
                    }
                    all.insert(over_http, self.over_http(value, ty, &pointer)?);
                }
                Ok(Json::Object(all))
            }
            (Some(Kind::Input(_)), _) => invalid("Expected an object."),
            // An id may be written as a number; scalars are judged where they are decoded.
            (_, Json::Number(number)) if name.0 == "ID" => Ok(Json::String(number.to_string())),
            (_, value) => Ok(value),
        }
    }
}

/// Adds the inputs of what has no body.
fn asked(to: &mut Arguments, inputs: Map<String, Json>) {
    for (name, value) in inputs {
        match value {
            Json::Null => {}
            Json::Array(values) => values.iter().for_each(|value| add(to, &name, &plain(value))),
            value => add(to, &name, &plain(&value)),
        }
    }
}

/// Adds a parameter of the address.
fn add(to: &mut Arguments, name: &str, value: &str) {
    if !to.query.is_empty() {
        to.query.push('&');
    }
    encode(&mut to.query, name);
    to.query.push('=');
    encode(&mut to.query, value);
}

/// `PRICE_DESCENDING` as `-price`.
fn order(member: &str) -> String {
    let order = member.to_lowercase();
    match order.strip_suffix("_descending") {
        Some(order) => format!("-{order}"),
        None => order,
    }
}

/// A value as it stands in an address.
fn plain(value: &Json) -> String {
    if let Some(digits) = json_text::digits(value) {
        return digits.to_owned();
    }
    match value {
        Json::String(text) => text.clone(),
        Json::Object(money) => {
            let part = |name| money.get(name).map(plain).unwrap_or_default();
            format!("{} {}", part("amount"), part("currency"))
        }
        other => other.to_string(),
    }
}

/// Percent-encodes whatever is not plain.
fn encode(to: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            to.push(char::from(byte));
        } else {
            let _ = write!(to, "%{byte:02X}");
        }
    }
}
