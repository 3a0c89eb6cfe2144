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

/// The schema of a context; nothing where nobody outside may ask it for anything.
#[must_use]
pub fn document(design: &Design, context: ContextId) -> Option<String> {
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
    Some(schema.print(&head.join("\n\n")))
}

const ERRORS: &str = "\
A refusal is an entry of `errors` with the stable code of the HTTP contract in `extensions.code`, \
its status in `extensions.status`, and the field of the input in `extensions.pointer`. The header \
`Authorization: Bearer TOKEN` says who asks.";
