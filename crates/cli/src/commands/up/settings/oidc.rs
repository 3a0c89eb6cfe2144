//! Tokens and certificates: the provider's clients, issuers of others.

use std::path::{Path, PathBuf};

use accounts::issuers::IssuerSettings;
use accounts::oidc::read_clients;
use clap::Args;
use server::{Failure, OidcSettings};

use super::Printed;

/// Settings about tokens and certificates.
#[derive(Clone, Debug, Default, Args)]
pub struct OidcArguments {
    /// Under which URL clients reach this server: the issuer of its tokens [default: where it
    /// listens]
    #[arg(long, env = "FIRM_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,

    /// A file with clients of the OpenID Connect provider: `{"clients": [..]}`
    #[arg(long, env = "FIRM_OAUTH_CLIENT")]
    #[arg(value_name = "FILE")]
    pub oauth_client: Option<PathBuf>,

    /// An issuer whose tokens are accepted, and for whom they must be (may be repeated)
    #[arg(long, env = "FIRM_ISSUER", value_name = "URL=AUDIENCE", value_delimiter = ',')]
    pub issuer: Vec<String>,

    /// A file with issuers and how their claims are read: `{"issuers": [..]}`
    #[arg(long, env = "FIRM_ISSUERS", value_name = "FILE")]
    pub issuers: Option<PathBuf>,

    /// A name of a client certificate and the actor that it is, for example
    /// `uri:spiffe://shop/warehouse=warehouse` (may be repeated)
    #[arg(long, env = "FIRM_CERTIFICATE", value_name = "NAME=ACTOR", value_delimiter = ',')]
    pub certificate: Vec<String>,
}

impl OidcArguments {
    /// As the server takes them.
    ///
    /// # Errors
    /// A file that cannot be read, or what does not make sense.
    pub fn of_server(&self) -> Result<OidcSettings, Failure> {
        let wrong = |why: String| Failure::new("invalid-identity", why);
        let clients = match &self.oauth_client {
            Some(path) => read_clients(&read(path)?)
                .map_err(|why| wrong(format!("`{}`: {why}", path.display())))?,
            None => Vec::new(),
        };
        let mut issuers: Vec<IssuerSettings> = self
            .issuer
            .iter()
            .map(|text| IssuerSettings::parse(text).map_err(wrong))
            .collect::<Result<_, _>>()?;
        if let Some(path) = &self.issuers {
            let more = IssuerSettings::read(&read(path)?);
            issuers.extend(more.map_err(|why| wrong(format!("`{}`: {why}", path.display())))?);
        }
        let pair = |text: &String| match text.rsplit_once('=') {
            Some((name, actor)) => Ok((name.to_owned(), actor.to_owned())),
            None => Err(wrong(format!("`--certificate {text}` is not NAME=ACTOR"))),
        };
        let certificates = self.certificate.iter().map(pair).collect::<Result<_, _>>()?;
        Ok(OidcSettings { public_url: self.public_url()?, clients, issuers, certificates })
    }

    /// Without a slash at the end.
    fn public_url(&self) -> Result<Option<String>, Failure> {
        let Some(url) = &self.public_url else { return Ok(None) };
        let url = url.trim_end_matches('/');
        let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let plain = |host: &str| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']);
        if host.is_some_and(plain) {
            return Ok(Some(url.to_owned()));
        }
        let why = format!("`--public-url {url}` is not a scheme and a host");
        Err(Failure::new("invalid-identity", why).help("for example `https://api.example.com`"))
    }

    /// As they are printed.
    #[must_use]
    pub fn printed(&self) -> Vec<Printed> {
        let shown = |path: &Option<PathBuf>| {
            path.as_ref().map_or_else(|| "none".to_owned(), |path| path.display().to_string())
        };
        let listed = |all: &[String]| {
            if all.is_empty() { "none".to_owned() } else { all.join(",") }
        };
        vec![
            (
                "public-url",
                self.public_url.clone().unwrap_or_else(|| "where it listens".to_owned()),
            ),
            ("oauth-client", shown(&self.oauth_client)),
            ("issuer", listed(&self.issuer)),
            ("issuers", shown(&self.issuers)),
            ("certificate", listed(&self.certificate)),
        ]
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))
}
