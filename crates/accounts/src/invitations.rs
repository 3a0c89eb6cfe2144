//! Links by which people set a password: once, and not for long. Who made the account, or was asked
//! by somebody who forgot the password, sends one.

use std::sync::Arc;

use runtime::call::Trace;
use runtime::store::{Record, StoreError};
use serde::Serialize;

use crate::clock::SECOND;
use crate::events::Event;
use crate::records::{Change, Records, decided};
use crate::sessions::SESSION;
use crate::users::USER;
use crate::{AccountError, Accounts, Clock, User, secret};

/// Kind of the record of an invitation.
pub(crate) const INVITATION: &str = "invitation";
/// Where its page is.
pub(crate) const PATH: &str = "/auth/invitation";

/// A link that was made; nobody can tell it again.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Invitation {
    /// Path and query on the server.
    pub link: String,
    /// Until when it works; microseconds since the Unix epoch.
    pub expires: i64,
}

impl std::fmt::Debug for Invitation {
    /// Without the link, which is as good as a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invitation").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// The invitations of a store.
pub(crate) struct Invitations {
    records: Arc<dyn Records>,
    clock: Clock,
}

impl Invitations {
    pub(crate) const fn new(records: Arc<dyn Records>, clock: Clock) -> Self {
        Self { records, clock }
    }

    /// Makes a link for a user, and ends the one that there was.
    async fn make(&self, user: &User, hours: u32) -> Result<Invitation, AccountError> {
        let code = secret::random()?;
        let now = self.clock.now();
        let expires = now.saturating_add(i64::from(hours).saturating_mul(3600 * SECOND));
        let record = Record {
            kind: INVITATION.to_owned(),
            key: secret::sha256(&code),
            owner: user.id.clone(),
            value: "{}".to_owned(),
            expires: Some(expires),
        };
        let changes = vec![Change::RemoveOwned(INVITATION, user.id.clone()), Change::Add(record)];
        self.records.change(Vec::new(), now, Box::new(move |_| Ok(changes))).await?;
        Ok(Invitation { link: format!("{PATH}?code={code}"), expires })
    }

    /// Whose link has this code.
    async fn owner(&self, code: &str) -> Result<Option<String>, StoreError> {
        let found = self.records.record(INVITATION, &secret::sha256(code), self.clock.now());
        Ok(found.await?.map(|record| record.owner))
    }

    /// Uses a link up: its user has this password from here on, and is signed in nowhere.
    async fn use_up(&self, code: &str, hash: String) -> Result<User, AccountError> {
        let now = self.clock.now();
        let key = secret::sha256(code);
        // Whose it is never changes; whether it is still there is looked at under the lock.
        let owner = self.owner(code).await?.ok_or(AccountError::Missing("invitation"))?;
        let locked = vec![(INVITATION, key), (USER, owner.clone())];
        let used = decided(&*self.records, locked, now, move |found| {
            let [Some(_), Some(record)] = found else { return Ok((Vec::new(), None)) };
            let mut user = User::read(record)?;
            if user.disabled {
                return Ok((Vec::new(), None));
            }
            user.password = Some(hash);
            user.password_changed = now;
            let changes = vec![
                Change::RemoveOwned(INVITATION, owner.clone()),
                Change::RemoveOwned(SESSION, owner),
                Change::Put(user.record()?),
            ];
            Ok((changes, Some(user)))
        });
        used.await?.ok_or(AccountError::Missing("invitation"))
    }
}

impl Accounts {
    /// Makes a link by which a user sets a password, once and within so many hours. One that was
    /// made before works no more.
    ///
    /// # Errors
    /// No randomness, or the store failed.
    pub async fn invite(&self, user: &User, hours: u32) -> Result<Invitation, AccountError> {
        self.invitations.make(user, hours).await
    }

    /// The user whom a link is for, while it works.
    ///
    /// # Errors
    /// The store failed.
    pub async fn invited(&self, code: &str) -> Result<Option<User>, StoreError> {
        match self.invitations.owner(code).await? {
            Some(owner) => Ok(self.users().find(&owner).await?.filter(|user| !user.disabled)),
            None => Ok(None),
        }
    }

    /// Gives the user of a link a password, which ends all their sessions and the link.
    ///
    /// # Errors
    /// [`AccountError::Missing`] where the link does not work, [`AccountError::WeakPassword`],
    /// [`AccountError::Overloaded`], or the store failed.
    pub async fn accept(
        &self,
        code: &str,
        password: &str,
        trace: &Trace,
    ) -> Result<User, AccountError> {
        let user = self.invited(code).await?.ok_or(AccountError::Missing("invitation"))?;
        let hash = self.hash_for(&user, password.to_owned()).await?;
        let user = self.invitations.use_up(code, hash).await?;
        self.sessions().forget();
        // Whoever forgot a password tried some.
        for login in &user.logins {
            self.throttle.succeeded(&login.address).await?;
        }
        self.tell(&Event::of_user("accept-invitation", &user), trace);
        Ok(user)
    }
}
