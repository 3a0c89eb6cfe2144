//! Which other origins browsers may call from (Fetch Standard, CORS protocol). None unless told.

use std::time::Duration;

use hyper::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderValue, ORIGIN, VARY,
};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method};

use super::reply::{self, Reply};

const ANY: HeaderValue = HeaderValue::from_static("*");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const BY_ORIGIN: HeaderValue = HeaderValue::from_static("origin");
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
/// What clients send. `authorization` has to be named: a wildcard does not cover it.
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "accept, authorization, content-type, idempotency-key, if-match, if-none-match, prefer, range, \
     traceparent, tracestate, x-correlation-id, x-csrf-token, x-grpc-web, grpc-timeout",
);
/// What scripts may read besides what every script may.
const ANSWER_HEADERS: HeaderValue = HeaderValue::from_static(
    "age, etag, idempotency-replayed, link, location, ratelimit, ratelimit-policy, retry-after, \
     www-authenticate, x-correlation-id, grpc-status, grpc-message",
);

/// The origins that are allowed.
#[derive(Clone, Debug, Default)]
pub struct Cors {
    origins: Vec<HeaderValue>,
    any: bool,
    credentials: bool,
    /// Seconds for which browsers remember.
    max_age: u64,
}

impl Cors {
    /// Origins as browsers write them (`https://app.example.com`), or `*` for all; whether these
    /// may send cookies; for how long browsers may remember that.
    ///
    /// # Errors
    /// What is no origin, and `*` together with cookies: any page could act as its visitor.
    pub fn new(origins: &[String], credentials: bool, max_age: Duration) -> Result<Self, String> {
        let any = origins.iter().any(|origin| origin == "*");
        if any && credentials {
            return Err("cookies for every origin would let any page act as its visitor".to_owned());
        }
        let named = origins.iter().filter(|origin| *origin != "*");
        let origins = named.map(|text| origin(text)).collect::<Result<_, _>>()?;
        Ok(Self { origins, any, credentials, max_age: max_age.as_secs() })
    }

    const fn is_on(&self) -> bool {
        self.any || !self.origins.is_empty()
    }

    /// What to say in `Access-Control-Allow-Origin`, if the origin of a request may read answers.
    pub(super) fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        if !self.is_on() {
            return None;
        }
        let origin = headers.get(ORIGIN)?;
        let named = self.origins.iter().find(|allowed| *allowed == origin);
        named.cloned().or_else(|| self.any.then_some(ANY))
    }

    /// The answer to a browser that asks before it sends; nothing to any other request.
    pub(super) fn preflight(&self, head: &Parts) -> Option<Reply> {
        let asks = self.is_on()
            && head.method == Method::OPTIONS
            && head.headers.contains_key(ORIGIN)
            && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if !asks {
            return None;
        }
        let mut reply = reply::empty(204);
        if self.allowed(&head.headers).is_some() {
            let headers = reply.headers_mut();
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
            headers.insert(ACCESS_CONTROL_MAX_AGE, self.max_age.into());
        }
        Some(reply)
    }

    /// Lets the origin read an answer, if it may.
    pub(super) fn dress(&self, reply: &mut HeaderMap, allowed: Option<HeaderValue>) {
        if !self.origins.is_empty() {
            // Caches must not hand the answer for one origin to another.
            reply.append(VARY, BY_ORIGIN);
        }
        let Some(origin) = allowed else { return };
        if self.credentials && origin != ANY {
            reply.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
        }
        reply.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        reply.insert(ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_HEADERS);
    }
}

/// `scheme://host` or `scheme://host:port`, in lower case, as browsers send it.
fn origin(text: &str) -> Result<HeaderValue, String> {
    let wrong = || format!("`{text}` is no origin: expected `https://app.example.com` or `*`");
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = host.ok_or_else(wrong)?;
    let plain = |c: char| !c.is_ascii_uppercase() && c.is_ascii_graphic() && !"/?#@*,".contains(c);
    if host.is_empty() || !host.chars().all(plain) {
        return Err(wrong());
    }
    HeaderValue::from_str(text).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_browsers_send_is_an_origin() {
        for good in ["https://app.example.com", "http://localhost:3000", "http://[::1]:3000"] {
            assert!(origin(good).is_ok(), "{good}");
        }
        for wrong in [
            "",
            "app.example.com",
            "https://",
            "https://a/",
            "https://A.com",
            "null",
            "https://*.a.com",
        ] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
        assert!(Cors::new(&["*".to_owned()], true, Duration::ZERO).is_err());
    }
}
