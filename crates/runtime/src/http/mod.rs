//! The edge: HTTP/1.1 and HTTP/2 on one port, exactly the routes of the design.
//!
//! Whatever arrives gets an answer with a stable code: errors are problem documents (RFC 9457),
//! defects are caught, and everything is bounded in size, number and time ([`Limits`]).

mod answer;
mod beside;
mod body;
mod connection;
mod cursor;
mod documents;
mod endpoint;
mod head;
mod limits;
mod mount;
mod outcome;
mod peer;
mod query;
pub mod reply;
mod router;
mod serve;
mod server;
mod service;
mod unwind;

pub use documents::Document;
pub use head::single as single_header;
pub use limits::Limits;
pub use mount::{Arrival, Executor, Mount};
pub use peer::Peer;
pub use reply::{Reply, ReplyBody};
pub use router::RouteError;
pub use serve::{ServeOptions, serve, termination};
pub use server::{Running, ServerError, listen};
pub use service::{Execute, Service, ServiceOptions};
