//! One command, one file.

pub mod accept;
pub mod account;
pub mod ask;
pub mod backup;
pub mod check;
pub mod client;
pub mod design;
pub mod explain;
pub mod fields;
pub mod fmt;
pub mod identity;
pub mod job;
pub mod kept;
pub mod new;
pub mod place;
pub mod restore;
pub mod schema;
pub mod seed;
pub mod simulate;
pub mod token;
pub mod up;
