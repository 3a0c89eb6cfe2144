//! Ports for servers that are started again where they were.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range that systems take ports of outgoing connections from: nobody sits there while
/// the server is away.
const FIRST: u16 = 12_000;
const LAST: u16 = 31_000;

/// A port that is free now.
pub fn free() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let span = LAST - FIRST;
    let start = u16::try_from(std::process::id() * 37 % u32::from(span)).unwrap();
    (0..span)
        .map(|_| FIRST + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % span)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}
