//! What people granted to clients: codes that are redeemed once, and families of refresh tokens of
//! which each works once. Kept as hashes; a second use of either ends everything that came of it.

use runtime::store::{Record, StoreError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::OAuthError;
use super::pkce;
use crate::secret::{random, sha256};
use crate::{Change, Records, decided};

/// Kind of the record of an authorization code; its key is the hash of the code.
pub(crate) const CODE: &str = "oauth-code";
/// Kind of the record of a family of tokens; its owner is the user.
pub(crate) const GRANT: &str = "oauth-grant";
/// Kind of the record of a refresh token; its key is its hash, its owner the family.
pub(crate) const REFRESH: &str = "oauth-refresh";

/// For which a code is good (RFC 6749, section 4.1.2, allows ten minutes).
const CODE_LIFE: i64 = 60 * SECOND;
/// For which it is known that a code was used: as long as an access token of it may live.
const CODE_KEPT: i64 = 20 * 60 * SECOND;
/// Most uses of the refresh tokens of one family.
const ROTATIONS: u32 = 10_000;
const SECOND: i64 = 1_000_000;

/// What a person granted to a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// The client.
    pub client: String,
    /// The user.
    pub subject: String,
    /// For what.
    pub scope: String,
    /// When the person signed in, in microseconds since the Unix epoch.
    pub authenticated_at: i64,
    /// How well: AAL 1 to 3.
    pub assurance: u8,
    /// By what (RFC 8176).
    #[serde(default)]
    pub methods: Vec<String>,
    /// When it ends, however often it is refreshed.
    pub ends: i64,
    /// How often it was refreshed.
    #[serde(default)]
    pub rotations: u32,
}

/// What a code stands for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Code {
    /// What was granted.
    pub granted: Granted,
    /// Where the code was sent.
    pub redirect_uri: String,
    /// The challenge of PKCE.
    pub challenge: String,
    /// Goes into the ID token.
    pub nonce: Option<String>,
    /// The family that its tokens belong to.
    family: String,
    /// Until when it is good.
    until: i64,
    used: bool,
}

/// A refresh token as it is kept.
#[derive(Serialize, Deserialize)]
struct Refresh {
    used: bool,
}

/// What a code or refresh token was good for.
#[derive(Clone, Debug)]
pub struct Redeemed {
    /// What was granted.
    pub granted: Granted,
    /// The family.
    pub family: String,
    /// From the request for the code.
    pub nonce: Option<String>,
    /// The next refresh token, where there is one.
    pub refresh: Option<String>,
}

/// How an attempt ended.
enum Outcome {
    Fine(Redeemed),
    Refused,
    /// It was used before: the family is dead now.
    Reused,
}

/// The grants of a store.
#[derive(Clone, Copy)]
pub struct Grants<'r>(pub &'r dyn Records);

/// What is shown with a code.
pub struct Shown<'a> {
    /// The code.
    pub code: &'a str,
    /// The client that shows it.
    pub client: &'a str,
    /// Where it says that the code was sent.
    pub redirect_uri: &'a str,
    /// The verifier of PKCE.
    pub verifier: &'a str,
    /// Whether it may refresh.
    pub refreshes: bool,
}

impl Grants<'_> {
    /// A new code.
    ///
    /// # Errors
    /// The store fails, or there is no randomness.
    pub async fn code(
        &self,
        granted: Granted,
        redirect_uri: String,
        challenge: String,
        nonce: Option<String>,
        now: i64,
    ) -> Result<String, OAuthError> {
        let secret = random()?;
        let code = Code {
            granted,
            redirect_uri,
            challenge,
            nonce,
            family: uuid::Uuid::new_v4().to_string(),
            until: now.saturating_add(CODE_LIFE),
            used: false,
        };
        let record = Record {
            kind: CODE.to_owned(),
            key: sha256(&secret),
            owner: code.family.clone(),
            value: json(&code)?,
            expires: Some(now.saturating_add(CODE_KEPT)),
        };
        self.0.change(Vec::new(), now, Box::new(move |_| Ok(vec![Change::Add(record)]))).await?;
        Ok(secret)
    }

    /// Redeems a code, once.
    ///
    /// # Errors
    /// `invalid_grant` for whatever is not just so; the second use ends what came of the first.
    pub async fn redeem(&self, shown: Shown<'_>, now: i64) -> Result<Redeemed, OAuthError> {
        let key = sha256(shown.code);
        let (client, redirect_uri) = (shown.client.to_owned(), shown.redirect_uri.to_owned());
        let verifier = shown.verifier.to_owned();
        let next = if shown.refreshes { Some(random()?) } else { None };
        let redeeming = decided(self.0, vec![(CODE, key)], now, move |found| {
            let refused = Ok((Vec::new(), Outcome::Refused));
            let Some(record) = found.first().and_then(Option::as_ref) else { return refused };
            let code: Code = value(record)?;
            if code.granted.client != client {
                return refused;
            }
            if code.used {
                return Ok((dead(&code.family), Outcome::Reused));
            }
            let fits = code.until > now
                && code.redirect_uri == redirect_uri
                && pkce::proves(&verifier, &code.challenge);
            if !fits {
                return refused;
            }
            redeemed(record, code, next)
        });
        Self::told(redeeming.await?)
    }

    /// Uses a refresh token, once; the answer has the next.
    ///
    /// # Errors
    /// `invalid_grant`; the second use ends the family.
    pub async fn refresh(
        &self,
        token: &str,
        client: &str,
        now: i64,
    ) -> Result<Redeemed, OAuthError> {
        let key = sha256(token);
        let Some(found) = self.0.record(REFRESH, &key, now).await? else {
            return Err(OAuthError::grant());
        };
        let (family, client, next) = (found.owner, client.to_owned(), random()?);
        let locked = vec![(GRANT, family.clone()), (REFRESH, key)];
        let refreshing = decided(self.0, locked, now, move |found| {
            let [Some(grant), Some(token)] = found else {
                return Ok((Vec::new(), Outcome::Refused));
            };
            let granted: Granted = value(grant)?;
            if granted.client != client || granted.ends <= now || granted.rotations >= ROTATIONS {
                return Ok((Vec::new(), Outcome::Refused));
            }
            if value::<Refresh>(token)?.used {
                return Ok((dead(&family), Outcome::Reused));
            }
            rotated(grant, token, granted, next)
        });
        Self::told(refreshing.await?)
    }

    fn told(outcome: Outcome) -> Result<Redeemed, OAuthError> {
        match outcome {
            Outcome::Fine(redeemed) => Ok(redeemed),
            Outcome::Refused | Outcome::Reused => Err(OAuthError::grant()),
        }
    }

    /// What a family was granted, while it lives.
    ///
    /// # Errors
    /// The store fails.
    pub async fn find(&self, family: &str, now: i64) -> Result<Option<Granted>, OAuthError> {
        let found = self.0.record(GRANT, family, now).await?;
        Ok(found.as_ref().map(value).transpose()?)
    }

    /// The family of a refresh token that may still be used, for whoever asks about it.
    ///
    /// # Errors
    /// The store fails.
    pub async fn family(&self, token: &str, now: i64) -> Result<Option<String>, OAuthError> {
        let Some(record) = self.0.record(REFRESH, &sha256(token), now).await? else {
            return Ok(None);
        };
        Ok((!value::<Refresh>(&record)?.used).then_some(record.owner))
    }

    /// Ends a family.
    ///
    /// # Errors
    /// The store fails.
    pub async fn end(&self, family: &str, now: i64) -> Result<(), OAuthError> {
        let family = family.to_owned();
        let locked = vec![(GRANT, family.clone())];
        Ok(self.0.change(locked, now, Box::new(move |_| Ok(dead(&family)))).await?)
    }

    /// Ends what a user granted to a client, but for what was to last while the user is away.
    ///
    /// # Errors
    /// The store fails.
    pub async fn end_of(&self, user: &str, client: &str, now: i64) -> Result<(), OAuthError> {
        let mut after = String::new();
        loop {
            let some = self.0.records(GRANT, Some(user), &after, 200).await?;
            let Some(last) = some.last() else { return Ok(()) };
            after.clone_from(&last.key);
            for record in &some {
                let granted: Granted = value(record)?;
                let lasts = super::scope::holds(&granted.scope, "offline_access");
                if granted.client == client && !lasts {
                    self.end(&record.key, now).await?;
                }
            }
        }
    }
}

/// What is done to the store, and how it ended.
type Done = Result<(Vec<Change>, Outcome), StoreError>;

fn redeemed(record: &Record, code: Code, next: Option<String>) -> Done {
    let (granted, family) = (code.granted.clone(), code.family.clone());
    let grant = Record {
        kind: GRANT.to_owned(),
        key: family.clone(),
        owner: granted.subject.clone(),
        value: json(&granted)?,
        expires: Some(granted.ends),
    };
    let used = Record { value: json(&Code { used: true, ..code.clone() })?, ..record.clone() };
    let mut changes = vec![Change::Put(used), Change::Add(grant)];
    if let Some(next) = &next {
        changes.push(Change::Add(token(next, &family, granted.ends)?));
    }
    let fine = Redeemed { granted, family, nonce: code.nonce, refresh: next };
    Ok((changes, Outcome::Fine(fine)))
}

fn rotated(grant: &Record, used: &Record, granted: Granted, next: String) -> Done {
    let granted = Granted { rotations: granted.rotations.saturating_add(1), ..granted };
    let changes = vec![
        Change::Put(Record { value: json(&Refresh { used: true })?, ..used.clone() }),
        Change::Put(Record { value: json(&granted)?, ..grant.clone() }),
        Change::Add(token(&next, &grant.key, granted.ends)?),
    ];
    let family = grant.key.clone();
    Ok((changes, Outcome::Fine(Redeemed { granted, family, nonce: None, refresh: Some(next) })))
}

fn token(secret: &str, family: &str, ends: i64) -> Result<Record, StoreError> {
    Ok(Record {
        kind: REFRESH.to_owned(),
        key: sha256(secret),
        owner: family.to_owned(),
        value: json(&Refresh { used: false })?,
        expires: Some(ends),
    })
}

fn dead(family: &str) -> Vec<Change> {
    let family = family.to_owned();
    vec![Change::Remove((GRANT, family.clone())), Change::RemoveOwned(REFRESH, family)]
}

/// What a record says.
pub(super) fn value<T: DeserializeOwned>(record: &Record) -> Result<T, StoreError> {
    serde_json::from_str(&record.value).map_err(|error| StoreError::Corrupt {
        message: format!("a record of kind `{}`: {error}", record.kind),
    })
}

/// What a record is to say.
pub(super) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Internal { message: error.to_string() })
}
