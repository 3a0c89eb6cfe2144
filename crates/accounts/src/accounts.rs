//! The one handle on all of it.

use std::sync::Arc;

use decide::Design;
use hyper::http::request::Parts;
use runtime::call::{Caller, Trace};
use runtime::http::Peer;
use runtime::store::StoreError;
use runtime::telemetry::AuditLog;

use crate::admission::Admission;
use crate::events::Event;
use crate::invitations::Invitations;
use crate::oidc::Seal;
use crate::password::LONGEST;
use crate::place::Place;
use crate::records::Records;
use crate::second_factor::SecondFactors;
use crate::sessions::{self, Live};
use crate::throttle::Throttle;
use crate::{
    AccountError, Clock, Hasher, Keys, Login, NewSession, NewUser, PasswordRules, Proven, Revision,
    Session, SessionCookie, Sessions, Settings, User, Users,
};

/// Who vouches for the users of this server, whichever way they prove who they are: the issuer of
/// their [`runtime::call::Identity`]. Its subject is [`User::id`].
pub const ISSUER: &str = "urn:firmitas:accounts";

/// Users, their passwords and sessions.
pub struct Accounts {
    users: Users,
    sessions: Sessions,
    keys: Keys,
    hasher: Hasher,
    rules: PasswordRules,
    pub(crate) invitations: Invitations,
    admission: Admission,
    pub(crate) throttle: Throttle,
    pub(crate) factors: SecondFactors,
    /// Closes what leaves our hands between password and code.
    pub(crate) seal: Seal,
    pub(crate) clock: Clock,
    /// Whether people without a second factor are led to it.
    pub(crate) leads_to_factor: bool,
    audit: AuditLog,
    /// What passwords should not be: the name of the system.
    system: String,
}

/// Somebody who is signed in with a browser.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// Since when ([`Session::begun`]) and how well ([`Session::assurance`]).
    pub session: Session,
    /// Who that is for operations.
    pub caller: Caller,
}

impl Accounts {
    /// The accounts of a design, kept as records. `seal` is a secret of 32 bytes that all replicas
    /// share.
    ///
    /// # Errors
    /// Parameters that Argon2 does not allow, or no randomness.
    pub fn new(
        design: &Design,
        records: Arc<dyn Records>,
        seal: &[u8; 32],
        settings: Settings,
    ) -> Result<Arc<Self>, AccountError> {
        let admission = Admission::new(design.model.clone());
        let throttle = Throttle::new(Arc::clone(&records), settings.clock.clone());
        let (audit, clock) = (settings.audit.clone(), settings.clock.clone());
        let (system, seal) = (design.model.system.name.to_string(), Seal::new(seal));
        let factors =
            SecondFactors::new(Arc::clone(&records), clock.clone(), seal.clone(), system.clone());
        Ok(Arc::new(Self {
            factors,
            seal,
            clock,
            leads_to_factor: settings.second_factor,
            users: Users::new(Arc::clone(&records), settings.clock.clone()),
            invitations: Invitations::new(Arc::clone(&records), settings.clock.clone()),
            hasher: Hasher::new(&settings)?,
            rules: PasswordRules { least: settings.password_length },
            keys: Keys::new(Arc::clone(&records), settings.clone(), admission.clone()),
            sessions: Sessions::new(records, settings, admission.clone()),
            throttle,
            audit,
            admission,
            system,
        }))
    }

    /// The users.
    #[must_use]
    pub const fn users(&self) -> &Users {
        &self.users
    }

    /// Their sessions.
    #[must_use]
    pub const fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Which actors a user may be, and who that is for operations.
    #[must_use]
    pub fn caller(&self, user: &User) -> Caller {
        self.admission.user(user, None)
    }

    /// Whoever shows nothing.
    #[must_use]
    pub fn anonymous(&self) -> Caller {
        self.admission.anonymous()
    }

    /// Who is signed in where a request comes from.
    ///
    /// # Errors
    /// The store failed.
    pub async fn signed_in(
        &self,
        head: &Parts,
        peer: &Peer,
    ) -> Result<Option<SignedIn>, StoreError> {
        let Some(token) = sessions::of_request(&head.headers, peer.secure) else {
            return Ok(None);
        };
        let live = self.sessions.find(token, &Place::host(head)).await?;
        Ok(live.map(|live| {
            let Live { session, user, caller, .. } = &*live;
            SignedIn { user: user.clone(), session: session.clone(), caller: caller.clone() }
        }))
    }

    /// The user with this login and password. Unknown logins, users without a password and disabled
    /// ones cost and answer the same as a wrong password. Failures are counted.
    ///
    /// # Errors
    /// [`AccountError::Wrong`], [`AccountError::TooMany`], [`AccountError::Overloaded`], or the
    /// store failed.
    pub async fn verify(
        &self,
        login: &str,
        password: &str,
        peer: &Peer,
        trace: &Trace,
    ) -> Result<User, AccountError> {
        // What cannot be a login is counted as well: as the text that it is.
        let counted = Login::parse(login).map_or_else(|| login.to_owned(), |of| of.to_string());
        let result = self.attempt(&counted, login, password, peer).await;
        self.tell(&Event::of_password(&counted, &result), trace);
        result
    }

    /// The user, if this is the password; counted like a sign-in.
    ///
    /// # Errors
    /// As [`Self::verify`].
    pub async fn verify_user(
        &self,
        user: User,
        password: &str,
        peer: &Peer,
        trace: &Trace,
    ) -> Result<User, AccountError> {
        let login = user.logins.first().map(|login| login.address.clone()).unwrap_or_default();
        self.verify(&login, password, peer, trace).await
    }

    async fn attempt(
        &self,
        counted: &str,
        login: &str,
        password: &str,
        peer: &Peer,
    ) -> Result<User, AccountError> {
        let address = peer.address.ip();
        self.throttle.admit(counted, address).await?;
        let user = self.users.by_login(login).await?.filter(|user| !user.disabled);
        let hash = user.as_ref().and_then(|user| user.password.as_deref());
        // Longer ones are nobody's; the work is bounded and the same.
        let password: String = password.chars().take(LONGEST + 1).collect();
        let right = self.hasher.verify(password.clone(), hash).await?;
        let Some(user) = user.filter(|_| right) else {
            self.throttle.failed(counted, address).await?;
            return Err(AccountError::Wrong);
        };
        self.throttle.succeeded(counted).await?;
        self.refresh(user, password).await
    }

    /// A hash that was made with other parameters than today's is made anew while the password is
    /// known.
    async fn refresh(&self, user: User, password: String) -> Result<User, AccountError> {
        if !user.password.as_deref().is_some_and(|hash| self.hasher.outdated(hash)) {
            return Ok(user);
        }
        let hash = self.hasher.hash(password).await?;
        let before = user.password.clone();
        let changed = self.users.change(&user.id, false, move |user| {
            // Not if it was changed meanwhile.
            if user.password == before {
                user.password = Some(hash);
            }
        });
        changed.await
    }

    /// Writes down what happened to an account.
    pub(crate) fn tell(&self, event: &Event, trace: &Trace) {
        event.write(&self.audit, trace);
    }

    /// All roles of people that the model has.
    pub(crate) fn roles(&self) -> Vec<String> {
        self.admission.roles().into_iter().map(str::to_owned).collect()
    }

    /// The name of the system.
    pub(crate) fn system(&self) -> &str {
        &self.system
    }

    /// Names of the actors that a caller may be.
    pub(crate) fn names(&self, caller: &Caller) -> Vec<&str> {
        self.admission.names(&caller.actors)
    }

    /// Begins a session of a user who has proved who it is.
    ///
    /// # Errors
    /// [`AccountError::Insecure`] where cookies would travel in the clear, or the store failed.
    pub async fn open_session(
        &self,
        user: &User,
        proven: Proven,
        head: &Parts,
        peer: &Peer,
    ) -> Result<(Session, SessionCookie), AccountError> {
        let place = Place::of(head, peer);
        if !place.may_set_cookies() {
            return Err(AccountError::Insecure);
        }
        let Place { host, agent, address, secure } = place;
        self.sessions.open(user, NewSession { proven, host, agent, address, secure }).await
    }

    /// Adds a user.
    ///
    /// # Errors
    /// What is wrong with login, password or roles; or the store failed.
    pub async fn create(
        &self,
        new: NewUser,
        password: Option<String>,
    ) -> Result<User, AccountError> {
        self.know(&new.roles)?;
        let hash = match password {
            Some(password) => {
                let name = new.name.as_deref().unwrap_or(&new.login);
                self.rules.check(&password, &[&new.login, name, &self.system])?;
                Some(self.hasher.hash(password).await?)
            }
            None => None,
        };
        self.users.add(new, hash).await
    }

    /// Refuses roles that people cannot have.
    fn know(&self, roles: &[String]) -> Result<(), AccountError> {
        let known = self.admission.roles();
        match roles.iter().find(|role| !known.contains(role.as_str())) {
            Some(role) => {
                let why = format!("the model has no role `{role}` of people");
                Err(AccountError::Unknown(why))
            }
            None => Ok(()),
        }
    }

    /// Changes what an operator says about a user. Roles hold from the next request on.
    ///
    /// # Errors
    /// A role or login that cannot be, [`AccountError::LoginTaken`], [`AccountError::Missing`], or
    /// the store failed.
    pub async fn revise(&self, user: &User, revision: Revision) -> Result<User, AccountError> {
        self.know(&revision.give_roles)?;
        let changed = self.users.revise(&user.id, revision).await?;
        self.sessions.forget();
        Ok(changed)
    }

    /// Removes a user with logins, sessions and second factor; rows of the model stay.
    ///
    /// # Errors
    /// The store failed.
    pub async fn remove(&self, user: &User) -> Result<(), AccountError> {
        self.users.remove(&user.id).await?;
        self.sessions.forget();
        Ok(())
    }

    /// Gives a user another password, which ends all their sessions.
    ///
    /// # Errors
    /// [`AccountError::WeakPassword`], [`AccountError::Missing`], or the store failed.
    pub async fn set_password(&self, user: &User, password: String) -> Result<User, AccountError> {
        let hash = self.hash_for(user, password).await?;
        let now = self.users.now();
        let changed = self.users.change(&user.id, true, move |user| {
            user.password = Some(hash);
            user.password_changed = now;
        });
        let changed = changed.await?;
        self.sessions.forget();
        Ok(changed)
    }

    /// The hash of a password that a user may have.
    pub(crate) async fn hash_for(
        &self,
        user: &User,
        password: String,
    ) -> Result<String, AccountError> {
        let mut known: Vec<&str> = user.logins.iter().map(|login| login.address.as_str()).collect();
        known.extend([self.system.as_str(), user.name.as_deref().unwrap_or_default()]);
        self.rules.check(&password, &known)?;
        self.hasher.hash(password).await
    }

    /// Characters that a password has at least.
    pub(crate) const fn least_password(&self) -> usize {
        self.rules.least
    }

    /// Lets a user sign in no more, and ends all their sessions; or lets them again.
    ///
    /// # Errors
    /// [`AccountError::Missing`], or the store failed.
    pub async fn set_disabled(&self, id: &str, disabled: bool) -> Result<User, AccountError> {
        let changed = self.users.change(id, true, move |user| user.disabled = disabled).await?;
        self.sessions.forget();
        Ok(changed)
    }

    /// The API keys.
    #[must_use]
    pub const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// What hashes passwords.
    #[must_use]
    pub const fn hasher(&self) -> &Hasher {
        &self.hasher
    }
}

impl std::fmt::Debug for Accounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accounts").field("hasher", &self.hasher).finish_non_exhaustive()
    }
}
