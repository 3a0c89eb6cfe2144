//! How much of everything one server takes on.

use std::time::Duration;

/// Bounds that keep a slow or greedy client from harming others. All can be set; the defaults suit
/// one small machine.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Most bytes of a request body.
    pub body: usize,
    /// Most bytes of a request's head (HTTP/1) or header list (HTTP/2).
    pub head: usize,
    /// Most bodies above 16 KiB that are read at once; further ones get 503.
    pub large_bodies: usize,
    /// Most header fields.
    pub headers: usize,
    /// Most bytes of path and query.
    pub address: usize,
    /// Most connections at once; a further one takes the place of one that is idle, or waits to
    /// be accepted.
    pub connections: usize,
    /// Most connections of one address; further ones are closed at once.
    pub connections_of_address: usize,
    /// Most TLS handshakes at once; further connections wait for theirs.
    pub handshakes: usize,
    /// Bytes a second that whoever is sent an answer has to take, after what fits in `silence`.
    pub slowest: usize,
    /// Most complete requests under way at once; further ones get 503.
    pub requests: usize,
    /// Most requests at once on one HTTP/2 connection.
    pub streams: u32,
    /// For a request's head to arrive, and for which an idle connection is kept.
    pub head_time: Duration,
    /// For a request's body to arrive.
    pub body_time: Duration,
    /// For which a peer may neither send nor take a byte.
    pub silence: Duration,
    /// For requests under way to finish when the server stops.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 1024 * 1024,
            large_bodies: 128,
            head: 32 * 1024,
            headers: 64,
            address: 16 * 1024,
            connections: 4096,
            connections_of_address: 1024,
            handshakes: 256,
            slowest: 1024,
            requests: 1024,
            streams: 128,
            head_time: Duration::from_secs(20),
            body_time: Duration::from_secs(20),
            silence: Duration::from_secs(60),
            drain: Duration::from_secs(15),
        }
    }
}
