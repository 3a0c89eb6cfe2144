//! Why something about an account was not done.

use runtime::problem::{Problem, code};
use runtime::store::StoreError;

/// Why something about an account was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// Login, password or both are wrong; it is not said which.
    #[error("the login or the password is wrong")]
    Wrong,
    /// Too many failed attempts, for this login or from this address.
    #[error("too many failed attempts; the next one counts in {seconds} s")]
    TooMany {
        /// Until the next attempt is looked at.
        seconds: u32,
    },
    /// The password is right, and a second factor has to be shown as well.
    #[error("the code of the second factor is missing")]
    CodeNeeded,
    /// The code is wrong, too old, or was used before.
    #[error("the code is wrong, or was used before")]
    WrongCode,
    /// So many codes were wrong that none is looked at any more.
    #[error("too many codes were wrong: an administrator has to reset the second factor")]
    FactorLocked,
    /// There is a second factor already.
    #[error("there is a second factor already")]
    Enrolled,
    /// There is no second factor.
    #[error("there is no second factor")]
    NotEnrolled,
    /// More passwords are being checked than this machine can.
    #[error("too many passwords are being checked")]
    Overloaded,
    /// Somebody has this login already.
    #[error("the login is taken")]
    LoginTaken,
    /// Neither an email address nor a phone number.
    #[error("a login is an email address or a phone number with its country code")]
    InvalidLogin,
    /// A user would be left without any.
    #[error("a user has at least one login: add another one first")]
    NoLogin,
    /// The password breaks the rules.
    #[error("{0}")]
    WeakPassword(String),
    /// The model has no such thing.
    #[error("{0}")]
    Unknown(String),
    /// There is no such user, session or key.
    #[error("there is no such {0}")]
    Missing(&'static str),
    /// Cookies would travel in the clear.
    #[error("signing in needs TLS, except on this machine")]
    Insecure,
    /// The machine has no randomness to offer, or hashing failed.
    #[error("{0}")]
    Machine(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Wrong => Self::new(&code::INVALID_CREDENTIALS),
            AccountError::CodeNeeded => Self::new(&code::SECOND_FACTOR_REQUIRED),
            AccountError::WrongCode => Self::new(&code::INVALID_CODE),
            AccountError::FactorLocked => Self::new(&code::FORBIDDEN).detail(error.to_string()),
            AccountError::Enrolled | AccountError::NotEnrolled | AccountError::NoLogin => {
                Self::new(&code::CONFLICT).detail(error.to_string())
            }
            AccountError::TooMany { seconds } => {
                Self::new(&code::RATE_LIMITED).retry_after(seconds)
            }
            AccountError::Overloaded => Self::new(&code::OVERLOADED).retry_after(1),
            AccountError::Insecure => Self::new(&code::INSECURE_CONNECTION),
            AccountError::WeakPassword(why) => Self::invalid("/new", "weak-password", why),
            AccountError::InvalidLogin => {
                Self::invalid("/login", "invalid-format", error.to_string())
            }
            AccountError::Missing(_) | AccountError::Unknown(_) => Self::new(&code::NOT_FOUND),
            AccountError::LoginTaken => Self::new(&code::CONFLICT),
            AccountError::Store(error) => error.into(),
            AccountError::Machine(_) => Self::new(&code::INTERNAL),
        }
    }
}
