//! Where a request comes from when a proxy stands before the server.

use std::net::{IpAddr, SocketAddr};

use hyper::HeaderMap;
use hyper::header::{FORWARDED, HOST, HeaderName, HeaderValue};
use ipnet::IpNet;

use super::Peer;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const NAME: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The proxies that are believed. What others say about where a request comes from is not read.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Vec<IpNet>);

/// What proxies say about a request, the one that was told last first.
#[derive(Debug, Default, PartialEq)]
struct Said<'a> {
    path: Vec<&'a str>,
    secure: Option<bool>,
    host: Option<&'a str>,
}

/// Most proxies on the way that are read about.
const HOPS: usize = 16;

impl Proxies {
    /// Addresses (`10.0.0.7`) and networks (`10.0.0.0/8`) of proxies.
    ///
    /// # Errors
    /// What is neither.
    pub fn new(networks: &[String]) -> Result<Self, String> {
        let network = |text: &String| {
            let address = text.parse::<IpAddr>().map(IpNet::from);
            address.or_else(|_| text.parse()).map_err(|_| {
                format!("`{text}` is no network: expected `10.0.0.0/8`, `fd00::/8` or one address")
            })
        };
        networks.iter().map(network).collect::<Result<_, _>>().map(Self)
    }

    /// Whether nobody is believed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an address is that of a proxy.
    pub(super) fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Who is at the other end, behind the proxies: the last address on the way that is not one of
    /// them. Whatever lies before it may be invented. The `Host` becomes the one that was asked for.
    pub(super) fn look_behind(&self, peer: &mut Peer, headers: &mut HeaderMap) {
        if self.0.is_empty() || !self.has(peer.address.ip()) {
            return;
        }
        let said = said(headers);
        for hop in &said.path {
            let Some(address) = node(hop) else { break };
            peer.address = address;
            if !self.has(address.ip()) {
                break;
            }
        }
        if let Some(secure) = said.secure {
            peer.secure = secure;
        }
        if let Some(host) = said.host.and_then(|host| HeaderValue::from_str(host).ok()) {
            headers.insert(HOST, host);
        }
    }
}

/// `Forwarded` (RFC 7239) if it is there, else the headers that were usual before.
fn said(headers: &HeaderMap) -> Said<'_> {
    if headers.contains_key(FORWARDED) {
        return forwarded(headers);
    }
    Said {
        path: backwards(headers, &FOR).collect(),
        secure: backwards(headers, &PROTO).next().map(is_secure),
        host: backwards(headers, &NAME).next(),
    }
}

fn forwarded(headers: &HeaderMap) -> Said<'_> {
    let mut said = Said::default();
    for (at, element) in backwards(headers, &FORWARDED).enumerate() {
        for pair in element.split(';') {
            let Some((name, value)) = pair.split_once('=') else { continue };
            let value = value.trim().trim_matches('"');
            match name.trim() {
                name if name.eq_ignore_ascii_case("for") => said.path.push(value),
                // What the nearest proxy says about the connection to it.
                name if at == 0 && name.eq_ignore_ascii_case("proto") => {
                    said.secure = Some(is_secure(value));
                }
                name if at == 0 && name.eq_ignore_ascii_case("host") => said.host = Some(value),
                _ => {}
            }
        }
    }
    said
}

/// The elements of a list header from the last to the first.
fn backwards<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines: Vec<&str> =
        headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    let elements = lines.into_iter().rev().flat_map(|line| line.rsplit(','));
    elements.map(str::trim).filter(|element| !element.is_empty()).take(HOPS)
}

fn is_secure(proto: &str) -> bool {
    proto.eq_ignore_ascii_case("https") || proto.eq_ignore_ascii_case("wss")
}

/// An address, with or without a port; nothing for `unknown` and invented names.
fn node(text: &str) -> Option<SocketAddr> {
    if let Ok(whole) = text.parse::<SocketAddr>() {
        return Some(whole);
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    Some(SocketAddr::new(bare.parse().ok()?, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn behind(from: &str, headers: &[(&'static str, &str)]) -> (String, bool, Option<String>) {
        let proxies = Proxies::new(&["10.0.0.0/8".to_owned(), "fd00::1".to_owned()]).unwrap();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let mut peer = Peer::plain(from.parse().unwrap());
        proxies.look_behind(&mut peer, &mut map);
        let host = map.get(HOST).map(|host| host.to_str().unwrap().to_owned());
        (peer.address.ip().to_string(), peer.secure, host)
    }

    #[test]
    fn strangers_are_not_believed() {
        let told = [("x-forwarded-for", "192.0.2.1"), ("x-forwarded-proto", "https")];
        assert_eq!(behind("198.51.100.9:1", &told), ("198.51.100.9".to_owned(), false, None));
    }

    #[test]
    fn the_last_address_that_is_no_proxy_is_the_client() {
        for (headers, client) in [
            (&[("x-forwarded-for", "203.0.113.5, 192.0.2.1, 10.1.1.1")][..], "192.0.2.1"),
            (&[("x-forwarded-for", "203.0.113.5"), ("x-forwarded-for", "192.0.2.1")], "192.0.2.1"),
            (&[("x-forwarded-for", "10.2.2.2, 10.1.1.1")], "10.2.2.2"),
            (&[("x-forwarded-for", "192.0.2.1, nonsense")], "10.0.0.1"),
            (&[("x-forwarded-for", "")], "10.0.0.1"),
            (
                &[("forwarded", "for=\"[2001:db8::7]:4711\";proto=https, for=10.9.9.9")],
                "2001:db8::7",
            ),
            (&[("forwarded", "for=192.0.2.43"), ("x-forwarded-for", "203.0.113.5")], "192.0.2.43"),
        ] {
            assert_eq!(behind("10.0.0.1:1", headers).0, client, "{headers:?}");
        }
        let told = [("x-forwarded-proto", "http, https"), ("x-forwarded-host", "shop.example.com")];
        let (_, secure, host) = behind("[::ffff:10.0.0.1]:1", &told);
        assert_eq!((secure, host.as_deref()), (true, Some("shop.example.com")));
    }

    #[test]
    fn a_network_is_an_address_or_a_range() {
        assert!(Proxies::new(&["10.0.0.0/33".to_owned()]).is_err());
        assert!(Proxies::new(&["proxy.example.com".to_owned()]).is_err());
    }
}
