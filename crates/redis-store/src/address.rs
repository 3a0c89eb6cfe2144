//! Where Redis is.

use std::fmt;

use redis::{Client, IntoConnectionInfo as _};

/// `redis://` or, with TLS, `rediss://`, with user, password and database. Only its host and port
/// are ever shown.
#[derive(Clone)]
pub struct Address {
    client: Client,
}

/// Why a text is no address of Redis. It does not repeat the text, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address of the cache is not redis://HOST:PORT or rediss://HOST:PORT: {0}")]
pub struct InvalidAddress(&'static str);

impl Address {
    /// Reads a URL.
    ///
    /// # Errors
    /// Another scheme, no host, or what is no URL.
    pub fn parse(url: &str) -> Result<Self, InvalidAddress> {
        if !["redis://", "rediss://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(InvalidAddress("it has another scheme"));
        }
        if url.contains('#') {
            // Among others `#insecure`, which would check no certificate.
            return Err(InvalidAddress("it has a fragment"));
        }
        let info = url.into_connection_info().map_err(|_| InvalidAddress("it is no URL"))?;
        let client = Client::open(info).map_err(|_| InvalidAddress("it cannot be used"))?;
        Ok(Self { client })
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.client.get_connection_info().addr())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_no_password() {
        let address = Address::parse("redis://me:secret@127.0.0.1:7000/2").unwrap();
        assert_eq!(format!("{address:?}"), "127.0.0.1:7000");
        for wrong in
            ["", "redis", "http://a", "redis://", "rediss://a:1/#insecure", "redis://a:b:c@d:e"]
        {
            let error = Address::parse(wrong).unwrap_err();
            assert!(!error.to_string().contains("b:c"), "{error}");
        }
    }
}
