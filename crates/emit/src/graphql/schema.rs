//! A schema under construction, and its text.

use std::collections::{BTreeMap, BTreeSet};

use decide::{Design, expansions::Expansions, naming::snake};
use model::model::{Operation, OperationId};

use super::scalars::{OBJECTS, SCALARS, reserved};
use super::{limits, types};
use crate::shapes::Catalogue;

/// Types, and the fields of the three roots.
#[derive(Debug)]
pub struct Schema<'d> {
    /// The design.
    pub design: &'d Design,
    /// Objects and enums of rows.
    pub rows: Catalogue,
    /// Of each entity whose rows can be read one by one: the type that its `get` answers.
    pub expanded: BTreeMap<expression::EntityId, String>,
    /// Names of pages and of what streams bring.
    pub own: BTreeSet<String>,
    /// Definitions by name, printed.
    pub definitions: BTreeMap<String, String>,
    /// Fields of `Query`, `Mutation` and `Subscription`.
    pub roots: [Vec<String>; 3],
}

impl<'d> Schema<'d> {
    /// Without operations.
    pub fn new(design: &'d Design, public: &[(OperationId, &Operation)]) -> Self {
        let mut schema = Self {
            design,
            rows: Catalogue::new(reserved(), "Input").that_merges(),
            expanded: BTreeMap::new(),
            own: BTreeSet::new(),
            definitions: BTreeMap::new(),
            roots: [const { Vec::new() }; 3],
        };
        let gets = limits::expandable(public);
        let expansions = Expansions::of(design);
        for (id, operation) in public {
            let entity = operation.entity().filter(|entity| gets.contains(entity));
            if let Some(entity) = entity
                && expansions.through(entity) == Some(*id)
            {
                let name = schema.rows.answer(design, operation);
                schema.expanded.entry(entity).or_insert(name);
            }
        }
        schema
    }

    /// The whole text.
    pub fn print(mut self, head: &str) -> String {
        types::define(&mut self);
        let mut out = format!("{}schema {{\n", description(head, ""));
        for (root, fields) in ROOTS.iter().zip(&self.roots) {
            if !fields.is_empty() || root.0 == "query" {
                out += &format!("  {}: {}\n", root.0, root.1);
            }
        }
        out += "}\n\n\"\"\"How many rows a list may bring, for those who count what a query costs.\"\"\"\n\
            directive @listSize(assumedSize: Int, slicingArguments: [String!]) on FIELD_DEFINITION\n";
        if self.roots[0].is_empty() {
            // A schema has to answer something.
            self.roots[0].push(
                "  \"\"\"The version of this contract.\"\"\"\n  version: String!\n".to_owned(),
            );
        }
        for ((_, name, doc), fields) in ROOTS.iter().zip(&self.roots) {
            if !fields.is_empty() {
                out +=
                    &format!("\n{}type {name} {{\n{}}}\n", description(doc, ""), fields.join("\n"));
            }
        }
        for text in self.definitions.values() {
            out += &format!("\n{text}");
        }
        let shared = shared(&out);
        out + &shared
    }
}

const ROOTS: [(&str, &str, &str); 3] = [
    ("query", "Query", "What can be read."),
    ("mutation", "Mutation", "What can be changed. Each runs in a transaction of its own."),
    ("subscription", "Subscription", "What can be followed."),
];

/// Scalars and objects that the text uses.
fn shared(text: &str) -> String {
    let mut out = String::new();
    let uses = |text: &str, name: &str| {
        let mut words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        words.any(|word| word == name)
    };
    // In descriptions as well, which costs no more than a definition too many.
    let near = uses(text, "NearInput");
    if near {
        out += "\n\"\"\"All places that are near a point.\"\"\"\ninput NearInput {\n  point: GeoPointInput!\n  \
            \"\"\"How far they may be from it, in metres.\"\"\"\n  withinMeters: Float!\n}\n";
    }
    for (name, doc, body) in OBJECTS {
        let input = format!("{name}Input");
        if uses(text, &input) || (near && name == "GeoPoint") {
            out += &format!("\n\"\"\"{doc}\"\"\"\ninput {input} {{\n  {body}\n}}\n");
        }
        if uses(text, name) {
            out += &format!("\n\"\"\"{doc}\"\"\"\ntype {name} {{\n  {body}\n}}\n");
        }
    }
    let whole = format!("{text}{out}");
    for (name, url, doc) in SCALARS {
        if uses(&whole, name) {
            out +=
                &format!("\n{}scalar {name} @specifiedBy(url: \"{url}\")\n", description(doc, ""));
        }
    }
    out
}

/// A description, as a block of its own lines.
pub fn description(text: &str, indent: &str) -> String {
    let clean = |line: &str| -> String {
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        line.trim().replace("\"\"\"", "\\\"\"\"")
    };
    let lines: Vec<String> = text.trim().lines().map(clean).collect();
    match lines.as_slice() {
        [] => String::new(),
        [line] if !line.contains('"') && !line.ends_with('\\') => {
            format!("{indent}\"\"\"{line}\"\"\"\n")
        }
        lines => {
            let line = |line: &String| format!("{indent}{line}").trim_end().to_owned() + "\n";
            let body: String = lines.iter().map(line).collect();
            format!("{indent}\"\"\"\n{body}{indent}\"\"\"\n")
        }
    }
}

/// Names as GraphQL writes them, with what is behind a later one that is too much like an earlier.
pub fn distinct<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let apart = |name: &str| {
        let mut name = decide::naming::lower_camel(&snake(name));
        while !taken.insert(name.clone()) {
            name.push_str("Field");
        }
        name
    };
    names.map(apart).collect()
}
