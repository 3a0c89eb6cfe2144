//! Examples of values, made from their schemas: the same every time, and always what the schema
//! admits. Where a pattern says what a text must look like, the schema brings an example of its own.

use decide::{
    Design,
    naming::{kebab, snake},
};
use serde_json::{Map, Value, json};

use crate::json_schema::constant;
use crate::openapi::EXPANDED;

/// Longer lists than this are not shown.
const LONGEST_LIST: u64 = 20;
/// Values nest no deeper than types do; a bound all the same.
const DEEPEST: u32 = 32;

/// Makes examples.
pub struct Maker<'d> {
    schemas: &'d Value,
    /// The entity or view that the operation is about.
    about: String,
    /// Whoever signs in is a person, and has a person's name.
    person: bool,
    /// What fields start as.
    defaults: Map<String, Value>,
}

impl<'d> Maker<'d> {
    /// For what is about an entity or view; `schemas` are those that may be referred to, by name.
    pub fn new(design: &Design, schemas: &'d Value, about: &str) -> Self {
        let mut people = design.model.actors.iter().filter_map(|actor| actor.entity);
        let person = people.any(|id| design.model.entity(id).name.value == about);
        let entity = design.model.entities.iter().find(|entity| entity.name.value == about);
        let fields = entity.into_iter().flat_map(|entity| &entity.fields);
        let mut defaults: Map<String, Value> = fields
            .filter_map(|field| {
                let start = field.default.as_ref().and_then(constant)?;
                Some((field.name.value.clone(), start))
            })
            .collect();
        defaults.insert("version".to_owned(), 1.into());
        Self { schemas, about: about.to_owned(), person, defaults }
    }
}

impl Maker<'_> {
    /// Adds an example to each media type that has none.
    pub fn show(&self, content: &mut Value) {
        for media in content.as_object_mut().into_iter().flat_map(Map::values_mut) {
            let shown = media.get("example").or_else(|| media.get("examples")).is_some();
            let example = media.get("schema").and_then(|schema| self.value(schema));
            if let Some(example) = example.filter(|_| !shown) {
                media["example"] = example;
            }
        }
    }

    /// A value that the schema admits; nothing where it would be too long to show.
    pub fn value(&self, schema: &Value) -> Option<Value> {
        self.value_within(schema, "", 0)
    }

    fn value_within(&self, schema: &Value, name: &str, depth: u32) -> Option<Value> {
        if depth > DEEPEST {
            return None;
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let name_of_schema = target.rsplit('/').next()?;
            return self.value_within(self.schemas.get(name_of_schema)?, name, depth + 1);
        }
        let stated =
            [schema.pointer("/examples/0"), schema.get("default"), schema.pointer("/enum/0")];
        if let Some(stated) = stated.into_iter().flatten().next() {
            return Some(stated.clone());
        }
        if let Some(first) = schema.pointer("/anyOf/0") {
            return self.value_within(first, name, depth + 1);
        }
        let nullable = schema.get("type").is_some_and(Value::is_array);
        if nullable && name == "deleted_at" {
            return Some(Value::Null);
        }
        let ty = schema.pointer("/type/0").or_else(|| schema.get("type"));
        match ty.and_then(Value::as_str) {
            Some("object") => self.object(schema, depth),
            Some("array") => self.array(schema, name, depth),
            Some("integer") => Some(integer(schema).into()),
            Some("number") => Some(number(schema).into()),
            Some("boolean") => Some(true.into()),
            Some("string") => Some(self.text(schema, name).into()),
            Some(_) => Some(Value::Null),
            None => Some(json!({ "key": "value" })),
        }
    }

    fn object(&self, schema: &Value, depth: u32) -> Option<Value> {
        let mut object = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            // There only where a request asks for it.
            if name == EXPANDED {
                continue;
            }
            let start = self.defaults.get(name).filter(|start| admits(property, start));
            let value = start.cloned().or_else(|| self.value_within(property, name, depth + 1));
            object.insert(name.clone(), value?);
        }
        Some(Value::Object(object))
    }

    fn array(&self, schema: &Value, name: &str, depth: u32) -> Option<Value> {
        let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
        let most = bound("maxItems").unwrap_or(1);
        let length = bound("minItems").unwrap_or(0).max(most.min(1));
        if length > LONGEST_LIST {
            return None;
        }
        let item =
            schema.get("items").and_then(|items| self.value_within(items, name, depth + 1))?;
        Some((0..length).map(|_| item.clone()).collect())
    }

    fn text(&self, schema: &Value, name: &str) -> String {
        let text = match schema.get("format").and_then(Value::as_str) {
            Some("date-time") => return "2026-03-14T09:26:53Z".to_owned(),
            Some("date") => return "2026-03-14".to_owned(),
            Some("uuid") => return uuid(name),
            Some("email") => "ada@example.com".to_owned(),
            Some("uri") => format!("https://example.com/{}", kebab(name)),
            _ => self.words(name),
        };
        fitted(&text, schema)
    }

    /// What a text of that name might say.
    fn words(&self, name: &str) -> String {
        let known =
            KNOWN.iter().find(|(word, _)| name == *word || name.ends_with(&format!("_{word}")));
        match known {
            Some((_, text)) => (*text).to_owned(),
            None if name == "name" && self.person => "Ada Lovelace".to_owned(),
            None if matches!(name, "name" | "title") => {
                format!("Example {}", snake(&self.about).replace('_', " "))
            }
            None => format!("Example {}", name.replace('_', " ")),
        }
    }
}

/// Texts of fields that are in many models.
const KNOWN: &[(&str, &str)] = &[
    ("city", "Berlin"),
    ("code", "A-1042"),
    ("country", "DE"),
    ("description", "What it is, in a sentence or two."),
    ("first_name", "Ada"),
    ("full_name", "Ada Lovelace"),
    ("last4", "4242"),
    ("last_name", "Lovelace"),
    ("media_type", "image/png"),
    ("number", "1042"),
    ("plate", "B-FM 1042"),
    ("postcode", "10115"),
    ("reason", "no longer needed"),
    ("reference", "ref-1042"),
    ("sku", "SKU-1042"),
    ("street", "Torstr. 1"),
    ("token", "tok-4242424242424242"),
    ("zip", "10115"),
];

/// The id of the rows of an entity in examples: the same wherever it is referred to. Its shape is
/// that of a UUID version 7.
pub fn uuid(name: &str) -> String {
    // Fowler-Noll-Vo 1a, 64 bits: its value never changes between versions.
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    format!("019cebd6-2c48-7000-8000-{:012x}", hash & 0xffff_ffff_ffff)
}

/// Cut or repeated until it has a length that the schema admits.
fn fitted(text: &str, schema: &Value) -> String {
    let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
    let count = |bound: u64| usize::try_from(bound).unwrap_or(usize::MAX);
    let least = count(bound("minLength").unwrap_or(0));
    let most = bound("maxLength").map_or(usize::MAX, count);
    let length = text.chars().count().clamp(least.min(most), most);
    text.chars().cycle().take(length).collect()
}

/// Whether a schema is of the type of a value: fields of parts may be named like the entity's own.
fn admits(schema: &Value, value: &Value) -> bool {
    let ty = match value {
        Value::Bool(_) => "boolean",
        Value::Number(number) => {
            let integer = number.as_i64();
            let bound = |key: &str| schema.get(key).and_then(Value::as_i64);
            let inside = bound("minimum").is_none_or(|least| integer >= Some(least))
                && bound("maximum").is_none_or(|most| integer <= Some(most));
            if inside { "integer" } else { return false }
        }
        _ => return false,
    };
    schema.pointer("/type/0").or_else(|| schema.get("type")).and_then(Value::as_str) == Some(ty)
}

/// Two, or the nearest that is in range.
fn integer(schema: &Value) -> i64 {
    let bound = |key: &str| schema.get(key).and_then(Value::as_i64);
    let least = bound("minimum").unwrap_or(i64::MIN);
    2.min(bound("maximum").unwrap_or(i64::MAX)).max(least)
}

fn number(schema: &Value) -> f64 {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let least = bound("minimum").unwrap_or(f64::MIN);
    13.405f64.min(bound("maximum").unwrap_or(f64::MAX)).max(least)
}
