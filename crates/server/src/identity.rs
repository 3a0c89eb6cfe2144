//! Accounts and the audit log, as they are configured.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use accounts::{Accounts, Authenticators, Clock, Recognise, SignIn};
use decide::Design;
use runtime::Backend;
use runtime::http::ServeOptions;
use runtime::identity::Issuer;
use runtime::store::Store;
use runtime::telemetry::{AuditLog, AuditSink};

use crate::Failure;

/// What can be set about who asks.
#[derive(Clone, Debug)]
pub struct IdentitySettings {
    /// Whether users sign in here: sessions, API keys, `/auth/…`. Without, tokens alone are known.
    pub accounts: bool,
    /// Where decisions about callers are written down.
    pub audit: AuditTarget,
    /// Memory of one password hash in KiB, where it is not the decided one.
    pub hash_memory: Option<u32>,
    /// What time it is for sessions, keys and failed attempts.
    pub clock: Clock,
}

impl Default for IdentitySettings {
    fn default() -> Self {
        Self { accounts: true, audit: AuditTarget::Off, hash_memory: None, clock: Clock::default() }
    }
}

/// Where the audit log goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AuditTarget {
    /// Nowhere.
    #[default]
    Off,
    /// To standard error.
    Stderr,
    /// To the end of a file.
    File(PathBuf),
}

impl AuditTarget {
    fn open(&self) -> Result<AuditLog, Failure> {
        let sink = match self {
            Self::Off => return Ok(AuditLog::default()),
            Self::Stderr => AuditSink::Stderr,
            Self::File(path) => {
                AuditSink::file(path).map_err(|error| Failure::file("write", path, &error))?
            }
        };
        AuditLog::to(sink)
            .map_err(|error| Failure::new("no-threads", format!("cannot start a thread: {error}")))
    }
}

/// Opens the audit log of a backend, and its accounts where they are on.
pub(crate) fn open<S: Store>(
    design: &Design,
    settings: &IdentitySettings,
    issuer: &Issuer,
    backend: &Arc<Backend<S>>,
) -> Result<Option<Arc<Accounts>>, Failure> {
    let audit = settings.audit.open()?;
    backend.set_audit(audit.clone());
    if !settings.accounts {
        return Ok(None);
    }
    let decided = accounts::Settings::of(design);
    let hash_memory = settings.hash_memory.unwrap_or(decided.hash_memory);
    let clock = settings.clock.clone();
    let decided = accounts::Settings { audit, hash_memory, clock, ..decided };
    let accounts = Accounts::new(design, backend.clone(), &factor_seal(issuer), decided)
        .map_err(|error| Failure::new("no-identity", error.to_string()))?;
    Ok(Some(accounts))
}

/// The secret that seals second factors.
pub(crate) fn factor_seal(issuer: &Issuer) -> [u8; 32] {
    issuer.derived(b"firmitas second factors")
}

/// Serves accounts: who asks, and where they sign in.
pub(crate) fn serve(
    options: &mut ServeOptions,
    accounts: &Arc<Accounts>,
    issuer: Issuer,
    further: Vec<Arc<dyn Recognise>>,
) {
    let known = Authenticators::new(issuer, Arc::clone(accounts), further);
    options.authenticate = Some(Arc::new(known));
    options.mounts.push(Arc::new(SignIn::new(Arc::clone(accounts))));
}

/// Takes commands of operators in the data folder, as long as what this returns is kept. A server
/// that cannot serves nevertheless: it says so.
#[cfg(unix)]
pub(crate) fn operators(
    data: &Path,
    accounts: Arc<Accounts>,
) -> Option<accounts::admin::Listening> {
    use std::io::Write as _;
    match accounts::admin::listen(data, accounts) {
        Ok(listening) => Some(listening),
        Err(error) => {
            let message = format!("`firm user` and `firm key` do not reach this server: {error}");
            let line = serde_json::json!({
                "level": "warning", "event": "admin-socket", "message": message,
            });
            drop(writeln!(std::io::stderr().lock(), "{line}"));
            None
        }
    }
}

#[cfg(not(unix))]
pub(crate) fn operators(_data: &Path, _accounts: Arc<Accounts>) -> Option<()> {
    None
}
