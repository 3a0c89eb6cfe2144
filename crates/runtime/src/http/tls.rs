//! Encryption, by files that may change while the server runs.

use std::fs;
use std::io;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use rustls::{RootCertStore, SupportedProtocolVersion, version};
use sha2::{Digest as _, Sha256};

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(2);
/// Older versions are broken (RFC 8996).
const VERSIONS: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];

/// The files by which a server proves who it is, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// Its certificate, followed by those of the authorities in between.
    pub certificate: PathBuf,
    /// The private key of its certificate.
    pub key: PathBuf,
    /// Authorities whose certificates clients may show; none are asked for if absent.
    pub client_authorities: Option<PathBuf>,
    /// Whether clients without a certificate are turned away.
    pub client_required: bool,
}

/// Why files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// One cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// One holds something else.
    #[error("`{}` {what}", path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// They do not fit together.
    #[error("the certificate and its key cannot be used: {0}")]
    Pair(#[from] rustls::Error),
}

/// The encryption in force. New connections take what is current; open ones keep what they began
/// with.
pub(super) struct Tls {
    files: TlsFiles,
    current: RwLock<Current>,
}

struct Current {
    config: Arc<ServerConfig>,
    /// Of all files, to see whether they changed.
    digest: [u8; 32],
}

impl Tls {
    /// # Errors
    /// The files cannot be used.
    pub(super) fn open(files: TlsFiles) -> Result<Self, TlsError> {
        let current = RwLock::new(load(&files)?);
        Ok(Self { files, current })
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).config)
    }

    /// Takes what the files hold now, if it is something else and can be used; answers whether it
    /// did.
    ///
    /// # Errors
    /// They cannot be used: what was in force stays.
    pub(super) fn reload(&self) -> Result<bool, TlsError> {
        let digest = digest(&self.files)?;
        if self.current.read().unwrap_or_else(PoisonError::into_inner).digest == digest {
            return Ok(false);
        }
        let new = load(&self.files)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(true)
    }

    /// Looks at the files now and then, and when the process gets SIGHUP. Never ends.
    pub(super) async fn watch(self: Arc<Self>) {
        let mut told = String::new();
        let mut hangups = Hangups::new();
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = hangups.next() => told.clear(),
            }
            let tls = Arc::clone(&self);
            let Ok(reloaded) = tokio::task::spawn_blocking(move || tls.reload()).await else {
                continue;
            };
            let line = match reloaded {
                Ok(false) => continue,
                Ok(true) => "{\"level\":\"info\",\"event\":\"tls-reloaded\"}".to_owned(),
                Err(error) => {
                    let why = serde_json::Value::from(error.to_string());
                    format!(
                        "{{\"level\":\"error\",\"event\":\"tls-not-reloaded\",\"reason\":{why}}}"
                    )
                }
            };
            // What stays broken is told once.
            if line != told || line.contains("tls-reloaded") {
                // A process whose standard error is closed goes on serving.
                drop(writeln!(std::io::stderr().lock(), "{line}"));
            }
            told = line;
        }
    }
}

/// SIGHUP, where there is such a thing.
struct Hangups {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Hangups {
    fn new() -> Self {
        Self {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok(),
        }
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}

fn load(files: &TlsFiles) -> Result<Current, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let digest = digest(files)?;
    let chain = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_slice(&read(&files.key)?).map_err(|_| TlsError::Content {
        path: files.key.clone(),
        what: "holds no private key in PEM".to_owned(),
    })?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(VERSIONS)?;
    let mut config = match verifier(files, &provider)? {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    }
    .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.ticketer = ring::Ticketer::new()?;
    Ok(Current { config: Arc::new(config), digest })
}

fn verifier(
    files: &TlsFiles,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, TlsError> {
    let Some(path) = &files.client_authorities else { return Ok(None) };
    let wrong = |what: String| TlsError::Content { path: path.clone(), what };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        let added = roots.add(certificate);
        added.map_err(|error| wrong(format!("holds no usable authority: {error}")))?;
    }
    let builder =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let builder = if files.client_required { builder } else { builder.allow_unauthenticated() };
    let verifier = builder.build();
    verifier.map(Some).map_err(|error| wrong(format!("holds no usable authority: {error}")))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(path)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    all.ok().filter(|all| !all.is_empty()).ok_or_else(|| TlsError::Content {
        path: path.to_owned(),
        what: "holds no certificate in PEM".to_owned(),
    })
}

fn digest(files: &TlsFiles) -> Result<[u8; 32], TlsError> {
    let mut hash = Sha256::new();
    for path in [&files.certificate, &files.key].into_iter().chain(&files.client_authorities) {
        hash.update(Sha256::digest(read(path)?));
    }
    Ok(hash.finalize().into())
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::File { path: path.to_owned(), source })
}
