//! Passwords: what is accepted as one, and how it is kept.

mod common;
mod hasher;
mod rules;

pub use hasher::Hasher;
pub use rules::PasswordRules;

pub(crate) use rules::LONGEST;
