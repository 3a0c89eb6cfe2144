//! Executes the operations of any model over a store.
//!
//! A request becomes one transaction: [`write`] for what changes rows, [`read`] for what does not.
//! Within it, [`work::Work`] is what the transaction has seen and done so far, [`access`] says
//! whether the caller may, [`effects`] runs `do`, and [`finish`] checks and stores. Calls that
//! outlive the transaction are in [`durable`].

mod access;
mod address_input;
mod assurance;
pub(crate) mod audit;
mod backend;
mod clock;
mod contention;
mod durable;
mod effects;
mod event;
mod failure;
mod files;
mod fill;
mod finish;
mod guards;
mod idempotency;
mod input;
mod invariants;
mod journal;
mod kept;
mod load;
mod logins;
mod lookup;
mod maintenance;
mod merge;
mod output;
mod own_login;
mod plan;
mod read;
mod referrers;
pub mod report;
mod retention;
mod row;
mod scope;
mod sealed;
mod session;
mod sign_in;
mod states;
mod tenancy;
mod tree;
mod turns;
mod walk;
mod work;
mod write;

pub use backend::Backend;
pub(crate) use durable::codec::{decode as decode_value, encode as encode_value};
pub use durable::{CallError, CallResult, ConfiguredExternals, ExternalCall, Externals};
pub(crate) use tree::TreePlans;

use crate::call::Caller;

/// The built-in actor.
pub(crate) fn system_caller(plans: &plan::Plans) -> Caller {
    Caller { actors: plans.system.into_iter().collect(), ..Caller::default() }
}

impl crate::call::Request {
    /// A request of the built-in `system` actor, without inputs.
    pub(crate) fn system(plans: &plan::Plans, operation: model::model::OperationId) -> Self {
        Self {
            operation,
            caller: system_caller(plans),
            address: None,
            input: crate::call::InputValues::default(),
            if_match: None,
            idempotency: None,
            page: None,
            selection: None,
            patience: None,
            trace: crate::call::Trace::default(),
        }
    }
}
