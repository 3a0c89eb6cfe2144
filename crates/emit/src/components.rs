//! Schemas with a name. Two that are equal share one; two that are not never do.

use decide::expansions::Expansions;
use serde_json::{Map, Value, json};

/// The `components` of a document.
#[derive(Debug, Default)]
pub struct Components {
    /// References of rows that a request may follow, where the document is about requests.
    pub expansions: Option<Expansions>,
    schemas: Map<String, Value>,
}

impl Components {
    /// Those of a document about requests, which may follow these references.
    pub fn that_expand(expansions: Expansions) -> Self {
        Self { expansions: Some(expansions), ..Self::default() }
    }

    /// A reference to the schema, under the wanted name or, where that is taken by another, under
    /// the second one.
    pub fn refer(&mut self, wanted: &str, second: &str, schema: Value) -> Value {
        let names = [wanted.to_owned(), second.to_owned()];
        let numbered = (2u32..).map(|number| format!("{second}{number}"));
        for name in names.into_iter().chain(numbered) {
            let known = self.schemas.get(&name);
            if known.is_none_or(|known| *known == schema) {
                self.schemas.insert(name.clone(), schema);
                return json!({ "$ref": format!("#/components/schemas/{name}") });
            }
        }
        schema
    }

    /// Adds the schemas that are referred to, directly or by each other, of those that are shared.
    pub fn add_used(&mut self, shared: Vec<(&'static str, Value)>, elsewhere: &Value) {
        let uses =
            |name: &str, text: &str| text.contains(&format!("#/components/schemas/{name}\""));
        let text = format!("{elsewhere}{}", Value::Object(self.schemas.clone()));
        for (name, schema) in shared {
            if uses(name, &text) {
                self.schemas.entry(name.to_owned()).or_insert(schema);
            }
        }
    }

    /// All schemas, by name.
    pub fn finish(self) -> Map<String, Value> {
        self.finish_with(|_| {})
    }

    /// The same, after a last change to each.
    pub fn finish_with(mut self, change: impl Fn(&mut Value)) -> Map<String, Value> {
        self.schemas.values_mut().for_each(change);
        self.schemas.sort_keys();
        self.schemas
    }
}

/// Names that types and problems have.
pub const RESERVED: [&str; 4] = ["Money", "Geo", "File", "Problem"];
