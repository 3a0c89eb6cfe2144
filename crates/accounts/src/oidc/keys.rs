//! The keys that sign tokens: of each algorithm one that signs, perhaps the next, which is known
//! before it is used, and those before, which are known until the last token of theirs is over.
//!
//! All of them are one record, sealed, so that replicas agree and a copy of the store signs nothing.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use runtime::store::Record;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::error::OAuthError;
use super::jwt::{Claims, PublicKey};
use super::seal::Seal;
use crate::{Change, Records, decided};

/// Kind and key of the record.
pub(crate) const KIND: &str = "signing-keys";
const KEY: &str = "all";
/// Microseconds of a day.
const DAY: i64 = 86_400 * 1_000_000;
/// For how long a key signs before the next one takes over.
pub(crate) const AGE: i64 = 90 * DAY;
/// For how long the next key is known before it is used, when it is made by age.
const LEAD: i64 = DAY;
/// The same when it is asked for: longer than anybody may keep the set of keys.
const LEAD_ASKED: i64 = 15 * 60 * 1_000_000;
/// For how long a key is known after another took over: longer than any token lives.
const KEPT: i64 = DAY;
/// Most keys of one algorithm; more rotations wait.
const MOST: usize = 5;

/// Changes the keys of a store that nobody serves at the moment, or that replicas serve: they take
/// it up by themselves. `seal` is the secret that the provider is started with.
///
/// # Errors
/// The store fails, or was written with another seal.
pub async fn rotate(
    records: &dyn Records,
    seal: &[u8; 32],
    rotation: Rotation,
) -> Result<(), OAuthError> {
    let now = crate::Clock::default().now();
    Keys::open(records, &Seal::new(seal), now, rotation).await.map(drop)
}

/// What tokens are signed with. `EdDSA` is for those that we verify ourselves, `ES256` for others.
const ALGORITHMS: [(&str, Algorithm); 2] =
    [("EdDSA", Algorithm::EdDSA), ("ES256", Algorithm::ES256)];

/// PKCS#8 of an Ed25519 private key (RFC 8410) before its 32 bytes.
const ED25519: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// PKCS#8 of a private key on P-256 (RFC 5915, without the public key) before its 32 bytes.
const P256: [u8; 35] = [
    0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01,
    0x01, 0x04, 0x20,
];

/// How keys are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Whatever is due by age.
    Due,
    /// The next key takes over in a quarter of an hour.
    Soon,
    /// The next key takes over at once, and those before are forgotten: a key may be known to
    /// others. Whoever holds a token signs in again.
    Now,
}

/// A key as it is kept.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    algorithm: String,
    kid: String,
    /// The 32 private bytes, sealed.
    sealed: String,
    /// When it signs from.
    from: i64,
}

/// A key that signs.
struct SigningKey {
    kid: String,
    algorithm: Algorithm,
    name: String,
    from: i64,
    signing: EncodingKey,
    public: Json,
    verifying: PublicKey,
}

/// The keys as they were read.
#[derive(Clone, Default)]
pub struct Keys(Arc<Vec<SigningKey>>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.kid)).finish()
    }
}

impl Keys {
    /// Reads the keys, makes those that are missing or due, and forgets those that are over.
    ///
    /// # Errors
    /// The store fails, or was written with another seal.
    pub async fn open(
        records: &dyn Records,
        seal: &Seal,
        now: i64,
        rotation: Rotation,
    ) -> Result<Self, OAuthError> {
        if rotation == Rotation::Due {
            let found = records.record(KIND, KEY, now).await?;
            let kept = found.as_ref().map(read).transpose()?.unwrap_or_default();
            if rotated(&kept, now, rotation).is_empty() && expired(&kept, now).is_empty() {
                return Self::of(&kept, seal);
            }
        }
        // Made outside of the transaction, used if they are still needed inside.
        let made: Vec<Kept> = ALGORITHMS
            .into_iter()
            .map(|(name, algorithm)| make(name, algorithm, seal))
            .collect::<Result<_, _>>()?;
        for _ in 0..3 {
            let made = made.clone();
            let changing = decided(records, vec![(KIND, KEY.to_owned())], now, move |found| {
                let before = found.first().and_then(Option::as_ref);
                let kept = before.map(read).transpose()?.unwrap_or_default();
                let after = turned(kept, made, now, rotation);
                let record = written(&after)?;
                let change = if before.is_some() { Change::Put } else { Change::Add };
                Ok((vec![change(record)], after))
            });
            match changing.await {
                Ok(kept) => return Self::of(&kept, seal),
                // Another replica made the first ones at the same moment: they are there now.
                Err(runtime::store::StoreError::Unique { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(OAuthError::server())
    }

    fn of(kept: &[Kept], seal: &Seal) -> Result<Self, OAuthError> {
        let keys = kept.iter().map(|kept| signing_key(kept, seal).ok_or_else(OAuthError::server));
        Ok(Self(Arc::new(keys.collect::<Result<_, _>>()?)))
    }

    /// The public keys (RFC 7517), those before and after the current ones among them.
    #[must_use]
    pub fn public(&self) -> Vec<Json> {
        self.0.iter().map(|key| key.public.clone()).collect()
    }

    /// Those that verify.
    pub fn verifying(&self) -> impl Iterator<Item = &PublicKey> {
        self.0.iter().map(|key| &key.verifying)
    }

    /// Signs claims as a token of a kind (`typ`).
    ///
    /// # Errors
    /// There is no key for this algorithm.
    pub fn sign(
        &self,
        algorithm: &str,
        kind: &str,
        claims: &Claims,
        now: i64,
    ) -> Result<String, OAuthError> {
        let fitting = self.0.iter().filter(|key| key.name == algorithm && key.from <= now);
        let key = fitting.max_by_key(|key| key.from).ok_or_else(OAuthError::server)?;
        let mut header = Header::new(key.algorithm);
        header.typ = Some(kind.to_owned());
        header.kid = Some(key.kid.clone());
        jsonwebtoken::encode(&header, claims, &key.signing).map_err(|_| OAuthError::server())
    }
}

fn read(record: &Record) -> Result<Vec<Kept>, runtime::store::StoreError> {
    serde_json::from_str(&record.value).map_err(|error| runtime::store::StoreError::Corrupt {
        message: format!("the signing keys: {error}"),
    })
}

fn written(kept: &[Kept]) -> Result<Record, runtime::store::StoreError> {
    let value = serde_json::to_string(kept)
        .map_err(|error| runtime::store::StoreError::Internal { message: error.to_string() })?;
    Ok(Record {
        kind: KIND.to_owned(),
        key: KEY.to_owned(),
        owner: String::new(),
        value,
        expires: None,
    })
}

/// For which algorithms a key has to be made, and when it signs from.
fn rotated(kept: &[Kept], now: i64, rotation: Rotation) -> Vec<(&'static str, i64)> {
    let due = |(name, _): (&'static str, Algorithm)| {
        let of = || kept.iter().filter(|key| key.algorithm == name);
        let Some(newest) = of().map(|key| key.from).max() else { return Some((name, now)) };
        match rotation {
            Rotation::Now => Some((name, now)),
            Rotation::Soon if newest <= now && of().count() < MOST => {
                Some((name, now.saturating_add(LEAD_ASKED)))
            }
            Rotation::Due if newest.saturating_add(AGE - LEAD) <= now => {
                Some((name, newest.saturating_add(AGE).max(now.saturating_add(LEAD_ASKED))))
            }
            _ => None,
        }
    };
    ALGORITHMS.into_iter().filter_map(due).collect()
}

/// The keys that nobody needs any more: another took over long ago.
fn expired(kept: &[Kept], now: i64) -> Vec<String> {
    let over = |key: &&Kept| {
        let later =
            kept.iter().filter(|other| other.algorithm == key.algorithm && other.from > key.from);
        later.map(|other| other.from).min().is_some_and(|from| from.saturating_add(KEPT) <= now)
    };
    kept.iter().filter(over).map(|key| key.kid.clone()).collect()
}

fn turned(mut kept: Vec<Kept>, made: Vec<Kept>, now: i64, rotation: Rotation) -> Vec<Kept> {
    let due = rotated(&kept, now, rotation);
    if rotation == Rotation::Now {
        kept.clear();
    }
    for (name, from) in due {
        kept.extend(
            made.iter().filter(|key| key.algorithm == name).map(|key| Kept { from, ..key.clone() }),
        );
    }
    let expired = expired(&kept, now);
    kept.retain(|key| !expired.contains(&key.kid));
    kept
}

/// A new key. Of the numbers of 32 bytes nearly all are keys on P-256; another is tried then.
fn make(name: &str, algorithm: Algorithm, seal: &Seal) -> Result<Kept, OAuthError> {
    for _ in 0..4 {
        let mut private = [0; 32];
        getrandom::fill(&mut private).map_err(|_| OAuthError::server())?;
        let Some((_, jwk)) = pair(algorithm, &private) else { continue };
        let Ok(kid) = jwk.thumbprint(ThumbprintHash::SHA256) else { continue };
        let sealed = seal.close(&purpose(name, &kid), &private)?;
        return Ok(Kept { algorithm: name.to_owned(), kid, sealed, from: 0 });
    }
    Err(OAuthError::server())
}

fn purpose(algorithm: &str, kid: &str) -> String {
    format!("signing key {algorithm} {kid}")
}

fn pair(algorithm: Algorithm, private: &[u8]) -> Option<(EncodingKey, Jwk)> {
    let signing = match algorithm {
        Algorithm::EdDSA => EncodingKey::from_ed_der(&[&ED25519, private].concat()),
        _ => EncodingKey::from_ec_der(&[&P256, private].concat()),
    };
    let jwk = Jwk::from_encoding_key(&signing, algorithm).ok()?;
    Some((signing, jwk))
}

fn signing_key(kept: &Kept, seal: &Seal) -> Option<SigningKey> {
    let (_, algorithm) = ALGORITHMS.into_iter().find(|(name, _)| *name == kept.algorithm)?;
    let private = seal.open(&purpose(&kept.algorithm, &kept.kid), &kept.sealed)?;
    let (signing, mut jwk) = pair(algorithm, &private)?;
    jwk.common.key_id = Some(kept.kid.clone());
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    let public = serde_json::to_value(&jwk).ok()?;
    Some(SigningKey {
        kid: kept.kid.clone(),
        algorithm,
        name: kept.algorithm.clone(),
        from: kept.from,
        signing,
        verifying: PublicKey::of(&public)?,
        public,
    })
}

/// The left half of the hash of a token, which ties an ID token to it (OpenID Connect Core 1.0,
/// section 3.1.3.6).
#[must_use]
pub fn half_hash(algorithm: &str, token: &str) -> String {
    use sha2::{Digest as _, Sha256, Sha512};
    let whole = match algorithm {
        // Ed25519 hashes by SHA-512.
        "EdDSA" => Sha512::digest(token.as_bytes()).to_vec(),
        _ => Sha256::digest(token.as_bytes()).to_vec(),
    };
    URL_SAFE_NO_PAD.encode(whole.get(..whole.len() / 2).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(kept: Vec<Kept>, now: i64, rotation: Rotation) -> Vec<Kept> {
        let seal = Seal::new(&[1; 32]);
        let made = ALGORITHMS.into_iter().map(|(name, of)| make(name, of, &seal).unwrap());
        turned(kept, made.collect(), now, rotation)
    }

    fn counts(kept: &[Kept]) -> (usize, usize) {
        let of = |name: &str| kept.iter().filter(|key| key.algorithm == name).count();
        (of("EdDSA"), of("ES256"))
    }

    #[test]
    fn the_next_key_is_known_before_it_signs_and_the_last_one_after() {
        let seal = Seal::new(&[1; 32]);
        let kept = step(Vec::new(), 0, Rotation::Due);
        assert_eq!(counts(&kept), (1, 1));
        let first = kept.clone();
        let kept = step(kept, AGE - LEAD - 1, Rotation::Due);
        assert_eq!(counts(&kept), (1, 1), "not due yet");
        let kept = step(kept, AGE - LEAD, Rotation::Due);
        assert_eq!(counts(&kept), (2, 2), "published");
        let keys = Keys::of(&kept, &seal).unwrap();
        let claims = Claims::new();
        let signer = |now| {
            let token = keys.sign("ES256", "JWT", &claims, now).unwrap();
            super::super::jwt::head(&token).unwrap().key.unwrap()
        };
        let old = first.iter().find(|key| key.algorithm == "ES256").unwrap();
        assert_eq!(signer(AGE - 1), old.kid);
        assert_ne!(signer(AGE), old.kid);
        let kept = step(kept, AGE + KEPT - 1, Rotation::Due);
        assert_eq!(counts(&kept), (2, 2), "still verifies");
        let kept = step(kept, AGE + KEPT, Rotation::Due);
        assert_eq!(counts(&kept), (1, 1), "forgotten");
        assert!(kept.iter().all(|key| key.kid != old.kid));
    }

    #[test]
    fn rotation_by_hand_is_bounded_and_at_once_forgets() {
        let mut kept = step(Vec::new(), 0, Rotation::Due);
        for now in 1..20 {
            kept = step(kept, now * LEAD_ASKED, Rotation::Soon);
        }
        assert!(counts(&kept).0 <= MOST);
        let before = kept.clone();
        let kept = step(kept, 20 * LEAD_ASKED, Rotation::Now);
        assert_eq!(counts(&kept), (1, 1));
        assert!(before.iter().all(|old| kept.iter().all(|key| key.kid != old.kid)));
    }

    #[test]
    fn access_tokens_are_told_by_their_beginning() {
        let keys = Keys::of(&step(Vec::new(), 0, Rotation::Due), &Seal::new(&[1; 32])).unwrap();
        let token = |kind| keys.sign("EdDSA", kind, &Claims::new(), 1).unwrap();
        assert!(super::super::looks_like_one(&token(super::super::claims::ACCESS)));
        assert!(!super::super::looks_like_one(&token(super::super::claims::ID)));
    }

    #[test]
    fn keys_that_were_sealed_by_another_are_no_keys() {
        let kept = step(Vec::new(), 0, Rotation::Due);
        assert!(Keys::of(&kept, &Seal::new(&[2; 32])).is_err());
        let public = Keys::of(&kept, &Seal::new(&[1; 32])).unwrap().public();
        assert!(public.iter().all(|key| key.get("d").is_none()), "{public:?}");
    }
}
