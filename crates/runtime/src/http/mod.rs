//! The edge: HTTP/1.1 and HTTP/2 on one port, exactly the routes of the design.
//!
//! Whatever arrives gets an answer with a stable code: errors are problem documents (RFC 9457),
//! defects are caught, and everything is bounded in size, number and time ([`Limits`]).

mod admission;
mod answer;
mod asked;
mod beside;
mod body;
mod compression;
mod connection;
mod cors;
mod cursor;
mod documents;
mod door;
mod dress;
mod edge;
mod endpoint;
mod expand;
mod filters;
mod freshness;
mod gate;
mod head;
mod limits;
mod mount;
mod outcome;
mod peer;
mod proxies;
mod query;
pub mod rate;
mod redirect;
pub mod reply;
mod router;
mod seats;
mod serve;
mod server;
mod service;
mod tenant;
mod tls;
mod trail;
mod translator;
mod unreadable;
mod until;
mod unwind;

pub use admission::Admission;
pub use body::discard;
pub use compression::Compression;
pub use cors::Cors;
pub use documents::Document;
pub use edge::Edge;
pub use gate::Place;
pub use head::single as single_header;
pub use limits::Limits;
pub use mount::{Arrival, Executor, Mount, Ran};
pub use peer::Peer;
pub use proxies::Proxies;
pub use rate::{
    Bucket, Level, LocalBuckets, Quota, RateLimiter, RateOverride, RateSettings, Taken, Who,
    neighbourhood,
};
pub use reply::{Reply, ReplyBody};
pub use router::RouteError;
pub use serve::{ServeOptions, Termination, serve};
pub use server::{Running, ServerError, listen};
pub use service::{Execute, Service, ServiceOptions};
pub use tls::{TlsError, TlsFiles};
pub use translator::{Spoken, Translator};
