//! Calls that outlive a transaction: what precedes one is committed, the call is made under an
//! idempotency key of its own, and what follows is the next transaction, after a crash too.

mod answer;
pub(crate) mod codec;
mod counted;
pub(crate) mod external;
mod guard;
pub(crate) mod job;
pub(crate) mod stand_in;
mod throttle;
pub(crate) mod worker;

pub(crate) use counted::CountedExternals;
pub use external::{CallError, CallResult, ConfiguredExternals, ExternalCall, Externals};
pub(crate) use guard::Guards;
pub(crate) use throttle::Throttle;
