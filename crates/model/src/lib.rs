//! The model language: from source text to a [`Model`] in which every name, type and expression is
//! resolved, with all that is wrong reported at once.

mod consequences;
mod format;
mod load;
pub mod model;
pub mod network;
mod put;
mod resolve;
pub mod syntax;
pub mod yaml;

pub use format::format;
pub use load::load;
pub use model::Model;
pub use put::put;
pub use resolve::resolve;
