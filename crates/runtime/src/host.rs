//! Names of hosts, as requests and tenants have them.

use std::sync::Arc;

/// Most characters of a host name (RFC 1035, section 2.3.4).
const LIMIT: usize = 253;

/// One spelling for each host, given with a port or without; none where it is no host.
pub(crate) fn spelled(host: &str) -> Option<Arc<str>> {
    let host = without_port(host);
    let host = host.strip_suffix('.').unwrap_or(host);
    let fits = !host.is_empty() && host.len() <= LIMIT;
    fits.then(|| host.to_ascii_lowercase().into())
}

/// The host of a host and port; addresses of IPv6 stand in brackets.
fn without_port(text: &str) -> &str {
    match text.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_one_spelling() {
        for text in ["acme.example", "ACME.example:8080", "acme.example.", "acme.example.:443"] {
            assert_eq!(spelled(text).as_deref(), Some("acme.example"), "{text}");
        }
        assert_eq!(spelled("[::1]:8080").as_deref(), Some("[::1]"));
        assert_eq!(spelled("[::1]").as_deref(), Some("[::1]"));
        assert_eq!(spelled(":80"), None);
        assert_eq!(spelled(&"a".repeat(254)), None);
    }
}
