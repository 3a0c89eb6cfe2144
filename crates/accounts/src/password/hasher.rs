//! Argon2id on threads of its own kind, few at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use argon2::password_hash::{PasswordHasher as _, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, PasswordVerifier as _, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use tokio::sync::Semaphore;

use crate::{AccountError, Settings};

/// Sign-ins that may wait for each hash that may be computed.
const WAITING: usize = 8;
/// For how long one waits.
const PATIENCE: Duration = Duration::from_secs(3);

/// Hashes passwords and compares them. Each takes tens of milliseconds of a core and tens of
/// megabytes: only so many run at once, a few wait, the others are told to come again. Requests that
/// need no password never wait for those that do.
pub struct Hasher {
    argon2: Argon2<'static>,
    /// The hash of nothing: checked for users that do not exist.
    decoy: String,
    running: Arc<Semaphore>,
    waiting: Semaphore,
    computed: Arc<AtomicU64>,
    refused: AtomicU64,
}

impl Hasher {
    /// A hasher.
    ///
    /// # Errors
    /// Parameters that Argon2 does not allow, or no randomness.
    pub fn new(settings: &Settings) -> Result<Self, AccountError> {
        let broken = |error: argon2::Error| AccountError::Machine(error.to_string());
        let params = Params::new(settings.hash_memory, settings.hash_passes, 1, None);
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.map_err(broken)?);
        let hashes = settings.hashes.clamp(1, 1024);
        Ok(Self {
            decoy: decoy(settings)?,
            argon2,
            running: Arc::new(Semaphore::new(hashes)),
            waiting: Semaphore::new(hashes.saturating_mul(1 + WAITING)),
            computed: Arc::default(),
            refused: AtomicU64::new(0),
        })
    }

    /// The hash of a password in PHC format, with a salt of its own.
    ///
    /// # Errors
    /// [`AccountError::Overloaded`].
    pub async fn hash(&self, password: String) -> Result<String, AccountError> {
        let argon2 = self.argon2.clone();
        let hash = self.run(move || argon2.hash_password(password.as_bytes())).await?;
        Ok(hash.map_err(|error| AccountError::Machine(error.to_string()))?.to_string())
    }

    /// Whether a password has this hash. Without a hash the same work is done for nothing, so that
    /// it cannot be told apart.
    ///
    /// # Errors
    /// [`AccountError::Overloaded`].
    pub async fn verify(&self, password: String, hash: Option<&str>) -> Result<bool, AccountError> {
        let argon2 = self.argon2.clone();
        let known = hash.is_some();
        let hash = hash.unwrap_or(&self.decoy).to_owned();
        let fits = move || {
            let parsed = PasswordHash::new(&hash);
            parsed.is_ok_and(|hash| argon2.verify_password(password.as_bytes(), &hash).is_ok())
        };
        Ok(self.run(fits).await? && known)
    }

    /// Whether a hash was made with other parameters than today's.
    #[must_use]
    pub fn outdated(&self, hash: &str) -> bool {
        let params = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
        params(hash) != params(&self.decoy)
    }

    /// Hashes computed since the start, and attempts that were told to come again.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        (self.computed.load(Relaxed), self.refused.load(Relaxed))
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AccountError> {
        let refuse = || {
            self.refused.fetch_add(1, Relaxed);
            AccountError::Overloaded
        };
        let _place = self.waiting.try_acquire().map_err(|_| refuse())?;
        let running = Arc::clone(&self.running).acquire_owned();
        let Ok(Ok(turn)) = tokio::time::timeout(PATIENCE, running).await else {
            return Err(refuse());
        };
        let computed = Arc::clone(&self.computed);
        let done = tokio::task::spawn_blocking(move || {
            // Held until it is done, also when nobody waits for it any more.
            let _turn = turn;
            computed.fetch_add(1, Relaxed);
            work()
        });
        done.await.map_err(|error| AccountError::Machine(error.to_string()))
    }
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hasher").field("computed", &self.computed).finish_non_exhaustive()
    }
}

/// A hash that no password is known to have: random where a real one is computed.
fn decoy(settings: &Settings) -> Result<String, AccountError> {
    let mut bytes = [0; 48];
    getrandom::fill(&mut bytes).map_err(|error| AccountError::Machine(error.to_string()))?;
    let (salt, hash) = bytes.split_at(16);
    let (memory, passes) = (settings.hash_memory, settings.hash_passes);
    let text = |bytes: &[u8]| STANDARD_NO_PAD.encode(bytes);
    Ok(format!("$argon2id$v=19$m={memory},t={passes},p=1${}${}", text(salt), text(hash)))
}
