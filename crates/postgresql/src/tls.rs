//! TLS to the database, by rustls.

use std::path::PathBuf;
use std::sync::Arc;

use runtime::store::StoreError;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// What makes TLS connections; where it is off, it is never asked.
pub(crate) type Tls = tokio_postgres_rustls::MakeRustlsConnect;

/// Whom to trust.
pub(crate) enum Trust {
    /// No TLS.
    Off,
    /// Whoever answers: against listeners, not against impostors.
    Anybody {
        /// Whether a server without TLS is refused.
        needed: bool,
    },
    /// The host by its name and a certificate: of the authorities in this file, or of public ones.
    Named(Option<PathBuf>),
}

/// Makes TLS connections as trust says.
pub(crate) fn connector(trust: &Trust) -> Result<Tls, StoreError> {
    let provider = Arc::new(ring::default_provider());
    let unusable = |why: String| StoreError::Unusable { message: why };
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(error.to_string()))?;
    let config = match trust {
        Trust::Off | Trust::Anybody { .. } => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
            .with_no_client_auth(),
        Trust::Named(file) => {
            let mut roots = RootCertStore::empty();
            match file {
                None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
                Some(file) => {
                    let read = CertificateDer::pem_file_iter(file);
                    let read = read.and_then(Iterator::collect::<Result<Vec<_>, _>>);
                    let certificates = read.map_err(|error| {
                        unusable(format!(
                            "`sslrootcert` {} cannot be read: {error}",
                            file.display()
                        ))
                    })?;
                    roots.add_parsable_certificates(certificates);
                }
            }
            builder.with_root_certificates(roots).with_no_client_auth()
        }
    };
    Ok(Tls::new(config))
}

/// Why the certificate of a server was not taken, for people; nothing where something else failed.
pub(crate) fn distrust(error: &tokio_postgres::Error) -> Option<&'static str> {
    let mut cause = std::error::Error::source(error);
    while let Some(why) = cause {
        let within = why.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let told = within.and_then(|inner| inner.downcast_ref::<Error>()).or(why.downcast_ref());
        if let Some(Error::InvalidCertificate(wrong)) = told {
            return Some(said(wrong));
        }
        cause = why.source();
    }
    None
}

const fn said(wrong: &CertificateError) -> &'static str {
    match wrong {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate that it shows is for another host than the address names"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the certificate that it shows has expired"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate that it shows is not valid yet"
        }
        CertificateError::Revoked => "the certificate that it shows was revoked",
        CertificateError::UnknownIssuer => {
            "the certificate that it shows is of an authority that is not trusted"
        }
        _ => "the certificate that it shows cannot be trusted",
    }
}

/// Takes every certificate, as `sslmode=require` is known to do.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
