//! Executes the operations of any model over a store.

mod backend;

pub use backend::Backend;
