//! The JSON Schema of a model file, from the tables that the binder reads by: what the binder
//! accepts, it accepts.
//!
//! Editors see YAML's types, the binder sees source text: a scalar may be a string, a number, a
//! boolean or null, and patterns speak of the strings alone.

use serde_json::{Map, Value, json};

use super::bind::{Form, Key, ModelFile, Shape};

/// A number with digits grouped by `_`, and perhaps a suffix.
const NUMBER: &str = r"[0-9][0-9_]*(\.[0-9_]+)?\s*[kMG]?";

/// JSON Schema 2020-12 of a model file.
#[must_use]
pub fn schema() -> Value {
    let mut definitions = Definitions::default();
    let mut root = definitions.of(&ModelFile::shape());
    let name = root.get("$ref").and_then(Value::as_str).unwrap_or("").replace("#/$defs/", "");
    if let Some(own) = definitions.0.remove(&name) {
        root = own;
    }
    let mut document = Map::new();
    document.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
    document.insert("title".into(), "A Firmitas model file".into());
    if let Value::Object(root) = root {
        document.extend(root.into_iter().filter(|(key, _)| key != "title"));
    }
    document.insert("$defs".into(), definitions.0.into());
    Value::Object(document)
}

/// What is defined once and referred to, by name.
#[derive(Default)]
struct Definitions(Map<String, Value>);

impl Definitions {
    fn of(&mut self, shape: &Shape) -> Value {
        match shape {
            Shape::Keys { title, keys, rest } => self.keys(title, keys, *rest),
            Shape::Named { names, of } => {
                let mut map = json!({ "type": "object", "additionalProperties": self.of(&of()) });
                if !names.is_empty() {
                    map["propertyNames"] = json!({ "pattern": names });
                }
                map
            }
            Shape::List(of) => json!({ "type": "array", "items": self.of(&of()) }),
            Shape::Either(shapes) => {
                let shapes: Vec<Value> = shapes.iter().map(|shape| self.of(shape)).collect();
                json!({ "anyOf": shapes })
            }
            Shape::Short { name, examples } => short(name, examples),
            Shape::Words(words) => {
                json!({ "enum": words.iter().flat_map(typed).collect::<Vec<_>>() })
            }
            Shape::Expression => self.define(
                "expression",
                |_| json!({ "type": SCALAR, "description": "An expression, in CEL syntax." }),
            ),
            Shape::Value => self.define("value", |definitions| {
                let own = json!({ "$ref": "#/$defs/value" });
                json!({ "anyOf": [
                    definitions.of(&Shape::Expression),
                    { "type": "array", "items": own },
                    { "type": "object", "additionalProperties": own },
                ]})
            }),
        }
    }

    fn keys(&mut self, title: &str, keys: &[Key], rest: Option<fn() -> Shape>) -> Value {
        let name = title.trim_start_matches("an ").trim_start_matches("a ");
        let name = name.trim_start_matches("the ").replace(' ', "-");
        self.define(&name, |definitions| {
            let mut properties = Map::new();
            for key in keys {
                let mut property = definitions.of(&(key.shape)());
                property["description"] = key.doc.into();
                properties.insert(key.name.to_owned(), property);
            }
            let required: Vec<&str> =
                keys.iter().filter(|key| key.required).map(|key| key.name).collect();
            let rest = rest.map_or(json!(false), |rest| definitions.of(&rest()));
            json!({
                "title": title,
                "type": "object",
                "properties": properties,
                "required": required,
                "additionalProperties": rest,
            })
        })
    }

    /// A reference to a definition, which is made at its first use. Its name is taken first, so
    /// that it can refer to itself.
    fn define(&mut self, name: &str, make: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), Value::Null);
            let made = make(self);
            self.0.insert(name.to_owned(), made);
        }
        json!({ "$ref": format!("#/$defs/{name}") })
    }
}

/// YAML's types of a scalar.
const SCALAR: [&str; 4] = ["string", "number", "boolean", "null"];

/// A word as the binder reads it, and as YAML types it.
fn typed(word: &&str) -> Vec<Value> {
    let other = match *word {
        "true" => Some(json!(true)),
        "false" => Some(json!(false)),
        word => word.parse::<i64>().ok().map(Value::from),
    };
    std::iter::once(json!(word)).chain(other).collect()
}

fn short(name: &str, examples: &[&str]) -> Value {
    let mut short = json!({ "type": SCALAR });
    if let Some(pattern) = pattern(name) {
        short["pattern"] = pattern.into();
    }
    if !examples.is_empty() {
        short["examples"] = json!(examples);
    }
    short
}

/// A regular expression that every text of a short form matches.
fn pattern(name: &str) -> Option<String> {
    let name_pattern = r"[\p{L}_][\p{L}\p{N}_\-]*(\.[\p{L}_][\p{L}\p{N}_\-]*)*";
    Some(match name {
        "a number" | "a whole number" => format!(r"^\s*{NUMBER}\s*$"),
        "a factor" => format!(r"^\s*{NUMBER}\s*x\s*$"),
        "a duration" => format!(r"^\s*{NUMBER}\s*[a-z]+\s*$"),
        "a retention" => format!(r"^\s*{NUMBER}\s*[a-z]+(\s.*)?$"),
        "a rate" => format!(r"^\s*{NUMBER}\s*(/|open)"),
        "a latency" => r"^\s*p[0-9]+\s".to_owned(),
        "a size" => format!(r"^\s*{NUMBER}\s*(k|M|G|Ki|Mi|Gi)?B\s*$"),
        "a share" | "an availability" | "a growth" => format!(r"^\s*{NUMBER}\s*%"),
        "a price" => format!(r"^\s*{NUMBER}\s*[A-Z]{{3}}"),
        "a volume" => format!(r"^\s*{NUMBER}"),
        "a range" => r"^\s*(\.\.|[0-9])".to_owned(),
        "a batch" => r"^\s*[0-9.]".to_owned(),
        "a skew" => r"^\s*(zipf|hot)\s".to_owned(),
        "a field" | "a type" => r"^\s*[\p{L}_]".to_owned(),
        "a name" => format!(r"^\s*{name_pattern}\s*$"),
        "a sort order" => format!(r"^\s*-?{name_pattern}\s*$"),
        "an error code" => r"^[a-z][a-z0-9-]*$".to_owned(),
        "a currency" => "^[A-Z]{3}$".to_owned(),
        "a date" => "^[0-9]{4}-[0-9]{2}-[0-9]{2}$".to_owned(),
        "the source of the tenant" => r"^(actor|host|host\(.*\))$".to_owned(),
        _ => return None,
    })
}
