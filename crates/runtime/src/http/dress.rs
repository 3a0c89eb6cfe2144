//! What every answer says to browsers and to those who spread the load.

use std::sync::atomic::Ordering::Relaxed;

use hyper::Version;
use hyper::header::{
    CONNECTION, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};

use super::reply::Reply;
use super::service::{Execute, Service};

const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");
const EMBEDDING: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Answers that say nothing else are data: nothing of them runs, and no page frames them.
const NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_DEVICES: HeaderValue =
    HeaderValue::from_static("camera=(), geolocation=(), microphone=()");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
/// A year (RFC 6797); subdomains are not ours to decide about.
const ENCRYPTED_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");
const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// What of a request its answer depends on.
pub(super) struct Asked {
    pub(super) origin: Option<HeaderValue>,
    pub(super) secure: bool,
    pub(super) version: Version,
}

impl<E: Execute> Service<E> {
    /// Adds what every answer says (OWASP REST Security Cheat Sheet). Whoever answers may have
    /// said something else: pages run scripts, files are embedded.
    pub(super) fn dress(&self, asked: Asked, reply: &mut Reply) {
        let headers = reply.headers_mut();
        let mut unless_said = |name: HeaderName, value: HeaderValue| {
            headers.entry(name).or_insert(value);
        };
        unless_said(X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
        unless_said(CONTENT_SECURITY_POLICY, NOTHING);
        unless_said(REFERRER_POLICY, NO_REFERRER);
        unless_said(PERMISSIONS, NO_DEVICES);
        unless_said(EMBEDDING, SAME_ORIGIN);
        if asked.secure {
            unless_said(STRICT_TRANSPORT_SECURITY, ENCRYPTED_ONLY);
        }
        if asked.version < Version::HTTP_2 && self.draining.load(Relaxed) {
            unless_said(CONNECTION, CLOSE);
        }
        self.edge.cors.dress(headers, asked.origin);
    }
}
