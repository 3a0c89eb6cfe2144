//! What people do about their second factor: enrol, prove, renew, remove.

use runtime::call::Trace;
use runtime::http::Peer;
use runtime::store::StoreError;
use serde::{Deserialize, Serialize};

use crate::clock::SECOND;
use crate::events::Event;
use crate::second_factor::Right;
use crate::{AccountError, Accounts, Enrolled, Proven, SharedSecret, User};

/// What a sealed ticket is for.
const PURPOSE: &str = "sign-in";
/// For which a right password waits for its code.
const PATIENCE: i64 = 5 * 60 * SECOND;

/// That a password was right, handed out until the code is there.
#[derive(Serialize, Deserialize)]
struct Ticket {
    user: String,
    /// A password that is changed meanwhile makes it worthless.
    password_changed: i64,
    next: String,
    until: i64,
}

impl Accounts {
    /// The second factor of a user, if there is one.
    ///
    /// # Errors
    /// The store failed.
    pub async fn second_factor(&self, user: &User) -> Result<Option<Enrolled>, StoreError> {
        self.factors.of(&user.id).await
    }

    /// A new secret for the app of a user, in place of one that was never confirmed.
    ///
    /// # Errors
    /// [`AccountError::Enrolled`], no randomness, or the store failed.
    pub async fn begin_second_factor(&self, user: &User) -> Result<SharedSecret, AccountError> {
        self.factors.begin(user).await
    }

    /// The secret that waits for its first code, if one does.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) async fn begun_second_factor(
        &self,
        user: &User,
    ) -> Result<Option<SharedSecret>, AccountError> {
        self.factors.begun(user).await
    }

    /// Takes the first code of the app: from now on it is asked for. All sessions end. The recovery
    /// codes are told this once.
    ///
    /// # Errors
    /// [`AccountError::WrongCode`], [`AccountError::TooMany`], [`AccountError::Enrolled`],
    /// [`AccountError::NotEnrolled`], or the store failed.
    pub async fn confirm_second_factor(
        &self,
        user: &User,
        code: &str,
        peer: &Peer,
        trace: &Trace,
    ) -> Result<Vec<String>, AccountError> {
        let confirmed = self.counted(user, peer, self.factors.confirm(&user.id, code)).await;
        self.tell(&Event::of_code("enrol-second-factor", user, &confirmed), trace);
        self.sessions().forget();
        confirmed
    }

    /// Whether a code is right, which uses it up. Failures are counted as those of passwords are.
    ///
    /// # Errors
    /// [`AccountError::WrongCode`], [`AccountError::TooMany`], [`AccountError::FactorLocked`],
    /// [`AccountError::NotEnrolled`], or the store failed.
    pub async fn prove_second_factor(
        &self,
        user: &User,
        code: &str,
        peer: &Peer,
        trace: &Trace,
    ) -> Result<Proven, AccountError> {
        let right = self.counted(user, peer, self.factors.prove(&user.id, code)).await;
        self.tell(&Event::of_code("second-factor", user, &right), trace);
        Ok(match right? {
            Right::OneTimeCode => Proven::ONE_TIME_CODE,
            Right::RecoveryCode => Proven::RECOVERY_CODE,
        })
    }

    /// How well somebody whose password was right has proved who it is: with a second factor, its
    /// code is needed as well.
    ///
    /// # Errors
    /// [`AccountError::CodeNeeded`], or as [`Self::prove_second_factor`].
    pub async fn proven(
        &self,
        user: &User,
        code: Option<&str>,
        peer: &Peer,
        trace: &Trace,
    ) -> Result<Proven, AccountError> {
        if self.second_factor(user).await?.is_none() {
            return Ok(Proven::PASSWORD);
        }
        let code = code.ok_or(AccountError::CodeNeeded)?;
        self.prove_second_factor(user, code, peer, trace).await
    }

    /// Other recovery codes in place of those that are left.
    ///
    /// # Errors
    /// As [`Self::prove_second_factor`].
    pub async fn renew_recovery_codes(
        &self,
        user: &User,
        code: &str,
        peer: &Peer,
        trace: &Trace,
    ) -> Result<Vec<String>, AccountError> {
        let codes = self.counted(user, peer, self.factors.renew(&user.id, code)).await;
        self.tell(&Event::of_code("renew-recovery-codes", user, &codes), trace);
        codes
    }

    /// Takes the second factor of a user away, who signs in with the password alone from now on.
    /// All sessions end.
    ///
    /// # Errors
    /// [`AccountError::NotEnrolled`], or the store failed.
    pub async fn remove_second_factor(
        &self,
        user: &User,
        trace: &Trace,
    ) -> Result<(), AccountError> {
        let there = self.factors.remove(&user.id).await?;
        self.sessions().forget();
        if !there {
            return Err(AccountError::NotEnrolled);
        }
        self.tell(&Event::of_user("remove-second-factor", user), trace);
        Ok(())
    }

    /// Does something that takes a code, unless too many were wrong lately.
    async fn counted<T>(
        &self,
        user: &User,
        peer: &Peer,
        attempt: impl Future<Output = Result<T, AccountError>>,
    ) -> Result<T, AccountError> {
        let (counted, address) = (format!("second factor of {}", user.id), peer.address.ip());
        self.throttle.admit(&counted, address).await?;
        let done = attempt.await;
        match &done {
            Ok(_) => self.throttle.succeeded(&counted).await?,
            Err(AccountError::WrongCode) => self.throttle.failed(&counted, address).await?,
            Err(_) => {}
        }
        done
    }

    /// What says that the password of a user was right, for whoever shows the code soon.
    pub(crate) fn ticket(&self, user: &User, next: &str) -> Result<String, AccountError> {
        let ticket = Ticket {
            user: user.id.clone(),
            password_changed: user.password_changed,
            next: next.to_owned(),
            until: self.clock.now().saturating_add(PATIENCE),
        };
        let text = serde_json::to_vec(&ticket);
        let text = text.map_err(|error| AccountError::Machine(error.to_string()))?;
        self.seal.close(PURPOSE, &text).map_err(|error| AccountError::Machine(error.to_string()))
    }

    /// Whose password a ticket says was right, and where to go on.
    pub(crate) async fn of_ticket(
        &self,
        ticket: &str,
    ) -> Result<Option<(User, String)>, StoreError> {
        let opened = self.seal.open(PURPOSE, ticket);
        let ticket = opened.and_then(|bytes| serde_json::from_slice::<Ticket>(&bytes).ok());
        let Some(ticket) = ticket.filter(|of| of.until > self.clock.now()) else { return Ok(None) };
        let user = self.users().find(&ticket.user).await?;
        let same = |user: &User| !user.disabled && user.password_changed == ticket.password_changed;
        Ok(user.filter(same).map(|user| (user, ticket.next)))
    }

    /// Whether somebody who proved that much is to be led to a second factor.
    pub(crate) const fn leads_to_factor(&self, proven: Proven) -> bool {
        self.leads_to_factor && proven.assurance == 1
    }

    /// Microseconds since the Unix epoch.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now()
    }
}
