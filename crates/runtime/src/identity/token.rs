//! What a token says, and what makes it worthless.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, errors::ErrorKind};
use serde::{Deserialize, Serialize};

use crate::problem::{Problem, code};

/// Longest token that is looked at.
const TOKEN_LIMIT: usize = 4096;

/// The claims of a token (RFC 7519, and `roles` of RFC 9068).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: Arc<str>,
    pub(super) aud: String,
    pub(super) sub: Arc<str>,
    pub(super) iat: u64,
    pub(super) nbf: u64,
    pub(super) exp: u64,
    /// The actor of the model that it was issued for.
    pub(super) actor: String,
    #[serde(default)]
    pub(super) roles: Vec<String>,
    /// The tenant that the bearer acts for, if it is no row of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tenant: Option<String>,
    /// A verified address, by which rows created by others are linked at first sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<Arc<str>>,
    /// A verified number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) phone_number: Option<Arc<str>>,
}

/// Why a token is refused. Deliberately coarse: a forger learns nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRefused {
    /// It was valid once.
    Expired,
    /// Anything else.
    Invalid,
}

impl From<TokenRefused> for Problem {
    fn from(refused: TokenRefused) -> Self {
        match refused {
            TokenRefused::Expired => Self::new(&code::TOKEN_EXPIRED),
            TokenRefused::Invalid => Self::new(&code::INVALID_TOKEN),
        }
    }
}

/// The rules that every token is held to: one algorithm, one issuer, one audience, no leeway.
pub(super) fn validation(issuer: &str, audience: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    // Issuer and verifier share a clock.
    validation.leeway = 0;
    validation
}

/// Checks form, signature and claims.
pub(super) fn decode(
    token: &str,
    key: &DecodingKey,
    validation: &Validation,
) -> Result<Claims, TokenRefused> {
    if token.len() > TOKEN_LIMIT {
        return Err(TokenRefused::Invalid);
    }
    let decoded = jsonwebtoken::decode::<Claims>(token, key, validation);
    decoded.map(|token| token.claims).map_err(|error| match error.kind() {
        ErrorKind::ExpiredSignature => TokenRefused::Expired,
        _ => TokenRefused::Invalid,
    })
}
