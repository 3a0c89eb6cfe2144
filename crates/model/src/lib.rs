//! The model language: from source text to a [`Model`] in which every name, type and expression is
//! resolved, with all that is wrong reported at once.

pub mod model;
pub mod syntax;
pub mod yaml;

pub use model::Model;
