//! What operators change about users.

use runtime::store::StoreError;
use serde::{Deserialize, Serialize};

use super::user::Address;
use super::{LOGIN, Login, USER, User, Users, leads_to};
use crate::AccountError;
use crate::invitations::INVITATION;
use crate::oidc::CONSENT;
use crate::records::{Change, decided};
use crate::second_factor::SECOND_FACTOR;
use crate::sessions::SESSION;

/// What an operator changes about a user; what is not given stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Revision {
    /// What people call them.
    pub name: Option<String>,
    /// Roles of the model that they have from here on.
    pub give_roles: Vec<String>,
    /// Roles that they have no more; the model may not have them either.
    pub take_roles: Vec<String>,
    /// Email addresses and phone numbers, known to be theirs.
    pub add_logins: Vec<String>,
    /// Those that are theirs no more.
    pub remove_logins: Vec<String>,
}

/// A revision whose logins are in the form by which they are found.
struct Read {
    revision: Revision,
    add: Vec<Login>,
    remove: Vec<Login>,
}

impl Revision {
    fn read(self) -> Result<Read, AccountError> {
        let parsed = |logins: &[String]| -> Result<Vec<Login>, AccountError> {
            let parse = |login: &String| Login::parse(login).ok_or(AccountError::InvalidLogin);
            logins.iter().map(parse).collect()
        };
        let (add, remove) = (parsed(&self.add_logins)?, parsed(&self.remove_logins)?);
        Ok(Read { revision: self, add, remove })
    }
}

impl Read {
    /// Changes a user; the records of logins that change with it.
    fn apply(self, user: &mut User) -> Result<Vec<Change>, AccountError> {
        let Self { revision, add, remove } = self;
        if let Some(name) = revision.name {
            user.name = Some(name).filter(|name| !name.is_empty());
        }
        user.roles.retain(|role| !revision.take_roles.contains(role));
        for role in revision.give_roles {
            if !user.roles.contains(&role) {
                user.roles.push(role);
            }
        }
        let mut changes = Vec::new();
        let has = |user: &User, login: &Login| {
            user.logins.iter().any(|known| known.address == login.as_str())
        };
        for login in remove {
            if !has(user, &login) {
                return Err(AccountError::Missing("login of this user"));
            }
            user.logins.retain(|known| known.address != login.as_str());
            changes.push(Change::Remove((LOGIN, login.as_str().to_owned())));
        }
        for login in add {
            if !has(user, &login) {
                changes.push(Change::Add(leads_to(&user.id, &login)));
                let address = login.as_str().to_owned();
                user.logins.push(Address { address, verified: true });
            }
        }
        if user.logins.is_empty() {
            return Err(AccountError::NoLogin);
        }
        Ok(changes)
    }
}

impl Users {
    /// Changes what an operator says about a user.
    pub(crate) async fn revise(&self, id: &str, revision: Revision) -> Result<User, AccountError> {
        let read = revision.read()?;
        let locked = vec![(USER, id.to_owned())];
        let revised = decided(&*self.records, locked, self.clock.now(), move |found| {
            let Some(record) = found.first().and_then(Option::as_ref) else {
                return Ok((Vec::new(), Err(AccountError::Missing("user"))));
            };
            let mut user = User::read(record)?;
            match read.apply(&mut user) {
                Ok(mut changes) => {
                    changes.push(Change::Put(user.record()?));
                    Ok((changes, Ok(user)))
                }
                Err(refused) => Ok((Vec::new(), Err(refused))),
            }
        });
        match revised.await {
            Err(StoreError::Unique { .. }) => Err(AccountError::LoginTaken),
            revised => revised?,
        }
    }

    /// Removes a user, and what is kept for them.
    pub(crate) async fn remove(&self, id: &str) -> Result<(), AccountError> {
        let owned = [LOGIN, SESSION, SECOND_FACTOR, INVITATION, CONSENT];
        let mut changes: Vec<Change> =
            owned.into_iter().map(|kind| Change::RemoveOwned(kind, id.to_owned())).collect();
        changes.push(Change::Remove((USER, id.to_owned())));
        let changed = self.records.change(Vec::new(), self.clock.now(), Box::new(|_| Ok(changes)));
        Ok(changed.await?)
    }
}
