//! The JSON Schema of each type, exactly as the runtime reads and writes it: in contracts over HTTP
//! and in those of events alike.

use expression::{FieldShape, RecordId, Schema, Type, Value as Constant, types::TextFormat};
use model::model::{Default, Field};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use crate::examples;

/// Which way a value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Sent by a client: as narrow as the runtime is.
    In,
    /// Answered: as the runtime writes it, open to properties that are added later.
    Out,
}

/// No text holds the character U+0000, which PostgreSQL cannot store.
const NO_NUL: &str = "^[^\\u0000]*$";

/// The schema of a value.
pub fn schema(schema: &Schema, ty: &Type, way: Way) -> Value {
    match ty {
        Type::Optional(inner) => {
            let mut may_be_null = nullable(self::schema(schema, inner, way));
            if matches!(**inner, Type::File { .. }) && way == Way::In {
                // An example that named an upload would be refused: there is none of that id.
                may_be_null["examples"] = json!([null]);
            }
            may_be_null
        }
        Type::Null => json!({ "type": "null" }),
        Type::Bool => json!({ "type": "boolean" }),
        Type::Int { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Type::Decimal { precision, scale } => decimal(*precision, *scale, way),
        Type::Money { min, max } => money(schema, *min, *max, way),
        Type::Float => json!({ "type": "number" }),
        Type::Text { format, min, max } => text(*format, *min, *max, way),
        Type::Date => json!({ "type": "string", "format": "date" }),
        Type::Time => json!({
            "type": "string",
            "pattern": match way {
                Way::In => "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,9})?)?$",
                Way::Out => "^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?$",
            },
            "examples": ["14:30:00"],
        }),
        Type::Timestamp => json!({ "type": "string", "format": "date-time" }),
        Type::Duration => duration(way),
        Type::Uuid => json!({ "type": "string", "format": "uuid" }),
        Type::Reference(entity) => json!({
            "type": "string",
            "format": "uuid",
            "description": format!("The id of a {}.", schema.entity(*entity).name),
            "examples": [examples::uuid(&schema.entity(*entity).name)],
        }),
        Type::Geo => json!({ "$ref": "#/components/schemas/Geo" }),
        Type::Json => json!({ "description": "Any JSON, up to 64 KiB." }),
        Type::File { max_bytes } if way == Way::In => json!({
            "type": "string",
            "format": "uuid",
            "description": format!(
                "The id of an upload (`POST /files`) of at most {}, or of the file that is there.",
                decide::facts::bytes(bytes(*max_bytes)),
            ),
        }),
        Type::File { .. } => json!({ "$ref": "#/components/schemas/File" }),
        Type::Enum(members) => json!({ "type": "string", "enum": members.to_vec() }),
        Type::Part(part) => object(schema, &schema.part(*part).fields, way),
        Type::Record(id) => record(schema, *id, way),
        Type::List { of, min, max } => list(self::schema(schema, of, way), *min, *max),
    }
}

/// The schema of what an update sends of a value: members of a value of `types` may be left out,
/// and stay (RFC 7396).
pub fn merge_patch(all: &Schema, ty: &Type) -> Value {
    match ty {
        Type::Optional(inner) => nullable(merge_patch(all, inner)),
        Type::Record(record) => {
            let mut object = Object::default();
            for field in &all.record(*record).fields {
                object.add(&field.name, merge_patch(all, &field.ty), false);
            }
            let mut object = object.finish(Way::In);
            object["description"] =
                "What is absent stays; where there was no value, all that it needs is sent.".into();
            object
        }
        other => schema(all, other, Way::In),
    }
}

/// ISO 8601 without years and months, whose lengths vary.
fn duration(way: Way) -> Value {
    let mut text = json!({ "type": "string", "examples": ["PT1H30M"] });
    if way == Way::In {
        let time = "([0-9]{1,5}H|([0-9]{1,5}H)?[0-9]{1,6}M|\
            ([0-9]{1,5}H)?([0-9]{1,6}M)?[0-9]{1,8}(\\.[0-9]{1,9})?S)";
        text["pattern"] = format!("^-?P([0-9]{{1,4}}D|([0-9]{{1,4}}D)?T{time})$").into();
    }
    text
}

/// A list of anything.
pub fn list(items: Value, min: u32, max: u32) -> Value {
    let mut list = json!({ "type": "array", "items": items });
    if min > 0 {
        list["minItems"] = min.into();
    }
    list["maxItems"] = max.into();
    list
}

/// The same, or null.
pub fn nullable(schema: Value) -> Value {
    if let Value::Object(mut map) = schema {
        if let Some(Value::String(ty)) = map.get("type").filter(|ty| *ty != "null").cloned() {
            map.insert("type".to_owned(), json!([ty, "null"]));
            if let Some(Value::Array(members)) = map.get_mut("enum") {
                members.push(Value::Null);
            }
            return Value::Object(map);
        }
        if map.contains_key("$ref") || map.contains_key("anyOf") {
            return json!({ "anyOf": [map, { "type": "null" }] });
        }
        return Value::Object(map);
    }
    schema
}

/// A nested object: what is neither optional nor a list that may be empty is required.
pub fn object(schema: &Schema, fields: &[FieldShape], way: Way) -> Value {
    with_defaults(schema, fields, &|_| None, way)
}

/// A record, of which what has a default may be left out too.
fn record(schema: &Schema, id: RecordId, way: Way) -> Value {
    let default = |at| schema.defaults.get(&(id, at)).filter(|_| way == Way::In);
    with_defaults(schema, &schema.record(id).fields, &default, way)
}

fn with_defaults<'d>(
    schema: &Schema,
    fields: &[FieldShape],
    default: &dyn Fn(u16) -> Option<&'d Constant>,
    way: Way,
) -> Value {
    let mut object = Object::default();
    for (at, field) in (0..).zip(fields) {
        let mut value = self::schema(schema, &field.ty, way);
        let default = default(at);
        if let Some(constant) = default.and_then(value_of) {
            value["default"] = constant;
        }
        let empty_list = matches!(field.ty, Type::List { min: 0, .. });
        let absent = field.ty.is_optional() || empty_list || default.is_some();
        object.add(&field.name, value, way == Way::Out || !absent);
    }
    object.finish(way)
}

/// An object under construction.
#[derive(Debug, std::default::Default)]
pub struct Object {
    properties: Map<String, Value>,
    required: Vec<String>,
}

impl Object {
    /// Adds a property.
    pub fn add(&mut self, name: &str, schema: Value, required: bool) {
        self.properties.insert(name.to_owned(), schema);
        if required {
            self.required.push(name.to_owned());
        }
    }

    /// Requests are closed: an unknown property is refused. Answers may get new ones.
    pub fn finish(self, way: Way) -> Value {
        let mut object = json!({ "type": "object" });
        object["properties"] = Value::Object(self.properties);
        if !self.required.is_empty() {
            object["required"] = self.required.into();
        }
        if way == Way::In {
            object["additionalProperties"] = false.into();
        }
        object
    }
}

/// A string with all its digits; a number is read as well, where it loses none.
fn decimal(precision: u8, scale: u8, way: Way) -> Value {
    let whole = precision.saturating_sub(scale);
    let fraction = match (scale, way) {
        (0, _) => String::new(),
        (_, Way::In) => format!("(\\.[0-9]{{1,{scale}}})?"),
        (_, Way::Out) => format!("\\.[0-9]{{{scale}}}"),
    };
    let digits = if whole == 0 { "0".to_owned() } else { format!("[0-9]{{1,{whole}}}") };
    let hundredths = if whole == 0 { 25 } else { 125 };
    let units = hundredths * 10i128.pow(u32::from(scale)) / 100;
    let text = json!({
        "type": "string",
        "pattern": format!("^-?{digits}{fraction}$"),
        "examples": [Decimal::from_i128_with_scale(units, u32::from(scale)).to_string()],
    });
    match way {
        Way::Out => text,
        Way::In => {
            let limit = 10f64.powi(i32::from(whole));
            let number = json!({
                "type": "number",
                "exclusiveMinimum": -limit,
                "exclusiveMaximum": limit,
                "multipleOf": 10f64.powi(-i32::from(scale)),
            });
            json!({ "anyOf": [text, number] })
        }
    }
}

fn money(schema: &Schema, min: Option<Decimal>, max: Option<Decimal>, way: Way) -> Value {
    if way == Way::Out || (min.is_none() && max.is_none()) {
        return json!({ "$ref": "#/components/schemas/Money" });
    }
    let sign = if min.is_some_and(|min| min >= Decimal::ZERO) { "" } else { "-?" };
    let mut amount = amount(schema, sign, min, max);
    amount["description"] = bounds(min, max).into();
    let mut object = Object::default();
    object.add("amount", amount, true);
    object.add("currency", currency(schema), true);
    object.finish(Way::In)
}

fn bounds(min: Option<Decimal>, max: Option<Decimal>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("From {min} to {max}."),
        (Some(min), None) => format!("At least {min}."),
        (None, Some(max)) => format!("At most {max}."),
        (None, None) => String::new(),
    }
}

fn amount(schema: &Schema, sign: &str, min: Option<Decimal>, max: Option<Decimal>) -> Value {
    let mut amount = amount_text(schema, sign, "");
    amount["examples"] = json!([example_amount(schema, min, max)]);
    amount
}

/// Fifteen digits in all, those of the currency after the point; `after` is a pattern too.
pub fn amount_text(schema: &Schema, sign: &str, after: &str) -> Value {
    let digits = expression::currency::largest_exponent(schema);
    let whole = 15 - digits.min(14);
    let fraction = if digits == 0 { String::new() } else { format!("(\\.[0-9]{{1,{digits}}})?") };
    json!({
        "type": "string",
        "pattern": format!("^{sign}[0-9]{{1,{whole}}}{fraction}{after}$"),
        "examples": [example_amount(schema, None, None)],
    })
}

/// Twelve and a half, or the nearest in range, as an amount of the first currency.
fn example_amount(schema: &Schema, min: Option<Decimal>, max: Option<Decimal>) -> String {
    let usual = Decimal::new(1250, 2);
    let mut amount = min.map_or(usual, |min| usual.max(min));
    amount = max.map_or(amount, |max| amount.min(max));
    amount.rescale(expression::currency::exponent(schema.settings.currency()).into());
    amount.to_string()
}

fn currency(schema: &Schema) -> Value {
    let codes: Vec<&str> = schema.settings.currencies.iter().map(|code| &**code).collect();
    json!({ "type": "string", "enum": codes, "description": "ISO 4217." })
}

fn text(format: TextFormat, min: u32, max: u32, way: Way) -> Value {
    let mut text = json!({ "type": "string" });
    if min > 0 {
        text["minLength"] = min.into();
    }
    text["maxLength"] = max.into();
    let (name, pattern) = match format {
        TextFormat::Email => (Some("email"), EMAIL),
        TextFormat::Url => (Some("uri"), "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@]+([/?#].*)?$"),
        TextFormat::Phone => (None, "^\\+[1-9][0-9]{7,14}$"),
        TextFormat::String | TextFormat::Text | TextFormat::Markdown => (None, NO_NUL),
    };
    if let Some(name) = name {
        text["format"] = name.into();
    }
    if way == Way::In {
        text["pattern"] = pattern.into();
    }
    match format {
        TextFormat::Markdown => text["description"] = "Markdown.".into(),
        TextFormat::Phone => {
            text["description"] = "E.164.".into();
            text["examples"] = json!(["+491701234567"]);
        }
        _ => {}
    }
    text
}

/// A mailbox without quotes at a domain of labels.
const EMAIL: &str = "^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@\
    [A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+$";

/// Schemas that types refer to.
pub fn shared(schema: &Schema) -> Vec<(&'static str, Value)> {
    let mut money = Object::default();
    money.add("amount", amount(schema, "-?", None, None), true);
    money.add("currency", currency(schema), true);
    let degrees = |bound: i32| json!({ "type": "number", "minimum": -bound, "maximum": bound });
    let mut geo = Object::default();
    geo.add("lat", degrees(90), true);
    geo.add("lon", degrees(180), true);
    vec![("Money", money.finish(Way::In)), ("Geo", geo.finish(Way::In)), ("File", file())]
}

#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
const fn bytes(size: u64) -> f64 {
    size as f64
}

/// A file of a row.
fn file() -> Value {
    let mut file = Object::default();
    let mut add = |name, ty: Value, doc: &str| {
        let mut property = json!({ "type": ty });
        property["description"] = doc.into();
        file.add(name, property, true);
    };
    add("id", json!(["string", "null"]), "Names the content; null where it was erased.");
    add(
        "url",
        json!(["string", "null"]),
        "Where the content can be fetched for a while, by \
        whoever has the address; null in events, and where there is no content.",
    );
    add("name", json!("string"), "The name that it had where it came from, or nothing.");
    add("media_type", json!("string"), "IANA media type.");
    add("bytes", json!("integer"), "Size in bytes.");
    add("sha256", json!("string"), "SHA-256 of the content in hexadecimal digits.");
    file.finish(Way::Out)
}

/// What documents can show of a default.
pub fn constant(default: &Default) -> Option<Value> {
    match default {
        Default::Value(value) => value_of(value),
        _ => None,
    }
}

fn value_of(constant: &Constant) -> Option<Value> {
    match constant {
        Constant::Bool(truth) => Some((*truth).into()),
        Constant::Int(number) => Some((*number).into()),
        Constant::Text(text) => Some((&**text).into()),
        _ => None,
    }
}

/// Adds the documentation of a field. Beside a reference it stands since OpenAPI 3.1.
pub fn describe(value: &mut Value, field: Option<&Field>) {
    let doc = field.and_then(|field| field.doc.as_deref()).map(str::trim);
    if let Some(doc) = doc.filter(|doc| !doc.is_empty()) {
        value["description"] = doc.into();
    }
}
