//! People who sign in.

mod login;
mod revision;
mod user;

use std::sync::Arc;

use runtime::store::{Record, StoreError};

use crate::records::{Change, Records, decided};
use crate::sessions::SESSION;
use crate::{AccountError, Clock};

pub use login::Login;
pub use revision::Revision;
pub use user::{NewUser, User};

/// Kind of the record of a user.
pub(crate) const USER: &str = "user";
/// Kind of the record that leads from a login to its user.
pub(crate) const LOGIN: &str = "login";

/// The users of a store.
#[derive(Clone)]
pub struct Users {
    records: Arc<dyn Records>,
    clock: Clock,
}

impl Users {
    pub(crate) const fn new(records: Arc<dyn Records>, clock: Clock) -> Self {
        Self { records, clock }
    }

    /// Microseconds since the Unix epoch.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now()
    }

    /// A user by id.
    ///
    /// # Errors
    /// The store failed.
    pub async fn find(&self, id: &str) -> Result<Option<User>, StoreError> {
        let record = self.records.record(USER, id, self.clock.now()).await?;
        record.map(|record| User::read(&record)).transpose()
    }

    /// A user by email address or phone number, as people type it.
    ///
    /// # Errors
    /// The store failed.
    pub async fn by_login(&self, login: &str) -> Result<Option<User>, StoreError> {
        let Some(login) = Login::parse(login) else { return Ok(None) };
        let found = self.records.record(LOGIN, login.as_str(), self.clock.now()).await?;
        match found {
            Some(record) => self.find(&record.owner).await,
            None => Ok(None),
        }
    }

    /// At most `limit` users in the order of their ids, after an id.
    ///
    /// # Errors
    /// The store failed.
    pub async fn list(&self, after: &str, limit: u32) -> Result<Vec<User>, StoreError> {
        let records = self.records.records(USER, None, after, limit).await?;
        records.iter().map(User::read).collect()
    }

    /// Adds a user whose password is hashed already.
    pub(crate) async fn add(
        &self,
        new: NewUser,
        hash: Option<String>,
    ) -> Result<User, AccountError> {
        let login = Login::parse(&new.login).ok_or(AccountError::InvalidLogin)?;
        let now = self.clock.now();
        let user = User::new(new, &login, hash, now);
        let changes = vec![Change::Add(leads_to(&user.id, &login)), Change::Add(user.record()?)];
        let added = self.records.change(Vec::new(), now, Box::new(move |_| Ok(changes))).await;
        match added {
            Ok(()) => Ok(user),
            Err(StoreError::Unique { .. }) => Err(AccountError::LoginTaken),
            Err(error) => Err(error.into()),
        }
    }

    /// Changes a user; what is signed in may end with it.
    pub(crate) async fn change(
        &self,
        id: &str,
        ends_sessions: bool,
        change: impl FnOnce(&mut User) + Send + 'static,
    ) -> Result<User, AccountError> {
        let owner = id.to_owned();
        let changed = decided(&*self.records, vec![(USER, owner.clone())], self.clock.now(), {
            move |found| {
                let Some(record) = found.first().and_then(Option::as_ref) else {
                    return Ok((Vec::new(), None));
                };
                let mut user = User::read(record)?;
                change(&mut user);
                let mut changes = vec![Change::Put(user.record()?)];
                if ends_sessions {
                    changes.push(Change::RemoveOwned(SESSION, owner));
                }
                Ok((changes, Some(user)))
            }
        });
        changed.await?.ok_or(AccountError::Missing("user"))
    }
}

/// The record that leads from a login to its user.
fn leads_to(user: &str, login: &Login) -> Record {
    Record {
        kind: LOGIN.to_owned(),
        key: login.as_str().to_owned(),
        owner: user.to_owned(),
        value: "{}".to_owned(),
        expires: None,
    }
}
