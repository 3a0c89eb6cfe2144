//! Signed tokens (RFC 7515, RFC 7519) as everybody here checks them: what the head says decides
//! nothing but which of the known keys is tried, and only as the algorithm that the key is for.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value as Json};

/// Longest token that is looked at, in bytes.
pub const TOKEN_LIMIT: usize = 8192;
/// Most bytes of a head.
const HEAD_LIMIT: usize = 2048;
/// RSA moduli that are accepted, in bytes: shorter ones are weak, longer ones cost too much.
const RSA_MODULUS: std::ops::RangeInclusive<usize> = 256..=512;

/// The claims of a token.
pub type Claims = Map<String, Json>;

/// Why a token is worth nothing. Coarse: a forger learns nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It was valid once.
    #[error("the token has expired")]
    Expired,
    /// Anything else.
    #[error("the token is not valid")]
    Invalid,
}

/// What the head of a token says, nothing of it proven. `jku`, `jwk`, `x5u` and `x5c`, by which a
/// forger would name a key of its own, are not even read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// `alg`; one that is unknown, `none` among them, is refused before.
    pub algorithm: Algorithm,
    /// `typ` in lower case, without `application/`.
    pub kind: Option<String>,
    /// `kid`.
    pub key: Option<String>,
}

/// Reads the head.
///
/// # Errors
/// It is no signed token, too long, or has extensions that must be understood (`crit`).
pub fn head(token: &str) -> Result<Head, Refused> {
    let head = token.split('.').next().unwrap_or_default();
    if token.len() > TOKEN_LIMIT || head.len() > HEAD_LIMIT || token.split('.').count() != 3 {
        return Err(Refused::Invalid);
    }
    let bytes = URL_SAFE_NO_PAD.decode(head).map_err(|_| Refused::Invalid)?;
    let json: Map<String, Json> = serde_json::from_slice(&bytes).map_err(|_| Refused::Invalid)?;
    if ["crit", "zip", "enc", "b64"].iter().any(|name| json.contains_key(*name)) {
        return Err(Refused::Invalid);
    }
    let text = |name: &str| json.get(name).and_then(Json::as_str);
    let algorithm = text("alg").and_then(asymmetric).ok_or(Refused::Invalid)?;
    let kind = text("typ").map(|kind| {
        let kind = kind.to_ascii_lowercase();
        kind.strip_prefix("application/").unwrap_or(&kind).to_owned()
    });
    Ok(Head { algorithm, kind, key: text("kid").map(str::to_owned) })
}

/// An algorithm by its name (RFC 7518, RFC 8037); only those with a public and a private key.
#[must_use]
pub fn asymmetric(name: &str) -> Option<Algorithm> {
    match name {
        "EdDSA" => Some(Algorithm::EdDSA),
        "ES256" => Some(Algorithm::ES256),
        "ES384" => Some(Algorithm::ES384),
        "RS256" => Some(Algorithm::RS256),
        "RS384" => Some(Algorithm::RS384),
        "RS512" => Some(Algorithm::RS512),
        "PS256" => Some(Algorithm::PS256),
        "PS384" => Some(Algorithm::PS384),
        "PS512" => Some(Algorithm::PS512),
        _ => None,
    }
}

/// A key that verifies, and as what.
#[derive(Clone)]
pub struct PublicKey {
    /// `kid`.
    pub id: Option<String>,
    /// The algorithms that it is for: one, or for RSA keys that name none, all of RSA.
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, algorithms, .. } = self;
        f.debug_struct("PublicKey").field("id", id).field("algorithms", algorithms).finish()
    }
}

impl PublicKey {
    /// A key of a set (RFC 7517); `None` where it is no key that we verify with: symmetric, weak,
    /// for encryption, of an unknown kind.
    #[must_use]
    pub fn of(json: &Json) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(json.clone()).ok()?;
        if !matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
            return None;
        }
        let fitting: &[Algorithm] = match &jwk.algorithm {
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                &[Algorithm::EdDSA]
            }
            AlgorithmParameters::EllipticCurve(key) => match key.curve {
                EllipticCurve::P256 => &[Algorithm::ES256],
                EllipticCurve::P384 => &[Algorithm::ES384],
                _ => return None,
            },
            AlgorithmParameters::RSA(key) => {
                let modulus = URL_SAFE_NO_PAD.decode(&key.n).ok()?;
                if !RSA_MODULUS.contains(&modulus.len()) {
                    return None;
                }
                RSA
            }
            _ => return None,
        };
        let named = json.get("alg").and_then(Json::as_str);
        let algorithms: Vec<Algorithm> = match named {
            None => fitting.to_vec(),
            Some(name) => {
                let named = asymmetric(name).filter(|named| fitting.contains(named))?;
                vec![named]
            }
        };
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        Some(Self { id: jwk.common.key_id, algorithms, key })
    }

    /// Whether a token with this head may be of this key.
    #[must_use]
    pub fn fits(&self, head: &Head) -> bool {
        let named = head.key.is_none() || self.id.is_none() || head.key == self.id;
        named && self.algorithms.contains(&head.algorithm)
    }
}

const RSA: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

/// The usable keys of a set, at most `limit`; what else is in it is passed over.
#[must_use]
pub fn key_set(document: &Json, limit: usize) -> Vec<PublicKey> {
    let keys = document.get("keys").and_then(Json::as_array);
    keys.into_iter().flatten().take(limit).filter_map(PublicKey::of).collect()
}

/// What a token is held to.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The algorithms that are admitted at all.
    pub algorithms: &'a [Algorithm],
    /// The values of `typ` that are admitted; `""` stands for none.
    pub kinds: &'a [&'a str],
    /// Who must have issued it (`iss`).
    pub issuer: &'a str,
    /// For whom it must be (`aud` holds one of them).
    pub audience: &'a [&'a str],
    /// Seconds since the Unix epoch.
    pub now: u64,
    /// Difference of clocks that is tolerated, in seconds.
    pub leeway: u64,
    /// Whether one that has expired is taken nevertheless: hints at who somebody was.
    pub expired: bool,
}

/// Checks form, signature and the registered claims; with several fitting keys any may have signed.
///
/// # Errors
/// The token is not, or no longer, worth anything.
pub fn verify<'k>(
    token: &str,
    keys: impl Iterator<Item = &'k PublicKey>,
    rules: &Rules<'_>,
) -> Result<Claims, Refused> {
    let head = head(token)?;
    let kind = head.kind.as_deref().unwrap_or_default();
    if !rules.algorithms.contains(&head.algorithm) || !rules.kinds.contains(&kind) {
        return Err(Refused::Invalid);
    }
    let mut validation = Validation::new(head.algorithm);
    validation.set_issuer(&[rules.issuer]);
    validation.set_audience(rules.audience);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // Times are looked at below, by the clock of whoever asks.
    validation.validate_exp = false;
    // A set may hold several keys without names; three tries are plenty, and bound the work.
    for key in keys.filter(|key| key.fits(&head)).take(3) {
        if let Ok(found) = jsonwebtoken::decode::<Claims>(token, &key.key, &validation) {
            return timely(found.claims, rules);
        }
    }
    Err(Refused::Invalid)
}

/// Times are whole seconds; on the second of its end a token is over (RFC 7519, section 4.1.4), and
/// nobody issues tokens in the future.
fn timely(claims: Claims, rules: &Rules<'_>) -> Result<Claims, Refused> {
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or(Refused::Invalid),
    };
    let expires = time("exp")?.ok_or(Refused::Invalid)?;
    if !rules.expired && expires.saturating_add(rules.leeway) <= rules.now {
        return Err(Refused::Expired);
    }
    let latest = rules.now.saturating_add(rules.leeway);
    if time("iat")?.is_some_and(|issued| issued > latest)
        || time("nbf")?.is_some_and(|start| start > latest)
    {
        return Err(Refused::Invalid);
    }
    Ok(claims)
}

/// A claim that is a text.
#[must_use]
pub fn text<'a>(claims: &'a Claims, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Json::as_str)
}

/// The values of a claim that is a text or a list of texts.
#[must_use]
pub fn texts(value: Option<&Json>) -> Vec<&str> {
    match value {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}
