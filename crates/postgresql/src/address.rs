//! Where a database is, and how connections to it are made.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use runtime::store::StoreError;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config};

use crate::connection::{self, Canceller, Connection};
use crate::failure;
use crate::silence;
use crate::tls::{self, Tls, Trust};

/// How long connecting may take, to all hosts together, and cancelling.
const CONNECT: Duration = Duration::from_secs(10);

/// The address of a database, with how to connect.
#[derive(Clone)]
pub(crate) struct Address {
    config: Config,
    tls: Tls,
    /// Whether a pooler gives each transaction another connection: nothing outlives one then.
    pub pooler: bool,
}

impl fmt::Debug for Address {
    /// It may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}

impl Address {
    /// Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=..&sslrootcert=..&pooler=..`.
    ///
    /// # Errors
    /// [`StoreError::Unusable`], which says what is wrong and repeats no secret.
    pub fn parse(url: &str) -> Result<Self, StoreError> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut trust, mut root, mut pooler) = (None, None, false);
        let mut rest = Vec::new();
        for setting in query.split('&').filter(|setting| !setting.is_empty()) {
            match setting.split_once('=') {
                Some(("sslmode", mode)) => trust = Some(mode.to_owned()),
                Some(("sslrootcert", file)) => root = Some(PathBuf::from(file)),
                Some(("pooler", "transaction")) => pooler = true,
                Some(("pooler", "session" | "none")) => {}
                Some(("pooler", _)) => {
                    return Err(unusable("`pooler` is `transaction`, `session` or `none`"));
                }
                _ => rest.push(setting),
            }
        }
        let query = if rest.is_empty() { String::new() } else { format!("?{}", rest.join("&")) };
        let mut config: Config = format!("{base}{query}")
            .parse()
            .map_err(|_| unusable("it is not postgres://USER:PASSWORD@HOST:PORT/DATABASE"))?;
        let local = config.get_hosts().iter().all(|host| !is_tcp(host));
        let trust = match trust.as_deref() {
            None if local => Trust::Off,
            Some("disable") => Trust::Off,
            None | Some("allow" | "prefer") => Trust::Anybody { needed: false },
            Some("require") if root.is_none() => Trust::Anybody { needed: true },
            Some("require" | "verify-ca" | "verify-full") => Trust::Named(root),
            Some(_) => {
                return Err(unusable(
                    "`sslmode` is `disable`, `prefer`, `require` or `verify-full`",
                ));
            }
        };
        config.ssl_mode(match trust {
            Trust::Off => SslMode::Disable,
            Trust::Anybody { needed: false } => SslMode::Prefer,
            Trust::Anybody { needed: true } | Trust::Named(_) => SslMode::Require,
        });
        silence::notice(&mut config);
        if config.get_application_name().is_none() {
            config.application_name("firmitas");
        }
        Ok(Self { config, tls: tls::connector(&trust)?, pooler })
    }

    /// The user that connects, where the address names one.
    pub fn user(&self) -> Option<&str> {
        self.config.get_user()
    }

    /// The same server, and another of its databases.
    pub fn to(&self, database: &str) -> Self {
        let mut other = self.clone();
        other.config.dbname(database);
        other
    }

    /// Opens a connection, whose work is done by a task of the current runtime.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn connect(&self) -> Result<Client, StoreError> {
        let connecting = self.config.connect(self.tls.clone());
        let connected = tokio::time::timeout(CONNECT, connecting).await.map_err(|_| {
            StoreError::Unreachable { message: "it did not answer in time".to_owned() }
        })?;
        let (client, connection) = connected.map_err(|error| match tls::distrust(&error) {
            Some(why) => StoreError::Unreachable { message: why.to_owned() },
            None => failure::plain(&error),
        })?;
        tokio::spawn(async move { drop(connection.await) });
        Ok(client)
    }

    /// Opens a connection that whoever holds it drives.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`].
    pub async fn open(&self) -> Result<Connection, StoreError> {
        let opening = connection::open(&self.config, &self.tls);
        tokio::time::timeout(CONNECT, opening).await.map_err(|_| StoreError::Unreachable {
            message: "it did not answer in time".to_owned(),
        })?
    }

    /// Asks the server to stop what a connection is at.
    pub async fn cancel(canceller: &Canceller) {
        drop(tokio::time::timeout(CONNECT, canceller.cancel()).await);
    }
}

#[cfg(unix)]
const fn is_tcp(host: &tokio_postgres::config::Host) -> bool {
    matches!(host, tokio_postgres::config::Host::Tcp(_))
}

#[cfg(not(unix))]
const fn is_tcp(_: &tokio_postgres::config::Host) -> bool {
    true
}

fn unusable(why: &str) -> StoreError {
    StoreError::Unusable { message: format!("the address of the database is unusable: {why}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_an_address_is_said_without_its_secrets() {
        for wrong in [
            "postgres://me:secret@db:port/x",
            "postgres://me:secret@db/x?sslmode=secret",
            "postgres://me:secret@db/x?pooler=secret",
            "postgres://me:secret@db/x?sslmode=verify-full&sslrootcert=/nowhere",
        ] {
            let said = Address::parse(wrong).unwrap_err().to_string();
            assert!(!said.contains("secret"), "{said}");
        }
        let address = Address::parse("postgres://me:secret@db/x?pooler=transaction").unwrap();
        assert!(address.pooler);
        assert!(!format!("{address:?}").contains("secret"));
    }
}
