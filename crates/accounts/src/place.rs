//! Where a request comes from, and where it goes.

use std::net::IpAddr;

use hyper::header::{HOST, USER_AGENT};
use hyper::http::request::Parts;
use runtime::http::Peer;
use runtime::telemetry::masked;

/// Where somebody is who signs in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// The host that was asked, with its port where it has one.
    pub(crate) host: String,
    pub(crate) agent: String,
    /// Masked.
    pub(crate) address: String,
    pub(crate) secure: bool,
}

impl Place {
    pub(crate) fn of(head: &Parts, peer: &Peer) -> Self {
        let agent = head.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        Self {
            host: Self::host(head),
            agent: agent.unwrap_or_default().to_owned(),
            address: masked(peer.address.ip()),
            secure: peer.secure,
        }
    }

    /// The host of a request, in lower case; empty where it names none.
    pub(crate) fn host(head: &Parts) -> String {
        let authority = head.uri.authority().map(|authority| authority.as_str());
        let header = || head.headers.get(HOST).and_then(|value| value.to_str().ok());
        authority.or_else(header).unwrap_or_default().to_ascii_lowercase()
    }

    /// Over TLS; or to this very machine, by a name that leads nowhere else.
    pub(crate) fn may_set_cookies(&self) -> bool {
        self.secure || is_this_machine(&self.host)
    }
}

/// Whether a host, with or without its port, is this very machine by a name that leads nowhere else.
#[must_use]
pub fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, _)) => name,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let loopback = name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    loopback || name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_cookies_are_for_this_machine_alone() {
        for own in ["localhost:8080", "127.0.0.1", "[::1]:80", "shop.localhost:1"] {
            assert!(is_this_machine(own), "{own}");
        }
        for other in ["", "example.com", "127.0.0.1.example.com", "10.0.0.1:80", "localhost.de"] {
            assert!(!is_this_machine(other), "{other}");
        }
    }
}
