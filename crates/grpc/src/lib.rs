//! gRPC over a Design: the procedures of the emitted contracts, reflection, health.
//!
//! What is served is what is emitted: the `.proto` files are compiled at start. A message becomes
//! the request that it would be over HTTP, and the answer of HTTP becomes a message, both without
//! a tree between: so the checks, the codes, the limits and the cursors are those of HTTP.
#![allow(
    clippy::disallowed_methods,
    reason = "below the pure crates: it has a clock, threads, files and a network"
)]

mod call;
mod compile;
mod frame;
mod health;
mod moment;
mod mount;
mod plan;
mod read;
mod reflection;
mod status;
mod stream;
mod text;
mod timeout;
mod value;
mod wire;
mod write;

pub use mount::{Grpc, Options};

use decide::Design;
use model::model::ContextId;

/// Where gRPC is served.
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

impl Serving {
    /// Whether a context is served.
    pub(crate) fn serves(self, design: &Design, context: ContextId) -> bool {
        let end = format!("->{}", design.model.context(context).name);
        let mut verdicts = design.verdicts.iter();
        match self {
            Self::On => true,
            Self::Off => false,
            Self::AsDecided => verdicts.any(|verdict| {
                verdict.family == "paradigm"
                    && verdict.choice == "grpc"
                    && verdict.subject.ends_with(&end)
            }),
        }
    }
}
