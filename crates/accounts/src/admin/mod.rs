//! What operators do about accounts: the same commands whether a server runs or not.

#[cfg(unix)]
mod socket;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use runtime::call::Trace;

use crate::events::Event;
use crate::keys::NewKey;
use crate::{AccountError, Accounts, NewUser, Revision, User};

#[cfg(unix)]
pub use socket::{Listening, SOCKET, ask, listen};

/// Most users or keys that a list tells.
const MOST: u32 = 1000;

/// What an operator asks for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Command {
    /// Adds a user.
    CreateUser {
        /// Email address or phone number; known to be theirs, the operator says so.
        login: String,
        /// What people call them.
        name: Option<String>,
        /// Roles of the model.
        roles: Vec<String>,
        /// All roles of the model.
        administrator: bool,
        /// The password; none where they get a link.
        password: Option<String>,
        /// For how many hours a link works by which they set one; no link where absent.
        invite: Option<u32>,
    },
    /// Makes a link by which a user sets a new password, once.
    InviteUser {
        /// Login or id.
        user: String,
        /// For how long it works.
        hours: u32,
    },
    /// Changes a user.
    ReviseUser {
        /// Login or id.
        user: String,
        /// What changes.
        revision: Revision,
    },
    /// Removes a user, whose rows stay.
    RemoveUser {
        /// Login or id.
        user: String,
    },
    /// Tells the users.
    ListUsers {
        /// After this id.
        after: String,
    },
    /// Ends all sessions of a user, who cannot sign in any more; or can again.
    DisableUser {
        /// Login or id.
        user: String,
        /// Whether they can again.
        enable: bool,
    },
    /// Takes the second factor of a user away, who lost it, and ends all their sessions.
    ResetSecondFactor {
        /// Login or id.
        user: String,
    },
    /// Makes an API key.
    CreateKey(NewKey),
    /// Revokes one.
    RevokeKey {
        /// Its prefix.
        prefix: String,
    },
    /// Tells the keys.
    ListKeys {
        /// Whose; everybody's if absent.
        owner: Option<String>,
        /// After this prefix.
        after: String,
    },
}

/// Does what an operator asks for; what there is to tell, as JSON.
///
/// # Errors
/// Why not.
pub async fn run(accounts: &Accounts, command: Command) -> Result<Value, AccountError> {
    let trace = Trace::default();
    match command {
        Command::CreateUser { login, name, roles, administrator, password, invite } => {
            let roles = if administrator { accounts.roles() } else { roles };
            let new = NewUser { login, verified: true, roles, name };
            let user = accounts.create(new, password).await?;
            accounts.tell(&Event::of_user("create-user", &user), &trace);
            match invite {
                Some(hours) => invited(accounts, &user, hours, &trace).await,
                None => Ok(shown(&user)),
            }
        }
        Command::InviteUser { user, hours } => {
            invited(accounts, &found(accounts, &user).await?, hours, &trace).await
        }
        Command::ReviseUser { user, revision } => {
            let found = found(accounts, &user).await?;
            let user = accounts.revise(&found, revision).await?;
            accounts.tell(&Event::of_user("revise-user", &user), &trace);
            Ok(shown(&user))
        }
        Command::RemoveUser { user } => {
            let found = found(accounts, &user).await?;
            accounts.remove(&found).await?;
            accounts.tell(&Event::of_user("remove-user", &found), &trace);
            Ok(json!({ "removed": found.id }))
        }
        Command::ListUsers { after } => {
            let users = accounts.users().list(&after, MOST).await?;
            Ok(json!({ "users": users.iter().map(shown).collect::<Vec<_>>() }))
        }
        Command::DisableUser { user, enable } => {
            let found = found(accounts, &user).await?;
            let user = accounts.set_disabled(&found.id, !enable).await?;
            let action = if enable { "enable-user" } else { "disable-user" };
            accounts.tell(&Event::of_user(action, &user), &trace);
            Ok(shown(&user))
        }
        Command::ResetSecondFactor { user } => {
            let found = found(accounts, &user).await?;
            accounts.remove_second_factor(&found, &trace).await?;
            Ok(shown(&found))
        }
        Command::CreateKey(new) => {
            let (key, secret) = accounts.keys().create(new).await?;
            accounts.tell(&Event::of_key("create-key", &key.prefix), &trace);
            Ok(json!({ "key": key, "secret": secret }))
        }
        Command::RevokeKey { prefix } => {
            // The whole key is taken as well: whoever found a leaked one has nothing else.
            let prefix = prefix.strip_prefix("firm_").unwrap_or(&prefix);
            let prefix = prefix.split('_').next().unwrap_or_default();
            accounts.keys().revoke(prefix).await?;
            accounts.tell(&Event::of_key("revoke-key", prefix), &trace);
            Ok(json!({ "revoked": prefix }))
        }
        Command::ListKeys { owner, after } => {
            let keys = accounts.keys().list(owner.as_deref(), &after, MOST).await?;
            Ok(json!({ "keys": keys }))
        }
    }
}

/// A user by login or id.
async fn found(accounts: &Accounts, user: &str) -> Result<User, AccountError> {
    let found = match accounts.users().by_login(user).await? {
        Some(found) => Some(found),
        None => accounts.users().find(user).await?,
    };
    found.ok_or(AccountError::Missing("user"))
}

/// A user with the link that is made for them.
async fn invited(
    accounts: &Accounts,
    user: &User,
    hours: u32,
    trace: &Trace,
) -> Result<Value, AccountError> {
    let invitation = accounts.invite(user, hours).await?;
    accounts.tell(&Event::of_user("invite-user", user), trace);
    let mut told = shown(user);
    if let Some(told) = told.as_object_mut() {
        told.insert("invitation".to_owned(), json!(invitation));
    }
    Ok(told)
}

fn shown(user: &User) -> Value {
    json!({
        "id": user.id,
        "name": user.name,
        "logins": user.logins.iter().map(|login| &login.address).collect::<Vec<_>>(),
        "roles": user.roles,
        "disabled": user.disabled,
        "created": user.created,
    })
}
