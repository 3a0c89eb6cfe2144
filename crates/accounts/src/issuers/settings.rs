//! Which issuers of others are trusted, for what, and how their claims are read.

use std::collections::BTreeMap;

use jsonwebtoken::Algorithm;
use serde::Deserialize;

use crate::oidc::jwt::asymmetric;

/// An issuer of others, as a flag or a file describes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerSettings {
    /// Its URL, just as it stands in `iss`.
    pub issuer: String,
    /// Whom its tokens have to be for (`aud`).
    pub audience: String,
    /// The signatures that are accepted; only those with a public and a private key.
    #[serde(default = "algorithms")]
    pub algorithms: Vec<String>,
    /// Where its keys are, if discovery does not say or names another host.
    #[serde(default)]
    pub jwks_uri: Option<String>,
    /// The claim with the roles: a name, or a path such as `realm_access.roles`.
    #[serde(default = "roles")]
    pub roles_claim: String,
    /// The claim with the id of the tenant that a caller acts for who is no row; none is read if
    /// absent.
    #[serde(default)]
    pub tenant_claim: Option<String>,
    /// The actors that its tokens admit to, if their role is there; all of `auth: user` if absent.
    #[serde(default)]
    pub actors: Option<Vec<String>>,
    /// The clients whose tokens are accepted (`azp`, `client_id`); all if absent.
    #[serde(default)]
    pub authorized_parties: Option<Vec<String>>,
    /// The `typ` that tokens have to have, for example `at+jwt`; any that is none of another
    /// purpose if absent.
    #[serde(default)]
    pub r#type: Option<String>,
    /// Levels of assurance by `acr`.
    #[serde(default)]
    pub assurance: BTreeMap<String, u8>,
    /// The level of tokens that say nothing about it: of an issuer that lets nobody in without.
    #[serde(default)]
    pub assurance_otherwise: Option<u8>,
    /// Difference of clocks that is tolerated, in seconds.
    #[serde(default = "leeway")]
    pub leeway_seconds: u64,
}

fn algorithms() -> Vec<String> {
    ["RS256", "PS256", "ES256", "EdDSA"].map(str::to_owned).to_vec()
}

fn roles() -> String {
    "roles".to_owned()
}

const fn leeway() -> u64 {
    30
}

/// Most issuers.
const MOST: usize = 32;

impl IssuerSettings {
    /// `https://login.example=audience`, all else as it is by default.
    ///
    /// # Errors
    /// One line that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        // An audience may be a URL with `=`; an issuer has no query.
        let (issuer, audience) = text.split_once('=').unwrap_or((text, ""));
        let settings = Self {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            algorithms: algorithms(),
            jwks_uri: None,
            roles_claim: roles(),
            tenant_claim: None,
            actors: None,
            authorized_parties: None,
            r#type: None,
            assurance: BTreeMap::new(),
            assurance_otherwise: None,
            leeway_seconds: leeway(),
        };
        settings.verify()?;
        Ok(settings)
    }

    /// A file of issuers: `{"issuers": [..]}`.
    ///
    /// # Errors
    /// One line that says what is wrong.
    pub fn read(text: &str) -> Result<Vec<Self>, String> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            issuers: Vec<IssuerSettings>,
        }
        let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if file.issuers.len() > MOST {
            return Err(format!("there are more than {MOST} issuers"));
        }
        for settings in &file.issuers {
            settings.verify()?;
        }
        Ok(file.issuers)
    }

    /// Whether it makes sense, and is safe.
    ///
    /// # Errors
    /// One line that says what is wrong.
    pub fn verify(&self) -> Result<(), String> {
        let issuer = &self.issuer;
        trustworthy(issuer)?;
        if issuer.contains(['?', '#']) {
            return Err(format!("the issuer `{issuer}` holds a query or a fragment"));
        }
        if self.audience.is_empty() {
            let example = "https://login.example.com=my-api";
            return Err(format!("the issuer `{issuer}` has no audience: expected `{example}`"));
        }
        if let Some(uri) = &self.jwks_uri {
            trustworthy(uri)?;
        }
        if self.leeway_seconds > 300 {
            return Err(format!("the issuer `{issuer}`: clocks differ by 300 s at most"));
        }
        let known = self.algorithms();
        if known.is_empty() || known.len() != self.algorithms.len() {
            return Err(format!(
                "the issuer `{issuer}`: `algorithms` are EdDSA, ES256, ES384, RS256 to RS512 and \
                 PS256 to PS512"
            ));
        }
        let mut levels = self.assurance.values().chain(&self.assurance_otherwise);
        if levels.any(|level| !(1..=3).contains(level)) {
            return Err(format!("the issuer `{issuer}`: levels of assurance are 1, 2 and 3"));
        }
        Ok(())
    }

    /// The signatures that are accepted.
    #[must_use]
    pub fn algorithms(&self) -> Vec<Algorithm> {
        self.algorithms.iter().filter_map(|name| asymmetric(name)).collect()
    }
}

/// Keys are fetched over TLS, or from this machine.
fn trustworthy(text: &str) -> Result<(), String> {
    let refuse = |why: &str| Err(format!("the issuer `{text}` {why}"));
    let Ok(url) = reqwest::Url::parse(text) else { return refuse("is no URL") };
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("holds credentials");
    }
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    match url.scheme() {
        "https" if url.has_host() => Ok(()),
        "http" if loopback => Ok(()),
        _ => refuse("is reached without TLS"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_safe_issuers_are_taken() {
        let fine = IssuerSettings::parse("https://login.example/realms/a=urn:api").unwrap();
        assert_eq!((&*fine.issuer, &*fine.audience), ("https://login.example/realms/a", "urn:api"));
        assert!(IssuerSettings::parse("http://127.0.0.1:9000=api").is_ok());
        for wrong in [
            "https://login.example",
            "http://login.example=api",
            "http://127.0.0.1.evil.test=api",
            "https://user:secret@login.example=api",
            "https://login.example?tenant=a",
            "ftp://login.example=api",
            "login.example=api",
        ] {
            assert!(IssuerSettings::parse(wrong).is_err(), "{wrong}");
        }
        let of = |algorithm: &str| {
            let issuer = r#""issuer": "https://a.example", "audience": "x""#;
            IssuerSettings::read(&format!(
                r#"{{"issuers": [{{{issuer}, "algorithms": ["{algorithm}"]}}]}}"#
            ))
        };
        assert!(of("ES256").is_ok());
        for wrong in ["HS256", "none", "None", "es256", ""] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
