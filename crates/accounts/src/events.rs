//! What the audit log says about accounts.
//!
//! They are lines of that log and no records of the store: a failed sign-in is free for whoever
//! tries it, and a row for each would let strangers fill the disk and wait for the one writer. What
//! has to outlive the process and be acted on, the count of failures, is a record, bounded and
//! forgotten in time.

use runtime::call::{Identity, Trace};
use runtime::telemetry::{AuditEvent, AuditKind, AuditLog};

use crate::{AccountError, ISSUER, User};

/// Something that happened to an account.
pub(crate) struct Event {
    kind: AuditKind,
    action: &'static str,
    /// Who; the login as it was typed where nobody is known, which is written as a hash.
    identity: Identity,
    reason: Option<&'static str>,
}

impl Event {
    /// A user did something about the own account, or somebody did it to the account.
    pub(crate) fn of_user(action: &'static str, user: &User) -> Self {
        Self { kind: AuditKind::Account, action, identity: of(&user.id), reason: None }
    }

    /// An operator did something about a key.
    pub(crate) fn of_key(action: &'static str, prefix: &str) -> Self {
        Self { kind: AuditKind::Account, action, identity: of(prefix), reason: None }
    }

    /// A client asked the provider for something.
    pub(crate) fn of_client(
        action: &'static str,
        client: &str,
        reason: Option<&'static str>,
    ) -> Self {
        Self { kind: AuditKind::Authentication, action, identity: of(client), reason }
    }

    /// Somebody gave a password.
    pub(crate) fn of_password(login: &str, result: &Result<User, AccountError>) -> Self {
        let (subject, reason) = match result {
            Ok(user) => (user.id.as_str(), None),
            Err(AccountError::Wrong) => (login, Some("invalid-credentials")),
            Err(AccountError::TooMany { .. }) => (login, Some("rate-limited")),
            Err(AccountError::Overloaded) => (login, Some("overloaded")),
            Err(_) => (login, Some("unavailable")),
        };
        Self { kind: AuditKind::Authentication, action: "sign-in", identity: of(subject), reason }
    }

    /// Somebody gave the code of a second factor.
    pub(crate) fn of_code<T>(
        action: &'static str,
        user: &User,
        result: &Result<T, AccountError>,
    ) -> Self {
        let reason = match result {
            Ok(_) => None,
            Err(AccountError::WrongCode) => Some("invalid-code"),
            Err(AccountError::TooMany { .. }) => Some("rate-limited"),
            Err(AccountError::FactorLocked) => Some("locked"),
            Err(AccountError::Enrolled | AccountError::NotEnrolled) => Some("conflict"),
            Err(_) => Some("unavailable"),
        };
        Self { kind: AuditKind::Authentication, action, identity: of(&user.id), reason }
    }

    pub(crate) fn write(&self, log: &AuditLog, trace: &Trace) {
        let outcome = if self.reason.is_some() { "denied" } else { "allowed" };
        log.write(&AuditEvent {
            reason: self.reason,
            // A client that says nothing about itself is nobody.
            identity: Some(&self.identity).filter(|of| !of.subject.is_empty()),
            ..AuditEvent::new(self.kind, self.action, outcome, trace)
        });
    }
}

fn of(subject: &str) -> Identity {
    Identity { issuer: ISSUER.into(), subject: subject.into(), ..Identity::default() }
}
