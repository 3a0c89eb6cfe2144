//! What is set about the way in, besides the bounds.

use std::net::SocketAddr;
use std::time::Duration;

use super::compression::Compression;
use super::cors::Cors;
use super::proxies::Proxies;
use super::rate::RateSettings;
use super::tls::TlsFiles;

/// Who may come in, how, and how often. The default suits a server that clients reach directly
/// and without encryption, as on a machine for development.
#[derive(Clone, Debug, Default)]
pub struct Edge {
    /// How often callers may ask.
    pub rates: RateSettings,
    /// Which other origins browsers may call from.
    pub cors: Cors,
    /// Who may say where a request comes from.
    pub proxies: Proxies,
    /// Encryption, and proof by certificate.
    pub tls: Option<TlsFiles>,
    /// Where requests without encryption are sent on to the encrypted address.
    pub redirect: Option<SocketAddr>,
    /// Whether answers are compressed for those who take it.
    pub compression: Compression,
    /// For which the server goes on accepting after `/ready` says that it stops, so that whoever
    /// spreads the load notices.
    pub drain_delay: Duration,
}
