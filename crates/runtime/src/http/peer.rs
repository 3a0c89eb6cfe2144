//! Who is at the other end of a connection.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// The other end of a connection. Every request carries it among its extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address; behind a trusted proxy, the one that the proxy tells.
    pub address: SocketAddr,
    /// The certificate that it proved to hold (DER), verified against the configured authorities.
    pub certificate: Option<Arc<[u8]>>,
    /// Whether the connection is encrypted, here or at a trusted proxy.
    pub secure: bool,
}

impl Peer {
    /// A peer without encryption.
    #[must_use]
    pub const fn plain(address: SocketAddr) -> Self {
        Self { address, certificate: None, secure: false }
    }
}

impl Default for Peer {
    fn default() -> Self {
        Self::plain(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0))
    }
}
