//! What the audit log says about requests to the provider: who got something, and who was refused.

use hyper::header::LOCATION;
use runtime::call::Trace;
use runtime::http::Reply;
use runtime::problem::Problem;

use super::error::OAuthError;
use super::provider::Provider;
use super::{authorize, consent, logout};
use crate::events::Event;

/// Codes that clients are sent back with (RFC 6749, section 4.1.2.1; OpenID Connect Core 1.0,
/// section 3.1.2.6).
const SENT: [&str; 13] = [
    "access_denied",
    "account_selection_required",
    "consent_required",
    "interaction_required",
    "invalid_request",
    "invalid_scope",
    "invalid_target",
    "login_required",
    "server_error",
    "temporarily_unavailable",
    "unauthorized_client",
    "unmet_authentication_requirements",
    "unsupported_response_type",
];

fn action(path: &str) -> &'static str {
    match path {
        authorize::PATH => "oauth-authorize",
        consent::PATH => "oauth-consent",
        logout::PATH => "oauth-logout",
        "/oauth/token" => "oauth-token",
        "/oauth/revoke" => "oauth-revoke",
        "/oauth/introspect" => "oauth-introspect",
        _ => "oauth-userinfo",
    }
}

impl Provider {
    /// What a client was answered.
    pub(super) fn tell_client(
        &self,
        path: &str,
        client: &str,
        answered: &Result<Reply, OAuthError>,
        trace: &Trace,
    ) {
        let reason = answered.as_ref().err().map(|error| error.code);
        self.accounts.tell(&Event::of_client(action(path), client, reason), trace);
    }

    /// What a page came to; one that only asks people something is no decision yet.
    pub(super) fn tell_page(&self, path: &str, client: &str, reply: &Reply, trace: &Trace) {
        let location = reply.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let query = location.and_then(|to| to.split_once('?')).map_or("", |(_, query)| query);
        let sent =
            |name: &str| form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
        let reason = match reply.status().as_u16() {
            500.. => Some("server_error"),
            403 => Some("access_denied"),
            400.. => Some("invalid_request"),
            _ => sent("error").map(|(_, error)| {
                SENT.into_iter().find(|known| *known == error).unwrap_or("invalid_request")
            }),
        };
        if reason.is_some() || sent("code").is_some() {
            self.accounts.tell(&Event::of_client(action(path), client, reason), trace);
        }
    }

    /// Who may not read about a person.
    pub(super) fn tell_refused(&self, path: &str, problem: &Problem, trace: &Trace) {
        let reason = match &problem.code {
            std::borrow::Cow::Borrowed(code) => code,
            std::borrow::Cow::Owned(_) => "refused",
        };
        self.accounts.tell(&Event::of_client(action(path), "", Some(reason)), trace);
    }
}
