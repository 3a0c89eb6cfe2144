//! Contents of files: on local disk or behind any S3 API, with signed addresses and thumbnails.
//!
//! A content is uploaded to `/files` by whoever may write a row that has a file, and named by the
//! write. Rows answer with addresses that are signed and end after a while; who has one may fetch
//! the content. What no row refers to any more is removed. Which contents there are is in the
//! store of the rows, and changes with them: [`runtime::files`].
#![allow(
    clippy::disallowed_methods,
    reason = "below the pure crates: it has a clock, threads, files and a network"
)]

mod body;
mod contents;
mod disposition;
mod download;
mod limits;
mod links;
mod media_type;
mod mount;
mod place;
mod range;
mod records;
mod sweep;
mod thumbnail;
mod upload;
mod writer;

pub use contents::{Contents, ContentsError};
pub use limits::Limits;
pub use links::{LIFE, Signer};
pub use mount::Files;
pub use place::{Place, PlaceError, S3};
pub use thumbnail::SIZES;
