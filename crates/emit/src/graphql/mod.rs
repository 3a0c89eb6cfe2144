//! GraphQL, one schema for each context that has public operations.
//!
//! Lists answer in the simple form `{ items, next }`, not as Relay's connections: a connection has a
//! cursor for each row and often a total, while here a cursor stands for a page, is signed, and
//! totals are never counted. The cursor is the one of REST.

mod inputs;
mod limits;
mod operations;
mod scalars;
mod schema;
mod types;

pub use types::RowField;

use std::collections::BTreeMap;

use decide::{Design, naming::kebab};
use model::model::{ContextId, Operation, OperationId};

use crate::{Artifact, Emitter, shapes};
use schema::Schema;

/// `graphql/`.
pub static EMITTER: Emitter = Emitter { id: "graphql", run: |input| artifacts(input.design) };

fn artifacts(design: &Design) -> Vec<Artifact> {
    let contexts = (0u16..).map(ContextId).zip(&design.model.contexts);
    let artifact = |(id, context): (ContextId, &model::model::Context)| {
        let path = format!("graphql/{}.graphql", kebab(&context.name));
        Some(Artifact { path, contents: document(design, id)? })
    };
    contexts.filter_map(artifact).collect()
}

/// A schema, and how its names lead back to the design.
#[derive(Clone, Debug)]
pub struct Contract {
    /// The schema.
    pub sdl: String,
    /// Fields of the objects that are answered, by the object's name.
    pub rows: BTreeMap<String, Vec<RowField>>,
    /// Fields of the objects that are sent, with the property that each is over HTTP.
    pub sent: BTreeMap<String, Vec<(String, String)>>,
    /// Operations by the field of a root.
    pub operations: BTreeMap<String, OperationId>,
    /// How deep fields may be.
    pub depth: usize,
}

/// The schema of a context; nothing where nobody outside may ask it for anything.
#[must_use]
pub fn document(design: &Design, context: ContextId) -> Option<String> {
    contract(design, context).map(|contract| contract.sdl)
}

/// The same, with how its names lead back to the design.
#[must_use]
pub fn contract(design: &Design, context: ContextId) -> Option<Contract> {
    let mut public: Vec<(OperationId, &Operation)> = design
        .model
        .operations()
        .filter(|(id, of)| of.context == context && design.route(*id).is_some())
        .collect();
    if public.is_empty() {
        return None;
    }
    public.sort_by_key(|(_, of)| of.name.value.as_str());
    let of = design.model.context(context);
    let summary = of.summary.clone().unwrap_or_else(|| design.model.system.summary.clone());
    let mut schema = Schema::new(design, &public);
    operations::add(&mut schema, &public);
    let head = [
        summary.trim().to_owned(),
        shapes::served(design, &of.name, "graphql"),
        limits::text(design, &public),
        ERRORS.to_owned(),
    ];
    let mut contract = Contract {
        sdl: String::new(),
        rows: BTreeMap::new(),
        sent: BTreeMap::new(),
        operations: public.iter().map(|(id, of)| (of.name.value.clone(), *id)).collect(),
        depth: limits::depth(design, &public),
    };
    for (name, object) in &schema.rows.objects {
        if schema.rows.sent.contains(name) {
            let names = schema::distinct(object.properties.iter().map(|of| of.name.as_str()));
            let properties = object.properties.iter().map(|of| of.name.clone());
            contract.sent.insert(name.clone(), names.into_iter().zip(properties).collect());
        } else {
            contract.rows.insert(name.clone(), types::row_fields(&schema, object));
        }
    }
    contract.sdl = schema.print(&head.join("\n\n"));
    Some(contract)
}

const ERRORS: &str = "\
A refusal is an entry of `errors` with the stable code of the HTTP contract in `extensions.code`, \
its status in `extensions.status`, and the field of the input in `extensions.pointer`. The header \
`Authorization: Bearer TOKEN` says who asks.";
