//! GraphQL over a Design: a dynamic schema, one statement for each tree.
//!
//! The schema that is served is the one that is emitted: it is built from that text. Documents are
//! parsed and validated by `async-graphql` and kept; what they ask for is turned into requests for
//! operations, as over HTTP, each with a selection. So a field of `Query` is one statement,
//! whatever hangs on it, and its answer is written from the rows.
#![allow(
    clippy::disallowed_methods,
    reason = "below the pure crates: it has a clock, threads, files and a network"
)]

mod arguments;
mod document;
mod execute;
mod mount;
mod persisted;
mod scan;
mod schema;
mod select;
mod write;

pub use mount::GraphQl;
pub use persisted::{Persisted, PersistedError};

use std::sync::Arc;

use decide::Design;
use decide::expansions::Expansions;
use decide::naming::kebab;
use model::model::ContextId;
use runtime::http::{Executor, Translator};

/// Where GraphQL is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Serving {
    /// For the contexts for which the design chooses it.
    #[default]
    AsDecided,
    /// For every context.
    On,
    /// Nowhere.
    Off,
}

/// The schema of a context, ready to be asked.
pub(crate) struct Endpoint {
    /// `/graphql/{context}`.
    pub path: String,
    pub contract: emit::graphql::Contract,
    pub schema: schema::Built,
    pub documents: document::Documents,
}

/// What all endpoints share.
pub(crate) struct Shared {
    pub executor: Arc<dyn Executor>,
    pub translator: Arc<Translator>,
    pub expansions: Expansions,
}

/// The contexts to serve.
pub(crate) fn contexts(design: &Design, serving: Serving) -> Vec<(ContextId, String)> {
    let contexts = (0u16..).map(ContextId).zip(&design.model.contexts);
    let decided = |name: &str| {
        let end = format!("->{name}");
        let chosen = |verdict: &&decide::design::Verdict| {
            verdict.family == "paradigm" && verdict.choice == "graphql"
        };
        design.verdicts.iter().filter(chosen).any(|verdict| verdict.subject.ends_with(&end))
    };
    contexts
        .filter(|(_, context)| match serving {
            Serving::On => true,
            Serving::Off => false,
            Serving::AsDecided => decided(&context.name),
        })
        .map(|(id, context)| (id, format!("/graphql/{}", kebab(&context.name))))
        .collect()
}
