//! Why a design does not start.

use base::Diagnostic;
use runtime::http::ServerError;
use runtime::store::StoreError;

use crate::Failure;

/// Why a design does not start.
#[derive(Debug)]
pub enum Refused {
    /// It asks for what is not built yet: findings with their places.
    Guards(Vec<Diagnostic>),
    /// The machine, the data or the configuration is in the way.
    Failure(Failure),
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Incompatible { differences } => {
                Self::new("incompatible-data", "the stored rows do not fit the model")
                    .notes(differences)
                    .help("nothing was changed; `--data DIR` starts with empty data elsewhere")
            }
            // It says what to do by itself.
            StoreError::Unusable { message } => Self::new("store-unusable", message),
            other => Self::new("store-unusable", other.to_string())
                .help("`--data DIR` keeps the data in another folder"),
        }
    }
}

impl From<ServerError> for Failure {
    fn from(error: ServerError) -> Self {
        let (address, source) = match &error {
            ServerError::Listen { address, source } => (address, source),
            ServerError::Route(_) => return Self::new("conflicting-routes", error.to_string()),
            ServerError::Setting(_) => return Self::new("invalid-setting", error.to_string()),
            ServerError::Tls(_) => return Self::new("tls-unusable", error.to_string()),
        };
        let failure = Self::new("cannot-listen", error.to_string());
        let mut other = *address;
        other.set_port(address.port().checked_add(1).unwrap_or(0));
        match source.kind() {
            std::io::ErrorKind::AddrInUse => failure.help(format!(
                "another process listens there: stop it, or take another port with `--listen {other}` (port 0: any free one)"
            )),
            std::io::ErrorKind::PermissionDenied => failure.help(format!(
                "ports below 1024 are kept for administrators: `--listen {}:8080`",
                address.ip()
            )),
            std::io::ErrorKind::AddrNotAvailable => failure.help(format!(
                "this machine has no address {}: 127.0.0.1 reaches it from itself, 0.0.0.0 from everywhere",
                address.ip()
            )),
            _ => failure,
        }
    }
}
