//! The session cookie (RFC 6265, and its successor's prefixes).

use hyper::HeaderMap;
use hyper::header::{COOKIE, HeaderValue};

/// Name where connections are encrypted: browsers then accept it only from this host, for all of
/// it, and over TLS.
const SECURE: &str = "__Host-session";
/// Name on a plain connection to this machine itself.
const PLAIN: &str = "session";
/// Length of what [`crate::secret::random`] makes.
const LENGTH: usize = 43;

/// The name of the cookie on such a connection.
const fn secure_name(secure: bool) -> &'static str {
    if secure { SECURE } else { PLAIN }
}

/// The cookie of a new session.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionCookie {
    /// What the browser sends.
    pub token: String,
    /// Seconds for which it keeps it.
    pub seconds: u64,
    /// Whether the connection is encrypted.
    pub secure: bool,
}

impl std::fmt::Debug for SessionCookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionCookie").field("secure", &self.secure).finish_non_exhaustive()
    }
}

impl SessionCookie {
    /// The value of `Set-Cookie`.
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        set(&self.token, self.seconds, self.secure)
    }

    /// The value of `Set-Cookie` that makes a browser forget the cookie.
    #[must_use]
    pub fn forget(secure: bool) -> HeaderValue {
        set("", 0, secure)
    }
}

fn set(token: &str, seconds: u64, secure: bool) -> HeaderValue {
    let (name, flag) = (secure_name(secure), if secure { "; Secure" } else { "" });
    let text = format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{flag}");
    // Made of characters that headers allow.
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The session cookie of a request. One that is there twice is worth nothing: somebody else set
/// the other.
pub(crate) fn of_request(headers: &HeaderMap, secure: bool) -> Option<&str> {
    let name = secure_name(secure);
    let texts = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.split_once('='));
    let mut ours = pairs.filter(|(key, _)| key.trim() == name).map(|(_, value)| value.trim());
    let token = ours.next()?;
    let sound = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (ours.next().is_none() && token.len() == LENGTH && token.bytes().all(sound)).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_cookie_of_this_kind_of_connection_counts() {
        let token = "a".repeat(LENGTH);
        let read = |text: &str, secure| {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_str(text).unwrap());
            of_request(&headers, secure).map(str::to_owned)
        };
        let host = format!("x=1; __Host-session={token}; y");
        assert_eq!(read(&host, true).as_deref(), Some(&*token));
        assert_eq!(read(&host, false), None);
        assert_eq!(read(&format!("session={token}"), true), None);
        assert_eq!(read(&format!("session={token}; session={token}"), false), None);
        assert_eq!(read("session=short", false), None);
        let cookie = SessionCookie { token, seconds: 60, secure: true };
        let text = cookie.header();
        let text = text.to_str().unwrap();
        for part in ["__Host-session=", "; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/;"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains("Domain"));
    }
}
