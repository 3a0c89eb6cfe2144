//! Refusals as OAuth tells them: `{"error", "error_description"}` (RFC 6749, section 5.2).

use hyper::header::{HeaderValue, WWW_AUTHENTICATE};
use runtime::http::Reply;
use runtime::http::reply;
use runtime::problem::Problem;
use runtime::store::StoreError;
use serde_json::json;

use super::seal::NoRandomness;
use crate::AccountError;

/// Why a request of a client is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthError {
    /// HTTP status where the client is answered and not sent somewhere.
    pub status: u16,
    /// The code of the standard.
    pub code: &'static str,
    /// What happened, for developers.
    pub description: String,
}

impl OAuthError {
    /// A refusal with status 400.
    #[must_use]
    pub fn new(code: &'static str, description: impl Into<String>) -> Self {
        Self { status: 400, code, description: description.into() }
    }

    /// The request lacks something, repeats something or is no request.
    #[must_use]
    pub fn invalid(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }

    /// A code or refresh token that is worth nothing; deliberately without a reason.
    #[must_use]
    pub fn grant() -> Self {
        Self::new("invalid_grant", "The code or token is not, or no longer, valid for this client.")
    }

    /// The client did not prove who it is.
    #[must_use]
    pub fn client() -> Self {
        let description = "The client is unknown or did not prove who it is.";
        Self { status: 401, ..Self::new("invalid_client", description) }
    }

    /// Something on our side.
    #[must_use]
    pub fn server() -> Self {
        Self { status: 500, ..Self::new("server_error", "Something went wrong on our side.") }
    }

    /// The answer.
    #[must_use]
    pub fn reply(&self) -> Reply {
        let body = json!({ "error": self.code, "error_description": self.description });
        let mut answer = reply::json(self.status, body.to_string());
        if self.status == 401 {
            let challenge = HeaderValue::from_static("Basic realm=\"oauth\"");
            answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        answer
    }
}

impl From<StoreError> for OAuthError {
    fn from(_: StoreError) -> Self {
        let description = "The store does not answer at the moment.";
        Self { status: 503, ..Self::new("temporarily_unavailable", description) }
    }
}

impl From<NoRandomness> for OAuthError {
    fn from(_: NoRandomness) -> Self {
        Self::server()
    }
}

impl From<AccountError> for OAuthError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Store(error) => error.into(),
            _ => Self::server(),
        }
    }
}

impl From<Problem> for OAuthError {
    fn from(problem: Problem) -> Self {
        match problem.status {
            503 => Self {
                status: 503,
                ..Self::new("temporarily_unavailable", problem.title.to_string())
            },
            _ => Self::server(),
        }
    }
}
